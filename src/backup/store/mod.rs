//! The backups that exist in the store: listed, checked, downloaded, held and deleted.
//!
//! | module | purpose |
//! |---|---|
//! | `download`, `prune` | copies a backup to a folder; deletes the backups that no rule keeps |
//! | `verify` | compares the stored files with the manifest |
//! | `sweep` | deletes the remains of killed exports |
//! | `lease` | keeps a backup from being pruned while it is read |
//! | `source_backups` | the backups of one source |
//! | `marks` | the files beside a backup: verified, held, in use |
//! | `retention` | pure: which backups stay, and why |

mod download;
mod lease;
mod marks;
mod prune;
pub mod retention;
mod source_backups;
mod sweep;
mod verify;

pub use download::DownloadError;
pub use marks::{Compared, Hold, Seconds, VERIFIED, Verified};
pub use prune::{Pruned, Pruning};
pub use source_backups::{Files, Listed, Selection, SourceBackups, SourceBackupsError, Stored};
pub use sweep::{Kept, Swept, sweep};
