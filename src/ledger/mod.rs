//! The ledger: which runs of a timer function there were, so that each slot is worked on once.
//!
//! The host may call a timer twice, late, by hand while it runs, or on two machines, and may kill
//! the process that runs it. So a run begins with a [claim](Ledger::claim) and ends with an
//! [outcome](Run::finish), both in the table `function_run`, one row for each function and slot. One
//! lock for each function guards its runs: while it is held, one works; when it is free and the row
//! has no outcome, its holder died, and the next claim takes the slot over. A slot that succeeded is
//! not worked on again; one that failed is, when the host calls again. [`Ledger::recent`] says how the
//! last runs ended.
//!
//! Rows of more than 90 days are deleted by the way.

mod claim;
mod once;
mod recent;
mod slot;

pub use claim::{Claim, Finished, Holder, Ledger, Run, Verdict};
pub use once::Work;
pub use recent::{Recent, RecentRuns, State};
pub use slot::slot;
