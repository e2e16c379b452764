//! Gives the temporary database its name, in one transaction.
//!
//! `ALTER DATABASE … RENAME` first locks the database against new sessions, which then wait, and
//! fails if other sessions still use the database after five seconds. So another connection ends the
//! sessions while the statement waits. Until the commit nothing has changed, whichever process dies.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_util::sync::CancellationToken;

use super::error::{RestoreError, at, has_ended};
use super::maintenance::{END_SESSIONS, Maintenance};
use super::options::Options;
use super::session;
use crate::backup::catalog::quoted;
use crate::database::{Server, Session, server_message};

/// The rename of a temporary database, and of the database that has the wanted name.
pub(super) struct Rename<'a> {
    pub(super) server: &'a Server,
    pub(super) maintenance: &'a Maintenance,
    pub(super) temporary: &'a str,
    pub(super) wanted: &'a str,
    /// The new name of the database that has the wanted one.
    pub(super) old: Option<&'a str>,
    pub(super) options: &'a Options,
}

/// Between two attempts, and between two looks for sessions to end.
const PAUSE: Duration = Duration::from_millis(100);

/// A lost connection must not keep a rename that succeeded from its end.
const LIMIT: Duration = Duration::from_secs(5);

impl Rename<'_> {
    /// Renames both, or none. Where sessions cannot be ended, tries again until a limit.
    pub(super) async fn run(&self) -> Result<(), RestoreError> {
        let Options {
            rename_limit,
            bounds,
            ..
        } = self.options;
        let until = Instant::now() + *rename_limit;
        let may_try_again = || !bounds.is_stopped() && Instant::now() < until;
        let not_begun = |error: RestoreError| self.failed(error.to_string());
        let number = self.number().await.map_err(not_begun)?;
        let ending = self.another_session().await.map_err(not_begun)?;
        loop {
            let is_done = CancellationToken::new();
            let attempt = async {
                let _done = is_done.clone().drop_guard();
                // Statements that are sent together are one transaction.
                let sql = format!("SET lock_timeout = '10s'; {}", self.statements());
                self.maintenance.batch_execute(&sql).await
            };
            // A statement that still ends sessions would end those that come after the rename.
            let (done, ()) = tokio::join!(attempt, self.end_sessions(&ending, &is_done));
            match done {
                Ok(()) => return Ok(()),
                Err(error) if has_ended(&error) => return self.ended(number, &error).await,
                Err(error) if is_in_use(&error) && may_try_again() => sleep(PAUSE).await,
                Err(error) => {
                    let detail = error.as_db_error().and_then(|error| error.detail());
                    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
                    return Err(self.failed(format!("{}{detail}", server_message(&error))));
                }
            }
        }
    }

    /// The server's number of the temporary database, which stays the same.
    async fn number(&self) -> Result<u32, RestoreError> {
        let number = "SELECT oid FROM pg_catalog.pg_database WHERE datname = $1";
        let row = self.maintenance.query_one(number, &[&self.temporary]).await;
        Ok(row.map_err(at("looking at the temporary database"))?.get(0))
    }

    async fn another_session(&self) -> Result<Session, RestoreError> {
        session::connect(self.server, self.maintenance.database).await
    }

    fn statements(&self) -> String {
        let rename = |from, to| {
            let (from, to) = (quoted(from), quoted(to));
            format!("ALTER DATABASE {from} RENAME TO {to};")
        };
        let into_place = rename(self.temporary, self.wanted);
        match self.old {
            Some(old) => format!("{} {into_place}", rename(self.wanted, old)),
            None => into_place,
        }
    }

    async fn end_sessions(&self, ending: &Session, is_done: &CancellationToken) {
        let mut names = vec![self.temporary];
        names.extend(self.old.map(|_| self.wanted));
        while !is_done.is_cancelled() {
            // Where this fails, the rename fails too and says that the database is in use.
            let _ = timeout(LIMIT, ending.query(END_SESSIONS, &[&names])).await;
            is_done.run_until_cancelled(sleep(PAUSE)).await;
        }
    }

    /// Where the connection ended, only the list of databases says whether the rename was committed. If the
    /// database still has its old name, the server may be about to commit. If it is gone, another restore, which
    /// this one no longer locks out, has dropped it.
    async fn ended(&self, number: u32, error: &tokio_postgres::Error) -> Result<(), RestoreError> {
        let (temporary, wanted) = (self.temporary, self.wanted);
        let renamed = "SELECT FROM pg_catalog.pg_database WHERE oid = $1 AND datname <> $2";
        if let Ok(session) = self.another_session().await
            && let Ok(renamed) = session.query(renamed, &[&number, &temporary]).await
            && !renamed.is_empty()
        {
            return Ok(());
        }
        let reason = server_message(error);
        Err(RestoreError::Uncertain(format!(
            "the connection ended while database {temporary} was renamed to {wanted} ({reason}): list \
             the databases, and if {temporary} is still there or {wanted} has other content, run the \
             restore again"
        )))
    }

    fn failed(&self, reason: String) -> RestoreError {
        RestoreError::Name {
            wanted: self.wanted.to_owned(),
            temporary: self.temporary.to_owned(),
            reason,
            database: self.maintenance.database,
            statements: self.statements(),
        }
    }
}

/// Other sessions use the database, or came while another statement held it.
fn is_in_use(error: &tokio_postgres::Error) -> bool {
    let passing = [
        SqlState::OBJECT_IN_USE,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    error.code().is_some_and(|code| passing.contains(code))
}
