//! The custom-handler protocol of the Azure Functions host, for timers.
//!
//! The host posts an envelope to `/<function>` and takes the answer's status and `Logs`. That is
//! an adapter ([`routes`]) around [`Timers::invoke`], which takes an [`Invocation`] and answers an
//! [`Outcome`] and knows nothing of HTTP, so that another transport can call it too.
//!
//! [`Timetable`] says what the host does with the timers, and [`parent_ended`] when the host has ended.

mod envelope;
mod invocation;
mod limit;
mod parent;
mod payload;
mod routes;
mod timers;
mod timetable;

pub use envelope::{EnvelopeError, parse};
pub use invocation::{Invocation, Outcome, Retry};
pub use limit::deadline;
pub use parent::parent_ended;
pub use payload::payload_mode;
pub use routes::routes;
pub use timers::{Timer, Timers};
pub use timetable::Timetable;
