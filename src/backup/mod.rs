//! Backups of Postfacto's databases, and the proof that they restore.
//!
//! An export writes one snapshot of a database as PostgreSQL's own directory archive, which stock
//! `pg_restore` reads without this program. A backup exists when its manifest exists: the manifest is stored
//! last, and nothing is ever overwritten.
//!
//! | module | purpose |
//! |---|---|
//! | `cli`, `health` | entry points: the operator's verbs; the ages of the backups |
//! | `days` | the outcome of the backups of each day |
//! | `timers` | entry points: the timer functions |
//! | `copies` | the copies in the second location |
//! | `newest` | the newest backups of a source |
//! | `backups` | the operations that every entry point calls: create, drill, prune |
//! | `restoring` | a stored backup into a database |
//! | `restore` | a backup into a database, and the proof that it is complete |
//! | `store` | the backups that exist: list, retention, holds, checks, download |
//! | `export` | a database's snapshot into the store |
//! | `work_queue`, `progress`, `mismatch` | work that sessions share; its progress; differences from the backup |
//! | `catalog` | the objects of a database as entries of an archive, and those that no entry carries |
//! | `settings` | the settings |
//! | `session` | the settings of every session that reads or writes rows |
//!
//! The archive's bytes, the manifest and the encryption are in the crate `pgarchive`.

mod backups;
pub mod catalog;
pub(crate) mod cli;
mod copies;
mod days;
pub mod export;
mod health;
mod mismatch;
mod newest;
mod progress;
pub mod restore;
mod restoring;
mod session;
mod settings;
pub mod store;
mod timers;
mod work_queue;

pub use backups::{Backups, Trial};
pub use copies::Copies;
pub use days::Days;
pub use health::BackupCheck;
pub use mismatch::Mismatch;
pub use newest::SourceNumbers;
pub use progress::Progress;
pub use settings::{
    AgeLimits, COPY_STORE, DrillAfter, Keep, Location, STORE, Settings, Source, SourceName,
};
pub use store::retention::State as BackupState;
pub use store::{
    BackupSummary, Hold, Pruned, Pruning, Selection, SourceBackups, StoreError, Stored, Verified,
};
pub use timers::{COPY, DRILL, EXPORT, Ending, SourceTimer};
