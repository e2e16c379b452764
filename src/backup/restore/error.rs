//! Why a restore failed.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use super::consistency::PlanError;
use super::report::Difference;
use super::source::Failure;
use crate::database::{self, server_message};

/// Why a restore failed. The target is unchanged, unless it says otherwise.
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
    /// Another restore works on the target.
    #[error("another restore to database {0} is under way; wait for its end")]
    Concurrent(String),
    /// The restoring role lacks a privilege.
    #[error("{lacks}; as an administrator, run:\n  {remedy}")]
    Privilege {
        /// What it may not do.
        lacks: String,
        /// The statement that lets it.
        remedy: String,
    },
    /// Prepared transactions keep a database from being renamed.
    #[error(
        "database {0} has prepared transactions, and so cannot be renamed; commit or roll back those \
         that pg_prepared_xacts lists"
    )]
    Prepared(String),
    /// The target is not empty.
    #[error(
        "database {database} is not empty: {holds}; restore into a new database, or add --replace: \
         the database then keeps its content under another name"
    )]
    Occupied {
        /// The target.
        database: String,
        /// Its schemas, and how much is in them.
        holds: String,
    },
    /// A superuser's functions can run programs.
    #[error(
        "role {0} is a superuser, and functions that are in the backup would run with its rights; \
         drill with a role that may create databases and nothing else, or add --allow-superuser to \
         `magnusapi backup verify --restore` if you trust all that is in the database:\n  \
         CREATE ROLE drill LOGIN CREATEDB PASSWORD '…';"
    )]
    Superuser(String),
    /// One transaction is one connection, and fails as a whole.
    #[error(
        "database {database} exists and is empty, so one transaction fills it, which cannot take \
         {option}; leave that out, or drop the database or restore to another name"
    )]
    OneTransaction {
        /// The target.
        database: String,
        /// The option.
        option: &'static str,
    },
    /// Owners or grantees that the server lacks, or that this role may not give anything to.
    #[error(
        "{why}: {}; restore with --roles available, which leaves out what is theirs, or with --roles \
         ignored, which leaves out all owners and grants, or as an administrator, run:\n  {}",
        .roles.join(", "), .remedies.join("\n  ")
    )]
    Roles {
        /// What is wrong with them.
        why: &'static str,
        /// Their names.
        roles: Vec<String>,
        /// A statement for each that helps.
        remedies: Vec<String>,
    },
    /// The server refused a statement.
    #[error("{step}: {reason}; nothing was changed")]
    Statement {
        /// What was being made.
        step: String,
        /// The server's words.
        reason: String,
    },
    /// The connection ended during the commit of a restore into an empty database.
    #[error(
        "the connection ended during the commit ({0}), so the restore may have taken effect or not; \
         run it again: it either completes or says that the database is not empty"
    )]
    CommitInPlace(#[source] tokio_postgres::Error),
    /// The connection ended during the rename.
    #[error(
        "the connection ended while database {temporary} was renamed to {wanted} ({reason}): list the \
         databases, and if {temporary} is still there, run the restore again"
    )]
    Commit {
        /// The name asked for.
        wanted: String,
        /// The name before.
        temporary: String,
        /// How it ended.
        reason: String,
    },
    /// The operator ended it.
    #[error("interrupted")]
    Interrupted,
    /// It failed, and what it made could not be dropped.
    #[error("{error}; {leftover}")]
    Leftover {
        /// Why it failed.
        error: Box<RestoreError>,
        /// What is left and what to do.
        leftover: String,
    },
    /// A drill succeeded, and its database could not be dropped.
    #[error("the backup restores, but {0}")]
    NotDropped(String),
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
    /// A drill has a limit.
    #[error(
        "the backup did not restore within {0:.0?}, which is the time that a call of the timer has for \
         it; run the drill by hand, which has no limit:\n  magnusapi backup verify latest --restore"
    )]
    TooLong(Duration),
    /// All is done but the rename.
    #[error(
        "the backup is restored and verified in database {temporary}, which could not be renamed to \
         {wanted}: {reason}; remove the cause and run the restore again, or only this, in database \
         {database}:\n  {statements}"
    )]
    Name {
        /// The name asked for.
        wanted: String,
        /// The name it has.
        temporary: String,
        /// The server's message.
        reason: String,
        /// A database to run the statements in.
        database: &'static str,
        /// The statements that complete the restore.
        statements: String,
    },
}

impl RestoreError {
    /// Whether the target is certain to be unchanged.
    pub fn left_nothing(&self) -> bool {
        match self {
            RestoreError::CommitInPlace(_)
            | RestoreError::Commit { .. }
            | RestoreError::Name { .. } => false,
            RestoreError::Leftover { error, .. } => error.left_nothing(),
            _ => true,
        }
    }

    /// Whether the work was dropped and did not fail by itself.
    pub(super) fn is_interruption(&self) -> bool {
        matches!(self, RestoreError::Interrupted | RestoreError::TooLong(_))
    }
}

impl From<database::Error> for RestoreError {
    fn from(error: database::Error) -> RestoreError {
        RestoreError::Unreachable(error.to_string())
    }
}

/// Whether the connection ended, by itself or by the server: then it is not known what a commit did.
pub(super) fn has_ended(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_none_or(|code| code.code().starts_with("57"))
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
            format!(
                "{message}; restore as the owner of the database or a member of its owner, or with \
                 --roles ignored"
            )
        }
        Some(code) if *code == SqlState::DISK_FULL => {
            format!(
                "{message}; give the server's disk more room: a restore takes about as much as the \
                 database took when it was backed up, which `magnusapi backup show` shows"
            )
        }
        Some(_) => message,
        None => format!("{message}; see whether the server was restarted"),
    }
}
