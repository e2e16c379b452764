//! A temporary database: made, filled, and renamed or dropped. No application knows its name.

use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at, has_ended};
use super::job::Job;
use super::load::{self, Rows};
use super::maintenance::{Maintenance, not_dropped};
use super::plan::Plan;
use super::prepare::Prepared;
use super::report::Report;
use super::session;
use super::source::Content;
use crate::backup::catalog::quoted;
use crate::database::{Server, Session, server_message};
use pgarchive::{Entry, Kind};

/// A temporary database.
pub(super) struct Temporary<'a> {
    maintenance: &'a Maintenance,
    name: String,
    /// What differs from the database that was backed up.
    pub(super) notice: Option<String>,
}

impl<'a> Temporary<'a> {
    /// Makes it from template0, so that nothing is in it that an administrator put into template1.
    /// Encoding and locale are those of the database that was backed up, where the server has them.
    /// It gets its owner first: from PostgreSQL 15 on, only that may create in schema public.
    pub(super) async fn create(
        maintenance: &'a Maintenance,
        name: String,
        archive: &[Entry],
        prepared: &Prepared,
    ) -> Result<Temporary<'a>, RestoreError> {
        let doing = format!("DATABASE {name}");
        let mut temporary = Temporary {
            maintenance,
            name,
            notice: None,
        };
        let quoted_name = quoted(&temporary.name);
        let like_the_original = match properties(archive) {
            Some(properties) => {
                let create = format!("CREATE DATABASE {quoted_name} WITH {properties}");
                maintenance.batch_execute(&create).await
            }
            None => create_in_utf8(maintenance, &quoted_name).await,
        };
        if let Err(error) = like_the_original {
            if !is_unknown_locale(&error) {
                return Err(at(doing)(error));
            }
            temporary.notice = Some(other_locale(&error));
            let created = create_in_utf8(maintenance, &quoted_name).await;
            created.map_err(at(&doing))?;
        }
        if let Some(owner) = &prepared.database_owner {
            let give = format!("ALTER DATABASE {quoted_name} OWNER TO {}", quoted(owner));
            if let Err(error) = maintenance.batch_execute(&give).await {
                return temporary.end(Err(at(doing)(error))).await;
            }
        }
        Ok(temporary)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Loads a backup into it and verifies it.
    pub(super) async fn fill<C: Content>(
        &self,
        job: &Job<'_, C>,
        prepared: &Prepared,
    ) -> Result<Report, RestoreError> {
        let mut sessions = Vec::new();
        for _ in 0..job.options.jobs.max(1) {
            let session = self.session(job.server).await?;
            session::commit_without_waiting(&session).await?;
            sessions.push(session);
        }
        let mut report = load::fill(job, &sessions, prepared, Rows::Alone).await?;
        let notices = load::analyze(&sessions[0], &prepared.plan).await;
        report.notices.extend(notices);
        Ok(report)
    }

    /// A session in it that is ready for a restore.
    pub(super) async fn session(&self, server: &Server) -> Result<Session, RestoreError> {
        let session = session::connect(server, &self.name).await?;
        session::prepare(&session).await?;
        Ok(session)
    }

    /// Gives it what the database that was backed up itself has. Returns what could not be given:
    /// some settings are a superuser's alone.
    pub(super) async fn furnish(
        &self,
        archive: &[Entry],
        plan: &Plan,
    ) -> Result<Vec<String>, RestoreError> {
        let original = archive.iter().find(|entry| entry.kind == Kind::Database);
        let original = original.map_or_else(String::new, |entry| quoted(&entry.tag));
        let original = format!("DATABASE {original}");
        let name = format!("DATABASE {}", quoted(&self.name));
        let mut notices = Vec::new();
        for statement in &plan.database {
            let renamed = statement.replacen(&original, &name, 1);
            if let Err(error) = self.maintenance.batch_execute(&renamed).await {
                if has_ended(&error) {
                    return Err(at("the properties of the database")(error));
                }
                let (statement, reason) = (statement.trim_end_matches(';'), server_message(&error));
                notices.push(format!("{statement} was not restored: {reason}"));
            }
        }
        Ok(notices)
    }

    /// Drops it with all its sessions, however the work in it was `done`.
    pub(super) async fn end<T>(self, done: Result<T, RestoreError>) -> Result<T, RestoreError> {
        let Err(reason) = self.maintenance.discard(&self.name).await else {
            return done;
        };
        let leftover = not_dropped(&self.name, &reason);
        Err(match done {
            Ok(_) => RestoreError::NotDropped(leftover),
            Err(error) => RestoreError::Leftover {
                error: Box::new(error),
                leftover,
            },
        })
    }
}

async fn create_in_utf8(
    maintenance: &Maintenance,
    quoted_name: &str,
) -> Result<(), tokio_postgres::Error> {
    let create = format!("CREATE DATABASE {quoted_name} TEMPLATE template0 ENCODING 'UTF8'");
    maintenance.batch_execute(&create).await
}

/// What the archive says of its database after the name: template, encoding, locale.
fn properties(archive: &[Entry]) -> Option<&str> {
    let database = archive.iter().find(|entry| entry.kind == Kind::Database)?;
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
        "the database has encoding UTF8 and the server's default locale, because the server lacks \
         the backup's ({}); texts may sort in another order",
        server_message(error)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::restore::samples::entry;
    use pgarchive::Section;

    #[test]
    fn a_database_is_made_as_the_archive_says_under_another_name() {
        let mut database = entry(1, Kind::Database, Section::PreData, &[]);
        database.tag = "it's \"one\"".into();
        database.definition = "CREATE DATABASE \"it's \"\"one\"\"\" WITH TEMPLATE = template0 \
                               ENCODING = 'LATIN1';\n"
            .into();
        let archive = [entry(2, Kind::Table, Section::PreData, &[]), database];
        let expected = Some("TEMPLATE = template0 ENCODING = 'LATIN1'");
        assert_eq!(properties(&archive), expected);
        assert_eq!(properties(&archive[..1]), None);
    }
}
