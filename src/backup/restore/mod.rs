//! Restores a backup, and proves that it did.
//!
//! A backup's files are read twice. First whole, against their hashes, so that damage is found before
//! anything is made. Then to load them, checked again.
//!
//! A restore deletes nothing (`docs/architecture.md`): a temporary database is loaded, verified and renamed. An
//! empty database that exists is filled in one transaction instead, for roles that may not create databases.
//!
//! A restore has four steps, each a module: plan, load, prove, rename.
//!
//! | module | purpose |
//! |---|---|
//! | `beside`, `in_place`, `drill` | the ways to restore: beside the target, into an empty database, only to prove it |
//! | `rename` | **rename**: the temporary database gets the target's name |
//! | `temporary` | the database that is made, filled, and then renamed or dropped |
//! | `load` | **load**: definitions and rows in |
//! | `prove` | **prove**: rows and definitions read back |
//! | `plan` | **plan**: everything that is decided and checked before anything is made |
//! | `maintenance` | the connection beside the target |
//! | `session` | connections that are ready |
//! | `source`, `report` | input and output |
//! | `options`, `names` | the choices; the names of the databases that a restore makes |
//! | `error` | why a restore failed |
//!
//! Imports run down this table only; a test reads them.

mod beside;
mod drill;
mod error;
mod in_place;
mod load;
mod maintenance;
pub(super) mod names;
mod options;
mod plan;
mod prove;
mod rename;
mod report;
mod session;
mod source;
mod temporary;

pub use drill::{Sweep, prove, sweep};
pub use error::{Failure, RestoreError};
pub use options::{Bounds, Options, Roles, Superusers};
pub use report::{Place, Report, Verification};
pub use source::{Backup, Content};

use super::Progress;
use crate::database::Server;
use plan::Target;
use source::Job;

/// Restores `backup` to the database of this name.
pub async fn restore(
    backup: &Backup<'_>,
    server: &Server,
    database: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let job = Job {
        backup,
        server,
        options,
        progress,
    };
    if let Some(session) = session::connect_if_exists(server, database).await? {
        maintenance::lock(&session, database).await?;
        let target = Target::read(&session).await?;
        if target.is_empty() {
            return in_place::fill(&job, &session, &target).await;
        }
        target.may_be_replaced(options)?;
    }
    beside::restore(&job, database).await
}
