//! A local Functions host for custom handlers: for tests, and for people without `func`.
//!
//! It starts the handler, sends it HTTP requests and timer invocations, and treats the responses as
//! the Azure Functions host does: the same bytes out, the same judgement of replies, the same rules
//! for crashes. It knows of its app only what [`funcapp`] reads.
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
//! # Rooms, from the door inwards
//!
//! | module | purpose |
//! |---|---|
//! | [`host`](Host) | starts and stops everything |
//! | `http` | requests from outside: routes, keys, proxying, `/admin` |
//! | `job` | job hosts: each reads the app, with a handler and timers of its own |
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
//! # Where it departs from the real host
//!
//! Recordings of the real host, version 4.1037, are in `tests/recordings`. The tests play each of
//! them, and list the cases in which this host does something else, each with its reason. Besides:
//!
//! - A reply that would hang the real host until functionTimeout (empty, 204, `null`) is reported
//!   at once as [`TimerResult::Hang`], and the handler lives on.
//! - At the start, what makes the real host respond with 503 to everything (a mistake in host.json,
//!   a route that does not parse, two folders that differ in case) is an error. So are an app
//!   without functions and a handler that cannot be executed.
//! - Only request proxying is there: a function that would get its requests in another form
//!   (forwarding, or JSON payloads) gets 500, and the log says what to do. Triggers other than HTTP
//!   and timer are not there, nor output bindings: outputs are judged and dropped.
//! - Timers' runs are remembered in a folder or not at all, with the schedule beside them, and by
//!   one host only: no storage account, no lease, no takeover.
//! - functionTimeout is five minutes where host.json has none.
//! - A handler that exits with 0 is started again, as by hosts since January 2026; 4.1037 keeps it
//!   dead.
//! - The program `devhost` exits with 1 when it gives up; the real host exits with 0.
//! - HTTP/2 and HTTPS are missing, and so are throttling and HSTS. The host adds no `Date` and no
//!   `Server`.
//! - The port of the handler is drawn from 20000 to 31999, below the system's range for outgoing
//!   connections, so that hosts side by side do not take each other's.
//! - If this process is killed with SIGKILL, the handler is left behind, as by the real host.

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

pub use call::{Framing, Recorded, RetryContext, ScheduleStatus, TimerCall, TimerInfo};
pub use handler::{HostFailure, LaunchError};
pub use host::Host;
pub use job::StartError;
pub use log::{HostLog, Level, OnLog, Source};
pub use options::{Cors, HostOptions, Keys, Limits};
pub use timer::{Failure, TimerResult};
