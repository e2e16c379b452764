//! The backups that exist in the store: listed, checked, downloaded, held and deleted.
//!
//! | module | purpose |
//! |---|---|
//! | `verify`, `download`, `copy` | compares the stored files with the manifest; writes them to a folder, or to another store |
//! | `walk` | reads the files, for these three |
//! | `prune` | deletes the backups that no rule keeps |
//! | `newest`, `summaries` | the dates of the newest backups; each backup in a few values |
//! | `sweep` | deletes the remains of killed exports |
//! | `lease` | keeps a backup from being pruned while it is read |
//! | `source_backups` | the backups of one source |
//! | `marks` | the files beside a backup: verified, held, in use |
//! | `retention` | pure: which backups stay, and why |
//! | `error` | why the store could not be used |

mod copy;
mod download;
mod error;
mod lease;
mod marks;
mod newest;
mod prune;
pub mod retention;
mod source_backups;
mod summaries;
mod sweep;
mod verify;
mod walk;

pub(super) use copy::CopyLimit;
pub use error::StoreError;
pub use marks::{Compared, Files, Hold, Seconds, VERIFIED, Verified};
pub(super) use newest::{Newest, NewestOf};
pub use prune::{Pruned, Pruning, Rules};
pub use source_backups::{Listed, Selection, SourceBackups, Stored};
pub use summaries::{BackupSummary, Summaries};
pub use sweep::Swept;
