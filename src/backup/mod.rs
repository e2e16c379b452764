//! Backups of Postfacto's databases that prove they restore.
//!
//! An export reads one snapshot of a database into PostgreSQL's own directory archive, which stock
//! `pg_restore` reads without this program. A backup is one only when its manifest is there: it is
//! written last, and nothing is ever overwritten.
//!
//! | module | purpose |
//! |---|---|
//! | `session` | what every session is told first that reads or writes rows |
//! | `catalog` | what a database holds, as entries of an archive; and what it would not carry |
//! | `settings`, `source`, `keep` | what is backed up, where to, and how long it stays |
//! | `id`, `depot`, `marks`, `lease` | the backups of a source in the store, and what stands beside them |
//! | `retention`, `prune` | which ones stay and why; deleting the others |
//! | `verify`, `download` | whether the files are those that were stored; having them here |
//! | `backups` | what every door calls: create, drill, verify, prune |
//! | `restoring` | a stored backup into a database |
//! | `timers`, `health`, `cli` | the doors |
//! | `restore` | a backup into a database, and the proof that it is all there |

mod backups;
pub mod catalog;
pub(crate) mod cli;
mod depot;
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
mod timers;
mod verify;

pub use backups::{Backups, CreateError, DrillError, StoreError, Trial};
pub use depot::{Depot, DepotError, Selection, Stored};
pub use download::DownloadError;
pub use health::BackupCheck;
pub use id::{BackupId, BackupIdError};
pub use keep::{Keep, KeepError};
pub use marks::{Hold, Verified};
pub use prune::{Pruned, Pruning};
pub use restoring::{Restored, RestoringError};
pub use settings::{AgeLimits, STORE, Settings, SettingsError};
pub use source::{Source, SourceError, SourceName};
pub use timers::{BackupTimer, DRILL, DrillTimer, EXPORT};
pub use verify::Damage;
