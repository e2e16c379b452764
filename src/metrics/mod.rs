//! `GET /metrics`: the state of the program and of its features, in Prometheus's text format.
//!
//! The numbers of this process (requests, creations, the pool) are counters that their modules keep. The numbers
//! of the database, the store and the schedule are read for each response, within a deadline. A part that cannot
//! be read has no series in the response, and `magnusapi_part_up` is 0 for it.
//!
//! Labels have few values: functions, statuses, the checks of `/health`, and the names of the configuration.
//!
//! | module | purpose |
//! |---|---|
//! | `routes` | `/metrics` over HTTP |
//! | `sources` | reads all numbers |
//! | `process`, `operations` | series of this process; series of timers, checks, backups and sizes |
//! | `families` | series by name |

mod families;
mod operations;
mod process;
mod routes;
mod sources;

pub use routes::metrics;
pub use sources::Metrics;
