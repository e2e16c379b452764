//! The ledger: the runs of the timer functions, so that each slot is executed once.
//!
//! The host may call a timer twice, late, by hand while it runs, or on two machines, and may kill the process
//! that runs it. So a run begins with a [claim](Ledger::claim) and ends with a [result](Run::finish). Both are
//! in the table `function_run`, which has one row for each function and slot. Each function has one lock,
//! which its run holds. If the lock is free and the row has no result, the process died, and the next claim
//! takes the slot over. A slot that succeeded is not executed again; a slot that failed is, when the host calls
//! again. [`Ledger::recent`] returns the last runs of some functions, [`Ledger::last`] those of all, and
//! [`Ledger::histories`] also the slots that no run covers.
//!
//! Claims also delete rows that are older than 90 days.

mod claim;
mod history;
mod once;
mod recent;
mod results;
mod slot;

pub use claim::{Claim, Finished, Holder, Ledger, Run, RunResult};
pub use history::{History, Scheduled};
pub use once::Work;
pub use recent::{RecentRun, RecentRuns, RunState};
pub use results::{PastRun, RunTotals};
pub use slot::slot;
