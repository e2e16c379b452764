//! Backups of Postfacto's databases that prove they restore.
//!
//! An export reads one snapshot of a database into PostgreSQL's own directory archive, which stock
//! `pg_restore` reads without this program. A backup is one only when its manifest is there: it is
//! written last, and nothing is ever overwritten.
//!
//! | module | purpose |
//! |---|---|
//! | `timers`, `health`, `cli` | the entries |
//! | `backups` | the operations that every entry calls: create, drill, verify, prune |
//! | `restoring` | a stored backup into a database |
//! | `verify`, `download` | checks the stored files; copies them here |
//! | `prune` | deletes the backups that retention does not keep |
//! | `settings` | the settings |
//! | `source_backups` | the backups of one source in the store |
//! | `retention`, `keep` | which backups stay and why, and the rules for it |
//! | `export` | a database's snapshot into the store |
//! | `marks`, `lease` | the files beside a backup: verified, held, in use |
//! | `restore` | a backup into a database, and the proof that it is complete |
//! | `source`, `id` | the names of databases and of backups |
//! | `catalog` | the objects of a database as entries of an archive, and those that no entry carries |
//! | `session` | the settings of every session that reads or writes rows |
//!
//! The archive's bytes, the manifest and the encryption are in the crate `pgarchive`.

mod backups;
pub mod catalog;
pub(crate) mod cli;
mod download;
pub mod export;
mod health;
mod id;
mod keep;
mod lease;
mod marks;
mod prune;
pub mod restore;
mod restoring;
pub mod retention;
mod session;
mod settings;
mod source;
mod source_backups;
mod timers;
mod verify;

pub use backups::{Backups, CreateError, DrillError, StoreError, Trial};
pub use download::DownloadError;
pub use health::BackupCheck;
pub use id::{BackupId, BackupIdError};
pub use keep::{Keep, KeepError};
pub use marks::{Hold, Verified};
pub use prune::{Pruned, Pruning};
pub use restoring::{Restored, RestoringError};
pub use settings::{AgeLimits, STORE, Settings, SettingsError};
pub use source::{Source, SourceError, SourceName};
pub use source_backups::{Selection, SourceBackups, SourceBackupsError, Stored};
pub use timers::{BackupTimer, DRILL, DrillTimer, EXPORT};
pub use verify::Damage;
