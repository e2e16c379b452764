//! Restores a backup, and proves that it did.
//!
//! A backup's files are read twice. First whole, against their hashes, to no effect: what is damaged
//! is found before the target is touched. Then to load them, checked again on the way.
//!
//! Whatever fails, the target is as it was before:
//!
//! - A database that does not exist is made under a name of its own and renamed when it is whole.
//! - An empty one is filled in one transaction.
//! - One that holds something is replaced, if that is allowed, in one transaction too: its schemas
//!   are renamed, the backup's made in their place, and only the commit shows it to anybody.
//!
//! Before the commit all rows are read back and their sums compared with the manifest's.
//!
//! | room | purpose |
//! |---|---|
//! | `scratch` | proves that a backup restores, in a database made for that |
//! | `new_database`, `made` | into a database that does not exist yet |
//! | `existing` | into one that does |
//! | `swap`, `meanwhile`, `aside` | old schemas out of the way, what is written to them, new ones in their place |
//! | `load`, `verify` | rows in, rows back |
//! | `definitions` | whether what came of the definitions is what the archive says |
//! | `target` | what is in the database, which roles the server has |
//! | `plan`, `owner` | pure: what runs in which order, and whose it is |
//! | `command` | pure: how to do the same with PostgreSQL's own programs |
//! | `source`, `options`, `progress`, `error`, `session` | what goes in, what comes out |
//!
//! Imports run down this table only.

mod aside;
mod command;
mod definitions;
mod error;
mod existing;
mod load;
mod made;
mod meanwhile;
mod new_database;
mod options;
mod owner;
mod plan;
mod progress;
#[cfg(test)]
mod samples;
mod scratch;
mod session;
mod source;
mod swap;
mod target;
mod verify;

pub use command::{Place, plain_commands};
pub use error::RestoreError;
pub use options::{Definitions, Options, Roles};
pub use plan::PlanError;
pub use progress::{Progress, Stage};
pub use scratch::{Sweep, prove, sweep};
pub use source::{Backup, Content, Failure};
pub use verify::{Difference, Verification, verify};

use crate::database::Server;

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version of the server that it went to.
    pub server_version: String,
    /// What kind of database it went into.
    pub place: Place,
    /// What became of reading the rows back; `None` when that was not asked for.
    pub verification: Option<Verification>,
    /// How many definitions were compared with the backup's; `None` when they were not.
    pub definitions: Option<usize>,
    /// Schemas that hold what was there before, under other names.
    pub kept: Vec<String>,
    /// What a person should know about it.
    pub notices: Vec<String>,
}

/// Restores `backup` into `database`, which is made if the server has none of this name.
pub async fn restore<C: Content>(
    backup: &Backup<'_, C>,
    server: &Server,
    database: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    match server.connect_to(database).await? {
        Some(connection) => existing::restore(backup, &connection, options, progress).await,
        None => new_database::restore(backup, server, database, options, progress).await,
    }
}
