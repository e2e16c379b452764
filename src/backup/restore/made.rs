//! A database that this program made and nobody else knows yet: made, filled, renamed, dropped.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at};
use super::options::Options;
use super::plan::Plan;
use super::progress::Progress;
use super::source::{Backup, Content};
use super::target::Target;
use super::{Report, existing, load, session};
use crate::backup::archive::Entry;
use crate::backup::catalog::quoted;
use crate::database::{Server, Session, server_message};

/// What such a database is for; its name says so, with the id of the run that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be renamed when it is whole.
    Restore,
    /// To prove that a backup restores, and then to go.
    Drill,
}

impl Purpose {
    pub(super) const ALL: [Purpose; 2] = [Purpose::Restore, Purpose::Drill];

    fn prefix(self) -> &'static str {
        match self {
            Purpose::Restore => "magnusapi_restore_",
            Purpose::Drill => "magnusapi_drill_",
        }
    }

    /// The name of a database.
    pub(super) fn name(self, id: &str) -> String {
        format!("{}{id}", self.prefix())
    }

    /// When the run began that made the database of this name; `None` when it is not of this
    /// purpose.
    pub(super) fn begun(self, name: &str) -> Option<Timestamp> {
        let (time, run) = name.strip_prefix(self.prefix())?.split_once('-')?;
        if run.len() != 8 || !run.bytes().all(|it| it.is_ascii_hexdigit()) {
            return None;
        }
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

/// A connection to a database that every server has: one cannot make or drop a database from
/// within.
pub(super) async fn beside(server: &Server) -> Result<Session, RestoreError> {
    for database in ["postgres", "template1"] {
        if let Some(found) = server.connect_to(database).await? {
            return Ok(found);
        }
    }
    let missing = "the server has neither database postgres nor template1 to make others from";
    Err(RestoreError::Unreachable(missing.into()))
}

/// A database made for one restore.
pub(super) struct Made<'a> {
    beside: &'a Client,
    name: String,
    /// What a person should know about it.
    pub(super) notice: Option<String>,
}

impl<'a> Made<'a> {
    /// Makes it, with nothing in it that the server's administrator may have put into template1.
    /// Encoding and locale are those of the database that `archive` is of, where the server has them.
    pub(super) async fn create(
        beside: &'a Client,
        purpose: Purpose,
        id: &str,
        archive: &[Entry],
    ) -> Result<Made<'a>, RestoreError> {
        let name = purpose.name(id);
        let doing = format!("DATABASE {name}");
        let mut notice = None;
        if let Some(properties) = properties(archive) {
            let create = format!("CREATE DATABASE {} WITH {properties}", quoted(&name));
            match beside.batch_execute(&create).await {
                Ok(()) => {
                    return Ok(Made {
                        beside,
                        name,
                        notice,
                    });
                }
                Err(error) if is_unknown_locale(&error) => notice = Some(other_locale(&error)),
                Err(error) => return Err(at(doing)(error)),
            }
        }
        let create = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
            quoted(&name)
        );
        let created = beside.batch_execute(&create).await;
        created.map_err(at(doing))?;
        Ok(Made {
            beside,
            name,
            notice,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Loads a backup into it and proves it. Its connections are gone when this answers.
    pub(super) async fn fill<C: Content>(
        &self,
        backup: &Backup<'_, C>,
        server: &Server,
        plan: &Plan,
        options: &Options,
        progress: &Progress,
    ) -> Result<Report, RestoreError> {
        let mut connections = Vec::new();
        for _ in 0..options.jobs.max(1) {
            let connection = session::connect(server, &self.name).await?;
            session::prepare(&connection).await?;
            connections.push(connection);
        }
        if let [connection] = connections.as_slice() {
            let work = async {
                let report = existing::load_and_prove(backup, connection, plan, options, progress);
                let report = report.await?;
                existing::commit(connection).await?;
                Ok(report)
            };
            return session::undone_on_error(connection, work).await;
        }
        load::side_by_side(&connections, plan, backup.content, progress).await?;
        let verification = existing::prove(backup, &connections, plan, options, progress).await?;
        load::analyze(&connections[0], plan).await?;
        Ok(Report {
            verification,
            ..Report::default()
        })
    }

    /// Gives it its name. The server itself waits some seconds for sessions that are ending.
    pub(super) async fn rename(self, wanted: &str) -> Result<(), RestoreError> {
        let rename = format!(
            "ALTER DATABASE {} RENAME TO {}",
            quoted(&self.name),
            quoted(wanted)
        );
        let renamed = self.beside.batch_execute(&rename).await;
        renamed.map_err(|error| RestoreError::Name {
            wanted: wanted.to_owned(),
            unfinished: self.name,
            reason: server_message(&error),
        })
    }

    /// Drops it, whoever is connected; the answer says why it is still there, if it is.
    pub(super) async fn discard(self) -> Option<String> {
        // An error says that they are not ours to end, and then the drop says the rest.
        let _ = self.beside.query(END_SESSIONS, &[&self.name]).await;
        let dropped = drop_database(self.beside, &self.name).await;
        dropped.err().map(|reason| {
            format!(
                "database {} could not be dropped: {reason}; drop it",
                self.name
            )
        })
    }
}

/// What the archive says of its database behind the name: template, encoding, locale.
fn properties(archive: &[Entry]) -> Option<&str> {
    let database = archive.iter().find(|entry| entry.kind == "DATABASE")?;
    let create = format!("CREATE DATABASE {} WITH ", quoted(&database.tag));
    let properties = database.definition.strip_prefix(&create)?;
    Some(properties.trim_end().trim_end_matches(';'))
}

/// The server lacks the locale, or is too old or built without what provides it.
fn is_unknown_locale(error: &tokio_postgres::Error) -> bool {
    let unknown = [
        SqlState::WRONG_OBJECT_TYPE,
        SqlState::INVALID_PARAMETER_VALUE,
        SqlState::UNDEFINED_OBJECT,
        SqlState::FEATURE_NOT_SUPPORTED,
        SqlState::SYNTAX_ERROR,
    ];
    error.code().is_some_and(|code| unknown.contains(code))
}

fn other_locale(error: &tokio_postgres::Error) -> String {
    format!(
        "the database has UTF8 and the server's own locale, because the server has not the backup's \
         ({}); texts may sort otherwise than they did",
        server_message(error)
    )
}

/// Drops a database that nobody is connected to. The error is the server's words.
pub(super) async fn drop_database(beside: &Client, name: &str) -> Result<(), String> {
    let drop = format!("DROP DATABASE IF EXISTS {}", quoted(name));
    let dropped = beside.batch_execute(&drop).await;
    dropped.map_err(|error| server_message(&error))
}

/// What the server says about where the database is to be made.
pub(super) async fn look(beside: &Client) -> Result<Target, RestoreError> {
    session::prepare(beside).await?;
    let mut target = Target::read(beside).await?;
    // As template0 has it.
    target.schemas = [("public".to_owned(), 0)].into();
    Ok(target)
}

const END_SESSIONS: &str = "\
    SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::archive::Section;
    use crate::backup::restore::samples::entry;

    #[test]
    fn a_database_is_made_as_the_archive_says_under_another_name() {
        let mut database = entry(1, "DATABASE", Section::PreData, &[]);
        database.tag = "it's \"one\"".into();
        database.definition = "CREATE DATABASE \"it's \"\"one\"\"\" WITH TEMPLATE = template0 \
                               ENCODING = 'LATIN1';\n"
            .into();
        let archive = [entry(2, "TABLE", Section::PreData, &[]), database];
        let expected = Some("TEMPLATE = template0 ENCODING = 'LATIN1'");
        assert_eq!(properties(&archive), expected);
        assert_eq!(properties(&archive[..1]), None);
    }

    #[test]
    fn a_name_tells_when_it_was_made_and_other_names_tell_nothing() {
        let name = Purpose::Drill.name("20261124T020000Z-1a2b3c4d");
        assert_eq!(name, "magnusapi_drill_20261124T020000Z-1a2b3c4d");
        let begun = Purpose::Drill.begun(&name).expect("it is one");
        assert_eq!(begun.to_string(), "2026-11-24T02:00:00Z");
        assert_eq!(Purpose::Restore.begun(&name), None);
        for other in [
            "magnusapi_drill_",
            "magnusapi_drill_results",
            "magnusapi_drill_20261124T020000Z",
            "magnusapi_drill_20261124T020000Z-1a2b3c4d_copy",
            "magnusapi_drill_20261399T020000Z-1a2b3c4d",
        ] {
            assert_eq!(Purpose::Drill.begun(other), None, "{other}");
        }
    }
}
