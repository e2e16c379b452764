//! Restores a backup, and proves that it did.
//!
//! A backup's files are read twice. First whole, against their hashes: what is damaged is found before
//! anything is made. Then to load them, checked again.
//!
//! A restore deletes nothing. It loads a temporary database, verifies all rows there, and renames it:
//! one transaction gives it the target's name and the database that had it another one. Until then
//! applications keep the old database with everything they write; after it they get the new one.
//! Whatever dies at any moment, one of the two has the name. An empty database that exists is filled
//! in one transaction instead, for roles that may not create databases.
//!
//! The four steps of a restore, plan, load, prove and rename, are modules of their own:
//!
//! | module | purpose |
//! |---|---|
//! | `beside`, `in_place`, `drill` | the ways to restore: beside the target, into an empty database, only to prove it |
//! | `temporary` | the database that is made, filled, and then renamed or dropped |
//! | `load`, `left_out` | **load**: definitions and rows in, and what does not go in |
//! | `verify`, `definitions` | **prove**: rows and definitions read back |
//! | `rename` | **rename**: the temporary database gets the target's name |
//! | `prepare`, `privileges` | **plan**: what is settled and checked before anything is made |
//! | `maintenance`, `target` | the connection beside the target; what is in the target |
//! | `session`, `queue` | a connection made ready; work that connections share |
//! | `job`, `options`, `progress` | what each step needs |
//! | `error` | why a restore failed |
//! | `plan`, `phase`, `consistency`, `guests`, `roles`, `owner`, `scope`, `step` | pure: what runs in which order, and whose it is |
//! | `names` | pure: the databases that a restore makes |
//! | `source`, `report` | what goes in, what comes out |
//!
//! Imports run down this table only; a test reads them.

mod beside;
mod consistency;
mod definitions;
mod drill;
mod error;
mod guests;
mod in_place;
mod job;
mod left_out;
mod load;
mod maintenance;
pub(super) mod names;
mod options;
mod owner;
mod phase;
mod plan;
mod prepare;
mod privileges;
mod progress;
mod queue;
mod rename;
mod report;
mod roles;
#[cfg(test)]
mod samples;
mod scope;
mod session;
mod source;
mod step;
mod target;
mod temporary;
mod verify;

pub use consistency::PlanError;
pub use drill::{Sweep, prove, sweep};
pub use error::RestoreError;
pub use options::{Bounds, Options, Roles, Superusers};
pub use progress::Progress;
pub use report::{Difference, Place, Report, Verification};
pub use source::{Backup, Content, Failure};
pub use verify::verify;

use crate::database::Server;
use job::Job;
use target::Target;

/// Restores `backup` to the database of this name.
pub async fn restore<C: Content>(
    backup: &Backup<'_, C>,
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
    if let Some(session) = server.connect_to(database).await? {
        session::prepare(&session).await?;
        maintenance::lock(&session, database).await?;
        let target = Target::read(&session).await?;
        if target.is_empty() {
            return in_place::fill(&job, &session, &target).await;
        }
        target.may_be_replaced(options)?;
    }
    beside::restore(&job, database).await
}
