//! Why a statement failed, whether it changed anything, and what to do.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

#[derive(Debug, Error)]
pub enum Error {
    /// No connection in time, or a read without a result. Nothing was changed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection ended while a statement ran: the statement may have taken effect.
    #[error("the connection to the database ended during a statement: {0}")]
    Lost(#[source] tokio_postgres::Error),
    /// The statement's deadline passed. It may have taken effect.
    #[error("the database did not respond within {0:.1?}; see its locks and its load")]
    TimedOut(Duration),
    /// The task that ran the statement ended without its result. It may have taken effect.
    #[error("the statement ended without a result")]
    NoResult,
    /// The server refused the statement and rolled it back.
    #[error("the database refused the statement: {}", message_and_advice(.0))]
    Refused(#[source] tokio_postgres::Error),
    /// One statement served several callers, and failed for all of them.
    #[error(transparent)]
    Shared(Arc<Error>),
}

/// The meaning of a server's refusal for the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another transaction was in the way, and this one was rolled back: it may run again at once.
    RolledBack,
    /// The server cannot do it now, and the same statement may succeed later.
    NotNow,
    /// A table or column that this program's migrations make is missing.
    OutdatedSchema,
    /// The statement itself: a violated constraint, a missing privilege, a defect.
    Final,
}

impl Error {
    /// The error itself, where it is a shared one.
    pub fn kind(&self) -> &Error {
        match self {
            Error::Shared(error) => error.kind(),
            error => error,
        }
    }

    /// Whether the statement may have taken effect. Where it is `false`, nothing was changed.
    pub fn leaves_doubt(&self) -> bool {
        matches!(
            self.kind(),
            Error::Lost(_) | Error::TimedOut(_) | Error::NoResult
        )
    }

    /// The same failure of something that cannot have changed anything.
    pub(super) fn without_effect(self) -> Error {
        if self.leaves_doubt() {
            return Error::Unavailable(self.to_string());
        }
        self
    }

    /// Whether the same request may succeed later without a change to the program or its rights.
    pub fn may_pass(&self) -> bool {
        let refusal = self.refusal();
        refusal.is_none_or(|it| matches!(it, Refusal::RolledBack | Refusal::NotNow))
    }

    /// Whether the statement waited for another transaction longer than its `lock_timeout`.
    pub fn is_lock_timeout(&self) -> bool {
        self.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Whether the server rejected a value of the statement: by its type, a constraint, or a trigger.
    pub fn is_of_a_value(&self) -> bool {
        let classes = ["22", "23", "P0"];
        let code = self.code().map(SqlState::code);
        code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
    }

    /// Whether another row has the value that the statement wanted for itself.
    pub fn is_taken(&self) -> bool {
        self.code() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// The meaning of the server's refusal, if this error is one.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.code().map(refusal)
    }

    fn code(&self) -> Option<&SqlState> {
        match self.kind() {
            Error::Refused(error) => error.code(),
            _ => None,
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if !is_going_away(code) => Error::Refused(error),
            _ => Error::Lost(error),
        }
    }
}

/// SQLSTATE codes as PostgreSQL's documentation lists them ("PostgreSQL Error Codes"). A cancelled
/// statement, a lock that was not available and a full server rolled the statement back, and the
/// statement itself may be right.
fn refusal(code: &SqlState) -> Refusal {
    if [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ]
    .contains(code)
    {
        return Refusal::RolledBack;
    }
    if [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN].contains(code) {
        return Refusal::OutdatedSchema;
    }
    let passing = [
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    let class_passes = ["40", "53"].iter().any(|it| code.code().starts_with(it));
    if class_passes || passing.contains(code) {
        return Refusal::NotNow;
    }
    Refusal::Final
}

/// Whether the code is about the connection and not about the statement: class 08 (a PgBouncer says
/// everything with one of these), shutdowns and the like, and a server that is full. After
/// `statement_completion_unknown` the statement's effect is as open as after these.
pub(super) fn is_going_away(code: &SqlState) -> bool {
    let class_of_connections = ["08", "57P"].iter().any(|it| code.code().starts_with(it));
    let others = [
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
    ];
    class_of_connections || others.contains(code)
}

/// The server's message, with its SQLSTATE: `tokio_postgres` itself prints only "db error".
pub(crate) fn server_message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// The server's words, and what to do where the program's own database is meant.
pub(super) fn message_and_advice(error: &tokio_postgres::Error) -> String {
    let message = server_message(error);
    match error.as_db_error().and_then(advice) {
        Some(advice) => format!("{message}; {advice}"),
        None => message,
    }
}

fn advice(error: &tokio_postgres::error::DbError) -> Option<String> {
    let code = error.code();
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return Some(READ_ONLY.to_owned());
    }
    if *code == SqlState::DISK_FULL {
        return Some("grow the server's disk, or delete data".to_owned());
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Some(grant(error.message()));
    }
    None
}

/// The operator's remedy for a database that rejects writes.
pub(super) const READ_ONLY: &str = "\
    the database is read-only: Azure makes it so when its disk is nearly full, and a standby always \
    is; grow the disk, or name the primary server in DATABASE_URL";

/// The grant that is missing, by the server's message: it says `permission denied for table item`,
/// and no field of the error has the table.
fn grant(message: &str) -> String {
    let object = message.strip_prefix("permission denied for ");
    match object.and_then(|it| it.split_once(' ')) {
        Some(("table", table)) => format!(
            "run as the table's owner: GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {table} TO \
             <the user in DATABASE_URL>"
        ),
        Some(("schema", schema)) => format!(
            "run as the schema's owner: GRANT USAGE, CREATE ON SCHEMA {schema} TO <the user in \
             DATABASE_URL>"
        ),
        _ => "grant the user in DATABASE_URL the named right, or make it the owner".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_meaning_for_the_statement() {
        for (code, meaning) in [
            ("40001", Refusal::RolledBack),
            ("40P01", Refusal::RolledBack),
            ("40002", Refusal::NotNow),
            ("53100", Refusal::NotNow),
            ("57014", Refusal::NotNow),
            ("55P03", Refusal::NotNow),
            ("25006", Refusal::NotNow),
            ("42P01", Refusal::OutdatedSchema),
            ("42703", Refusal::OutdatedSchema),
            ("42501", Refusal::Final),
            ("23505", Refusal::Final),
        ] {
            assert_eq!(refusal(&SqlState::from_code(code)), meaning, "{code}");
        }
        for code in ["08006", "57P01", "53300", "40003"] {
            assert!(is_going_away(&SqlState::from_code(code)), "{code}");
        }
    }

    #[test]
    fn a_missing_right_is_named_as_the_grant_that_gives_it() {
        let table = grant("permission denied for table item");
        assert!(table.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE item TO"));
        let schema = grant("permission denied for schema public");
        assert!(schema.contains("GRANT USAGE, CREATE ON SCHEMA public TO"));
    }
}
