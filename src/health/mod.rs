//! `/health` for operations, as `application/health+json` (draft-inadarei-api-health-check), and
//! `/health/live`, which checks nothing.
//!
//! Each feature contributes a [`Check`]. A report is cached for a few seconds, so that probes from many places
//! share one query.

mod check;
mod database;
mod report;
mod routes;
mod timers;

pub use check::{Check, Finding, Status};
pub use database::DatabaseCheck;
pub use report::{Health, Report};
pub use routes::{full, live};
pub use timers::{TimerCheck, WatchedTimer};
