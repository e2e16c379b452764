//! A local Functions host for custom handlers, for tests and for developers without `func`.
//!
//! It starts the handler, sends it HTTP requests and timer invocations, and treats the responses as
//! the Azure Functions host does: it sends the same bytes, and has the same rules for replies and for crashes. It reads
//! its app only through [`funcapp`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use devhost::{Host, HostOptions, TimerCall};
//!
//! let options = HostOptions::new("target/app").setting("SCALE_SCHEDULE", "0 * * * * *");
//! let host = Host::start(options).await?;
//! host.ready().await?;
//! let result = host.invoke_timer("scale", TimerCall::default()).await;
//! assert!(result.is_success(), "{result:?}");
//! host.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! | module | purpose |
//! |---|---|
//! | [`host`](Host) | starts and stops everything |
//! | `http` | requests from outside: routes, keys, proxying, `/admin` |
//! | `job` | job hosts: each reads the app, and has its own handler and timers |
//! | `site` | the part of a host that outlives its job hosts |
//! | `files` | the files of the app whose change restarts it |
//! | [`timer`](TimerResult) | schedules, the envelope, the meaning of a reply |
//! | `shared` | the state that the tasks of one job host share |
//! | `handler` | the child process: start, readiness, crash, restart, console |
//! | `client` | connections to the handler |
//! | `wire` | HTTP/1.1, byte for byte |
//! | [`options`](HostOptions) | the options that a host starts with |
//! | [`call`](TimerCall) | the parameters of a timer's run |
//! | [`log`](HostLog) | records of all of the above |
//!
//! Imports run down this table only.
//!
//! # Differences from the real host
//!
//! Recordings of the real host, version 4.1037, are in `tests/devhost/recordings`. The tests play each of
//! them, and list the cases in which this host differs, each with its reason. Other differences:
//!
//! - A reply that would hang the real host until functionTimeout (empty, 204, `null`) is reported
//!   at once as [`TimerResult::Hang`], and the handler keeps running.
//! - A fault for which the real host responds to every request with 503 (a mistake in host.json, a route that does not
//!   parse, two folders that differ in case) is an error at the start. So is an app without functions.
//! - Only request proxying is implemented: requests for a function that would get them in another form (forwarding, or
//!   JSON payloads) get 500, and the log names the remedy. There are no triggers other than HTTP and timer, and no output
//!   bindings: outputs are checked and dropped.
//! - Timers' runs are recorded in a folder or not at all, with their schedule, and by one host only: there is no storage
//!   account, no lease and no takeover.
//! - functionTimeout is five minutes if host.json has none.
//! - A handler that exits with 0 is started again, as by hosts since January 2026; 4.1037 does not
//!   start it again.
//! - The program `devhost` exits with 1 when it gives up; the real host exits with 0.
//! - HTTP/2 and HTTPS are missing, and so are throttling and HSTS. The host adds no `Date` and no
//!   `Server`.
//! - The port of the handler is a random one from 20000 to 31999, below the system's range for outgoing connections, so
//!   that parallel hosts do not take the port of each other.
//! - If this process is killed with SIGKILL, the handler keeps running, as with the real host.

mod call;
mod client;
mod files;
mod handler;
mod host;
mod http;
mod job;
mod log;
mod options;
mod shared;
mod site;
mod timer;
mod wire;

pub use call::{Framing, Recorded, RetryContext, ScheduleStatus, TimerCall};
pub use handler::HostFailure;
pub use host::Host;
pub use job::StartError;
pub use log::{HostLog, Level, OnLog, Source};
pub use options::{Cors, HostOptions, Keys, Limits};
pub use timer::{Failure, TimerResult};
