//! The custom-handler protocol of the Azure Functions host, for timers.
//!
//! The host posts an envelope to `/<function>` and reads the status and `Logs` of the response. [`invoke`] is
//! the HTTP adapter of [`Timers::invoke`], which takes an [`Invocation`], returns an [`Outcome`], and does not
//! depend on HTTP, so that another transport can call it too.
//!
//! [`Timetable`] has the host's view of the timers, and [`parent_ended`] completes when the host has ended.

mod envelope;
mod invocation;
mod limit;
mod parent;
mod payload;
mod routes;
mod timers;
mod timetable;

pub use envelope::{EnvelopeError, parse};
pub use invocation::{Handling, Invocation, Outcome};
pub use limit::deadline;
pub use parent::parent_ended;
pub use payload::{reject_unproxied, unproxied};
pub use routes::invoke;
pub use timers::{Companion, Timer, Timers};
pub use timetable::Timetable;
