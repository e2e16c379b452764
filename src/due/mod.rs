//! The second clock: `POST /run-due` runs the timer functions whose slots the host did not call, or whose last
//! run failed.
//!
//! The Functions host is the first clock. This one works from the ledger and the schedules alone, so any client
//! may call it, at any time and as often as it wants: a slot that succeeded, or that is running, is not executed
//! again, whichever clock delivered it.
//!
//! One run makes up for all slots that a function missed, because each function brings about the state of now:
//! sizes of the instant, a backup of today's rows. The run takes the oldest of these slots, which the host
//! delivers too when it comes back: then the ledger finds it finished.
//!
//! A run continues after its response, and a graceful stop waits for it. If the process is killed, the next call
//! repeats the run.
//!
//! | module | purpose |
//! |---|---|
//! | `routes` | `POST /run-due` |
//! | `runs` | runs the slots, oldest first, until the time is over |
//! | `plan` | whether a function must run, and for which slot; pure |
//! | `report` | the result, for programs |

mod plan;
mod report;
mod routes;
mod runs;

pub use report::{Found, FunctionReport, Report, RunOutcome};
pub use routes::run_due;
pub use runs::{DueRuns, Request};
