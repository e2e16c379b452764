//! `/health`: what operations must know, as `application/health+json`
//! (draft-inadarei-api-health-check), and `/health/live`, which touches nothing.
//!
//! Features contribute a [`Check`] each. Their results are kept for a few seconds, so that probes
//! from many places cost one query now and then.

mod check;
mod database;
mod report;
mod routes;
mod timers;

pub use check::{Check, Finding, Status};
pub use database::DatabaseCheck;
pub use report::{Health, Report};
pub use routes::routes;
pub use timers::{TimerCheck, WatchedTimer};
