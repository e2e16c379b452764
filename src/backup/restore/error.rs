//! Why a restore failed.

use std::error::Error;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::backup::StoreError;
use crate::backup::session::failure;
use crate::database;

/// Why a file could not be read. Its text names the file.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Why a restore failed. The target is unchanged, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The text says what failed and what to do.
    #[error("{0}")]
    Failed(String),
    /// A rule does not allow it. The text says what to do.
    #[error("{0}")]
    Refused(String),
    /// A file of the backup differs from what was stored.
    #[error(
        "the backup is damaged: {0}; restore another one, or bring the file back from a copy of the \
         storage"
    )]
    Damaged(#[source] Failure),
    /// The server rejected a statement. A restore that may go on skips the object.
    #[error("{step}: {reason}; nothing was changed")]
    Statement { step: String, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// SIGINT or SIGTERM ended it.
    #[error("interrupted")]
    Interrupted,
    /// A drill by a timer has a limit.
    #[error(
        "the backup did not restore within {0:.0?}, which is the time that a call of the timer has for \
         it; run the drill by hand, which has no limit:\n  magnusapi backup verify latest --restore"
    )]
    TooLong(Duration),
    /// The connection ended during a commit, which may have taken effect.
    #[error("{0}")]
    Uncertain(String),
    /// The temporary database is complete and could not be renamed.
    #[error(
        "the backup is restored and verified in database {temporary}, which could not be renamed to \
         {wanted}: {reason}; remove the cause and run the restore again, or only this, in database \
         {database}:\n  {statements}"
    )]
    Name {
        wanted: String,
        temporary: String,
        reason: String,
        database: &'static str,
        statements: String,
    },
}

impl RestoreError {
    /// Whether the target is certain to be unchanged.
    pub fn left_nothing(&self) -> bool {
        !matches!(self, RestoreError::Uncertain(_) | RestoreError::Name { .. })
    }
}

impl From<database::Error> for RestoreError {
    fn from(error: database::Error) -> RestoreError {
        RestoreError::Failed(format!("the target cannot be reached: {error}"))
    }
}

/// Whether the connection ended, by itself or by the server: the result of a commit is unknown then.
pub(super) fn has_ended(error: &tokio_postgres::Error) -> bool {
    let code = error.code();
    code.is_none_or(|code| code.code().starts_with("57"))
}

/// Names the step that the server rejected.
pub(super) fn at(step: impl ToString) -> impl FnOnce(tokio_postgres::Error) -> RestoreError {
    move |error| RestoreError::Statement {
        step: step.to_string(),
        reason: explain(&error),
    }
}

fn explain(error: &tokio_postgres::Error) -> String {
    let remedy = match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            "; restore as the owner of the database or a member of its owner, or with --roles ignored"
        }
        Some(code) if *code == SqlState::DISK_FULL => {
            "; give the server more disk space: a restore takes about as much as the database took \
             when it was backed up, which `magnusapi backup show` shows"
        }
        Some(_) => "",
        None => "; see whether the server was restarted",
    };
    format!("{}{remedy}", failure(error))
}
