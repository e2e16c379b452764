//! Timers: the envelope that starts a run, the judgement of the reply, and the schedule.
//!
//! | module | purpose |
//! |---|---|
//! | `scheduled` | one task per timer: past-due, run on startup, the next run |
//! | `run` | one run: envelope out, reply in, functionTimeout |
//! | `record` | the record of a timer's runs |
//! | `reply` | pure: the meaning of a reply |
//! | `envelope` | pure: the JSON that the host posts |

mod envelope;
mod record;
mod reply;
mod run;
mod scheduled;

pub use reply::{Failure, TimerResult};
pub(crate) use run::{run, run_manually};
pub(crate) use scheduled::run_by_schedule;
