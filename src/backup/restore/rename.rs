//! Gives the temporary database its name, in one transaction.
//!
//! `ALTER DATABASE … RENAME` first locks the database against new sessions, which then wait, and
//! then fails if sessions are left after five seconds. So another connection ends the sessions while
//! the statement waits. Until the commit nothing has changed, whichever process dies.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::{RestoreError, has_ended};
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
    let until = Instant::now() + patience;
    let ending = match maintenance.another().await {
        Ok(ending) => ending,
        Err(error) => return Err(not_renamed(maintenance, renames, error.to_string())),
    };
    loop {
        let done = tokio::select! {
            done = rename(maintenance, renames) => done,
            never = end_sessions(&ending, renames) => match never {},
        };
        match done {
            Ok(()) => return Ok(()),
            Err(error) if has_ended(&error) => {
                return ended(maintenance, renames, server_message(&error)).await;
            }
            Err(error) if is_in_use(&error) && Instant::now() < until => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(not_renamed(maintenance, renames, reason(&error))),
        }
    }
}

/// Where the connection ended, only the list of databases tells whether the rename was committed. If the
/// temporary one is still there, the server may be about to commit.
async fn ended(
    maintenance: &Maintenance,
    renames: &[Rename<'_>],
    reason: String,
) -> Result<(), RestoreError> {
    let Rename { from, to } = into_place(renames);
    let databases = match maintenance.another().await {
        Ok(maintenance) => maintenance.databases().await,
        Err(error) => Err(error),
    };
    if databases.is_ok_and(|it| it.iter().all(|name| name != from)) {
        return Ok(());
    }
    Err(RestoreError::Commit {
        wanted: (*to).to_owned(),
        temporary: (*from).to_owned(),
        reason,
    })
}

fn not_renamed(maintenance: &Maintenance, renames: &[Rename<'_>], reason: String) -> RestoreError {
    let Rename { from, to } = into_place(renames);
    RestoreError::Name {
        wanted: (*to).to_owned(),
        temporary: (*from).to_owned(),
        reason,
        database: maintenance.database(),
        statements: statements(renames),
    }
}

fn into_place<'a, 'b>(renames: &'a [Rename<'b>]) -> &'a Rename<'b> {
    renames.last().expect("the temporary database is renamed")
}

async fn rename(client: &Client, renames: &[Rename<'_>]) -> Result<(), tokio_postgres::Error> {
    let done = client
        .batch_execute(&format!(
            "{LOCK_TIMEOUT} BEGIN; {} COMMIT",
            statements(renames)
        ))
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

const LOCK_TIMEOUT: &str = "SET lock_timeout = '10s';";
