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
//! | room | purpose |
//! |---|---|
//! | `drill` | proves that a backup restores, in a database that is dropped again |
//! | `beside` | into a temporary database that is then renamed |
//! | `in_place` | into an empty database that exists |
//! | `rename`, `temporary` | the temporary database: its name at last; making, filling, dropping it |
//! | `load`, `queue`, `left_out`, `verify` | definitions and rows in, what does not go in, rows back |
//! | `definitions` | whether what came of the definitions is what the archive says |
//! | `prepare`, `privileges` | what is settled and checked before anything is made |
//! | `target`, `maintenance` | what is in the database; the connection beside it |
//! | `plan`, `guests`, `owner`, `names` | pure: what runs in which order, whose it is, what names it gets |
//! | `command` | pure: how to do the same with PostgreSQL's own programs |
//! | `source`, `options`, `progress`, `error`, `session` | what goes in, what comes out |
//!
//! Imports run down this table only.

mod beside;
mod command;
mod definitions;
mod drill;
mod error;
mod guests;
mod in_place;
mod left_out;
mod load;
mod maintenance;
mod names;
mod options;
mod owner;
mod plan;
mod prepare;
mod privileges;
mod progress;
mod queue;
mod rename;
#[cfg(test)]
mod samples;
mod session;
mod source;
mod target;
mod temporary;
mod verify;

pub use command::{Address, Place, going_back, plain_commands};
pub use drill::{Sweep, prove, sweep};
pub use error::RestoreError;
pub use options::{Bounds, Definitions, Options, Roles};
pub use plan::PlanError;
pub use privileges::is_not_superuser;
pub use progress::{Progress, Stage};
pub use source::{Backup, Content, Failure};
pub use verify::{Difference, Verification, verify};

use crate::database::Server;
use target::Target;

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version of the server that it went to.
    pub server_version: String,
    /// What kind of database it went into.
    pub place: Place,
    /// The owner that a database got which was made.
    pub owner: Option<String>,
    /// The comparison of the rows; `None` when that was not asked for.
    pub verification: Option<Verification>,
    /// How many definitions were compared with the backup's; `None` when they were not.
    pub definitions: Option<usize>,
    /// What could not be restored; empty unless the restore was to go on.
    pub left_out: Vec<String>,
    /// What a person should know about it.
    pub notices: Vec<String>,
}

/// Restores `backup` to the database of this name.
pub async fn restore<C: Content>(
    backup: &Backup<'_, C>,
    server: &Server,
    database: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let Some(session) = server.connect_to(database).await? else {
        return beside::restore(backup, server, database, false, options, progress).await;
    };
    session::prepare(&session).await?;
    maintenance::lock(&session, database).await?;
    let target = Target::read(&session).await?;
    if target.is_empty() {
        return in_place::fill(backup, session, &target, options, progress).await;
    }
    target.may_be_replaced(options)?;
    drop(session);
    beside::restore(backup, server, database, true, options, progress).await
}
