//! A connection beside the target: a database cannot be made, renamed or dropped from within.

use std::ops::Deref;

use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at};
use super::{names, session};
use crate::backup::catalog::quoted;
use crate::database::{Server, Session, server_message};

/// A connection to a database that every server has.
pub(super) struct Maintenance {
    pub(super) database: &'static str,
    session: Session,
}

impl Maintenance {
    /// Connects, to another database than `target`.
    pub(super) async fn connect(
        server: &Server,
        target: Option<&str>,
    ) -> Result<Maintenance, RestoreError> {
        let mut failure = None;
        for database in ["postgres", "template1"] {
            if Some(database) == target {
                continue;
            }
            match session::connect(server, database).await {
                Ok(session) => return Ok(Maintenance { database, session }),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.expect("at least one of them is not the target"))
    }

    /// Drops the databases of restores to `target` that died. The caller holds the target's lock.
    pub(super) async fn drop_leftovers(&self, target: &str) -> Result<Vec<String>, RestoreError> {
        let mut notices = Vec::new();
        for name in databases(self).await? {
            if names::is_of_restore(&name, target) {
                let dropped = self.discard(&name).await;
                notices.push(dropped.err().unwrap_or_else(|| {
                    format!("database {name}, which an earlier restore left, was dropped")
                }));
            }
        }
        Ok(notices)
    }

    /// Ends all sessions of a temporary database and drops it. The error says that it is still there.
    pub(super) async fn discard(&self, name: &str) -> Result<(), String> {
        // Where one of these fails, the drop fails too and its message says why.
        let no_template = format!("ALTER DATABASE {} IS_TEMPLATE false", quoted(name));
        let _ = self.batch_execute(&no_template).await;
        let _ = self.query(END_SESSIONS, &[&[name].as_slice()]).await;
        let dropped = self.drop_unused(name).await;
        dropped.map_err(|reason| {
            format!("temporary database {name} could not be dropped: {reason}; drop it")
        })
    }

    /// Drops a database that has no sessions. The error is the server's message.
    pub(super) async fn drop_unused(&self, name: &str) -> Result<(), String> {
        let drop = format!("DROP DATABASE IF EXISTS {}", quoted(name));
        let dropped = self.batch_execute(&drop).await;
        dropped.map_err(|error| server_message(&error))
    }
}

impl Deref for Maintenance {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

/// The names of all databases of the server.
pub(super) async fn databases(session: &Session) -> Result<Vec<String>, RestoreError> {
    let names = "SELECT datname::text FROM pg_catalog.pg_database ORDER BY datname";
    let rows = session.query(names, &[]).await;
    let rows = rows.map_err(at("listing the databases"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The first half of the lock's key is the one of all our locks: "magn".
const CLASS: i32 = 0x6d61_676e;

/// Takes the lock of a target for this session, so that no two restores work on one target. A restore that
/// has just ended may hold it for a moment: until the server notices that its session has ended.
pub(super) async fn lock(session: &Session, target: &str) -> Result<(), RestoreError> {
    let key = names::key(target).cast_signed();
    let lock = format!(
        "SET lock_timeout = '3s';
         SELECT pg_catalog.pg_advisory_lock('{CLASS}', '{key}');
         SET lock_timeout = 0"
    );
    session.batch_execute(&lock).await.map_err(|error| {
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return RestoreError::Failed(format!(
                "another restore to database {target} is under way; wait for its end"
            ));
        }
        at("locking the target")(error)
    })
}

/// Skips a session that this role may not end: the statement that needs the database unused fails then.
pub(super) const END_SESSIONS: &str = "\
    SELECT pg_catalog.pg_terminate_backend(a.pid)
      FROM pg_catalog.pg_stat_activity AS a
      JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
      JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
     WHERE a.datname = ANY($1) AND a.pid <> pg_catalog.pg_backend_pid()
       AND (me.rolsuper
            OR NOT r.rolsuper AND (pg_catalog.pg_has_role(r.oid, 'USAGE')
                                   OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))";
