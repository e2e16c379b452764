//! Gives the temporary database its name, in one transaction.
//!
//! `ALTER DATABASE … RENAME` first locks the database against new sessions, which then wait, and
//! then fails if sessions are left after five seconds. So another connection ends the sessions while
//! the statement waits. Until the commit nothing has changed, whichever process dies.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at};
use super::maintenance::{END_SESSIONS, Maintenance};
use crate::backup::catalog::quoted;
use crate::database::server_message;

/// The new name of a database that is there.
pub(super) struct Rename<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

/// How often sessions are ended while a rename waits for that.
const PAUSE: Duration = Duration::from_millis(100);

/// Renames them all, or none: first the database that has the wanted name, last the temporary one.
/// Where sessions cannot be ended, tries again for the time of `patience`.
pub(super) async fn all(
    maintenance: &Maintenance,
    renames: &[Rename<'_>],
    patience: Duration,
) -> Result<(), RestoreError> {
    let ending = maintenance.another().await?;
    let temporary = renames.last().expect("the temporary database is renamed");
    let until = Instant::now() + patience;
    maintenance
        .batch_execute(LOCK_TIMEOUT)
        .await
        .map_err(at("preparing the rename"))?;
    loop {
        let done = tokio::select! {
            done = rename(maintenance, renames) => done,
            never = end_sessions(&ending, renames) => match never {},
        };
        let error = match done {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.code().is_none() {
            return Err(RestoreError::Commit {
                wanted: temporary.to.to_owned(),
                temporary: temporary.from.to_owned(),
                reason: error,
            });
        }
        if !is_in_use(&error) || Instant::now() > until {
            return Err(RestoreError::Name {
                wanted: temporary.to.to_owned(),
                temporary: temporary.from.to_owned(),
                reason: reason(&error),
                database: maintenance.database(),
                statements: statements(renames),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn rename(client: &Client, renames: &[Rename<'_>]) -> Result<(), tokio_postgres::Error> {
    let done = client
        .batch_execute(&format!("BEGIN; {} COMMIT", statements(renames)))
        .await;
    if done.is_err() {
        // An error here says that the connection has ended, and with it the transaction.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    done
}

fn statements(renames: &[Rename<'_>]) -> String {
    let statements = renames.iter().map(|Rename { from, to }| {
        format!("ALTER DATABASE {} RENAME TO {};", quoted(from), quoted(to))
    });
    statements.collect::<Vec<_>>().join(" ")
}

enum Never {}

async fn end_sessions(client: &Client, renames: &[Rename<'_>]) -> Never {
    let names: Vec<&str> = renames.iter().map(|rename| rename.from).collect();
    loop {
        // Where this fails, the rename does not find the database unused, and says so.
        let _ = client.query(END_SESSIONS, &[&names]).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sessions are still there, or came while another statement held the database.
fn is_in_use(error: &tokio_postgres::Error) -> bool {
    let passing = [
        SqlState::OBJECT_IN_USE,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.code().is_some_and(|code| passing.contains(code))
}

fn reason(error: &tokio_postgres::Error) -> String {
    let detail = error.as_db_error().and_then(|error| error.detail());
    match detail {
        Some(detail) => format!("{}: {detail}", server_message(error)),
        None => server_message(error),
    }
}

const LOCK_TIMEOUT: &str = "SET lock_timeout = '10s'";
