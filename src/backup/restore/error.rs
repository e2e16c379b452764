//! Why a restore failed.

use std::error::Error;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::backup::StoreError;
use crate::backup::session::failure;
use crate::database::{self, server_message};

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
    #[error("{step}: {reason}{remedy}; nothing was changed")]
    Statement {
        step: String,
        reason: String,
        /// The remedy for a missing right, after a semicolon; or empty.
        remedy: String,
    },
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
    at_optional(step, "")
}

/// The same for a step that an option leaves out: `option` continues the sentence about a missing right.
pub(super) fn at_optional(
    step: impl ToString,
    option: &str,
) -> impl FnOnce(tokio_postgres::Error) -> RestoreError {
    move |error| {
        let lacks_right = error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE);
        let remedy =
            lacks_right.then(|| format!("; restore as a role that has this right{option}"));
        RestoreError::Statement {
            step: step.to_string(),
            reason: explain(&error),
            remedy: remedy.unwrap_or_default(),
        }
    }
}

fn explain(error: &tokio_postgres::Error) -> String {
    let message = server_message(error);
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => message,
        Some(code) if *code == SqlState::DISK_FULL => format!(
            "{message}; give the server more disk space: a restore takes about as much as the database \
             took when it was backed up, which `magnusapi backup show` shows"
        ),
        Some(_) => failure(error),
        None => format!("{message}; see whether the server was restarted"),
    }
}
