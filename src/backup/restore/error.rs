//! Why a restore did not happen.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use super::plan::PlanError;
use super::source::Failure;
use super::verify::Difference;
use crate::database::{self, server_message};

/// Why a restore did not happen. The target is as it was before, unless it says otherwise.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The backup is not whole.
    #[error(
        "the backup is damaged: {0}; restore another one, or bring the file back from a copy of the \
         storage"
    )]
    Damaged(#[source] Failure),
    /// Its parts do not fit.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No connection.
    #[error("the target cannot be reached: {0}")]
    Unreachable(String),
    /// The target holds something.
    #[error(
        "database {database} is not empty: {holds}; restore into a database that does not exist yet, \
         or replace what is there with --replace"
    )]
    Occupied {
        /// The target.
        database: String,
        /// Its schemas, and how much is in them.
        holds: String,
    },
    /// One transaction is one connection.
    #[error(
        "database {database} exists, and only a database that does not exist yet can be loaded over \
         {jobs} connections; leave --jobs out, or name a new database"
    )]
    OneConnection {
        /// The target.
        database: String,
        /// The connections asked for.
        jobs: usize,
    },
    /// Owners or grantees that the server does not know, or that are not ours to give to.
    #[error(
        "{why}: {}; {advice}, or restore with --roles available, which leaves out what is theirs, or \
         with --roles ignored, which leaves out all owners and grants",
        .roles.join(", ")
    )]
    Roles {
        /// What is wrong with them.
        why: &'static str,
        /// Their names.
        roles: Vec<String>,
        /// What to do.
        advice: &'static str,
    },
    /// Extensions that cannot leave the schema that is set aside.
    #[error(
        "these extensions cannot be moved out of the old schemas: {}; restore into a database that \
         does not exist yet", .0.join(", ")
    )]
    Extensions(Vec<String>),
    /// The server refused a statement.
    #[error("{step}: {reason}; nothing was changed")]
    Statement {
        /// What was being made.
        step: String,
        /// The server's words.
        reason: String,
    },
    /// The connection ended when all was done but the answer to it.
    #[error(
        "the connection ended during the commit ({0}): whether the restore took effect is not known; \
         look whether the database holds the backup's rows, and if not, restore again"
    )]
    Commit(#[source] tokio_postgres::Error),
    /// The server took another number of rows than the backup has.
    #[error("table {table}: the backup has {expected} rows, the server took {taken}")]
    Rows {
        /// The table's full name.
        table: String,
        /// By the manifest.
        expected: u64,
        /// By the server.
        taken: u64,
    },
    /// What was restored is not what was backed up.
    #[error(
        "the restored rows differ from the backup's and were not kept: {}",
        .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Differs(Vec<Difference>),
    /// What was restored is made otherwise than what was backed up.
    #[error(
        "the restored database is not made as the backup's definitions say: {}",
        .0.join("; ")
    )]
    Redefined(Vec<String>),
    /// A trial has a limit.
    #[error(
        "the backup did not restore within {0:.0?}, which is all that a call of the timer has for it; \
         prove it by hand: magnusapi backup verify latest --restore"
    )]
    TooLong(Duration),
    /// The old tables are in use all the time.
    #[error(
        "sessions of {database} held on to the old tables for {seconds} s; stop the application \
         (scale it to 0) and restore again"
    )]
    InUse {
        /// The target.
        database: String,
        /// How long was tried.
        seconds: u64,
    },
    /// The name is taken by the time the database is whole.
    #[error(
        "database {wanted} could not get its name: {reason}; it is restored whole under the name \
         {unfinished}: rename or drop it"
    )]
    Name {
        /// The name asked for.
        wanted: String,
        /// The name it has.
        unfinished: String,
        /// The server's words.
        reason: String,
    },
}

impl From<database::Error> for RestoreError {
    fn from(error: database::Error) -> RestoreError {
        RestoreError::Unreachable(error.to_string())
    }
}

/// Says which step the server refused.
pub(super) fn at(step: impl ToString) -> impl FnOnce(tokio_postgres::Error) -> RestoreError {
    move |error| RestoreError::Statement {
        step: step.to_string(),
        reason: explain(&error),
    }
}

fn explain(error: &tokio_postgres::Error) -> String {
    let message = server_message(error);
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            format!("{message}; restore as a role that may do this, or with --roles ignored")
        }
        Some(code) if *code == SqlState::DISK_FULL => {
            format!(
                "{message}; give the server's disk more room: a restore takes about what the \
                 database took when it was backed up, which `magnusapi backup show` tells"
            )
        }
        Some(_) => message,
        None => format!("{message}; see whether the server was restarted"),
    }
}
