//! A local Functions host for custom handlers: for tests, and for people without `func`.
//!
//! It starts the handler, sends it HTTP requests and timer invocations, and treats what comes back
//! as the Azure Functions host does: the same bytes out, the same judgement of replies, the same
//! rules for crashes. It knows nothing of the app it runs but what [`funcapp`] reads.
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
//! | room | purpose |
//! |---|---|
//! | `main.rs` | arguments, a table of functions, the log, signals |
//! | [`host`](Host) | starts and stops everything |
//! | `http` | requests from outside: routes, keys, proxying, forwarding, `/admin` |
//! | [`timer`](TimerResult) | schedules, the envelope, what a reply means |
//! | `shared` | what the tasks of one host share |
//! | `handler` | the child process: start, readiness, crash, restart, console |
//! | `client` | connections to the handler |
//! | [`options`](HostOptions) | what a host is started with |
//! | [`call`](TimerCall) | what a run of a timer is started with |
//! | [`log`](HostLog) | records of all of the above |
//!
//! Imports run down this table only.
//!
//! # Where it departs from the real host
//!
//! Known, and meant:
//!
//! - A reply that would hang the real host until functionTimeout (empty, 204, `null`) is reported
//!   at once as [`TimerResult::Hang`], and the handler lives on.
//! - A mistake that makes the real host answer 503 to everything (host.json, a route that does not
//!   parse, two folders that differ in case) is an error of the start.
//! - An app without functions is an error. The real host runs, without a handler.
//! - A handler that cannot be executed is an error of the start, and the end of a restart.
//! - JSON payload mode is not there: such a request gets 500, and the log says why. Neither are
//!   triggers other than HTTP and timer, nor output bindings: outputs are judged, then only
//!   returned by [`Host::invoke_timer`].
//! - `POST /admin/functions/<name>` runs timers only (501 for an HTTP function), and no other
//!   `/admin` path exists. The status that a manual run carries is made up from the schedule.
//! - Timers' runs are remembered in a folder or not at all, with the schedule beside them, and by
//!   one host only: no lease.
//! - functionTimeout is five minutes where host.json has none, and ends an HTTP invocation only
//!   until the head of its response is there. Of proxying, the 240 s without bytes, upgrades
//!   (WebSocket) and HTTP/2 are missing; of both modes, the limit of 100 MB, throttling, HSTS.
//! - The port of the handler is drawn from 20000 to 31999, below the system's range for outgoing
//!   connections, so that hosts side by side do not take each other's.
//! - `logging`, `customHandler.http.routes` and configuration profiles are not read.
//! - If this process is killed with SIGKILL, the handler is left behind; then nobody is there to
//!   kill it.
//!
//! As in the real host, and easily taken for a mistake: the handler is only ever ended by SIGKILL;
//! it is started again at the same port, at once, and without limit while it exits with 0 or 200;
//! processes that it started itself are left alone.

mod call;
mod client;
mod handler;
mod host;
mod http;
mod log;
mod options;
mod shared;
mod timer;

pub use call::{Framing, Recorded, RetryContext, ScheduleStatus, TimerCall, TimerInfo};
pub use handler::{HostFailure, LaunchError};
pub use host::{Host, StartError};
pub use log::{HostLog, Level, OnLog, Source};
pub use options::{HostOptions, Keys};
pub use timer::{Failure, Output, TimerResult};
