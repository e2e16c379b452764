//! A temporary database: made, filled, and renamed or dropped. No application knows its name.

use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at, has_ended};
use super::load::{self, Rows};
use super::maintenance::Maintenance;
use super::plan::{Phase, Plan, about};
use super::report::Report;
use super::session;
use super::source::{Content, Job};
use crate::backup::catalog::quoted;
use crate::database::{Server, Session, server_message};
use pgarchive::{Entry, Kind};

/// A temporary database.
pub(super) struct Temporary<'a> {
    maintenance: &'a Maintenance,
    name: String,
    /// Notes about its differences from the database that was backed up.
    pub(super) notices: Vec<String>,
}

impl<'a> Temporary<'a> {
    /// Makes it from template0, so that it has nothing that an administrator put into template1.
    /// Encoding and locale are those of the database that was backed up, where the server has them.
    /// It gets its owner first: from PostgreSQL 15 on, only that may create in schema public.
    pub(super) async fn create(
        maintenance: &'a Maintenance,
        name: String,
        archive: &[Entry],
        plan: &Plan,
    ) -> Result<Temporary<'a>, RestoreError> {
        let step = format!("DATABASE {name}");
        let mut notices = Vec::new();
        let create = format!("CREATE DATABASE {} WITH ", quoted(&name));
        let default = "TEMPLATE = template0 ENCODING = 'UTF8'";
        let original = properties(archive).unwrap_or(default);
        if let Err(error) = maintenance
            .batch_execute(&format!("{create}{original}"))
            .await
        {
            if !is_unknown_locale(&error) {
                return Err(at(step)(error));
            }
            notices.push(format!(
                "the database has encoding UTF8 and the server's default locale, because the server \
                 lacks the backup's ({}); texts may sort in another order",
                server_message(&error)
            ));
            let created = maintenance
                .batch_execute(&format!("{create}{default}"))
                .await;
            created.map_err(at(&step))?;
        }
        let temporary = Temporary {
            maintenance,
            name,
            notices,
        };
        if let Some(owner) = &plan.database_owner {
            let (name, owner) = (quoted(&temporary.name), quoted(owner));
            let give = format!("ALTER DATABASE {name} OWNER TO {owner}");
            if let Err(error) = maintenance.batch_execute(&give).await {
                return temporary.end(Err(at(step)(error))).await;
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
        plan: &Plan,
    ) -> Result<Report, RestoreError> {
        let mut sessions = Vec::new();
        for _ in 0..job.options.jobs.max(1) {
            let session = self.session(job.server, plan).await?;
            // The commit of the rename waits for all that was written before.
            let no_wait = session.batch_execute("SET synchronous_commit = off").await;
            no_wait.map_err(at("the session's settings"))?;
            sessions.push(session);
        }
        let mut report = load::fill(job, &sessions, plan, Rows::Alone).await?;
        report
            .notices
            .extend(load::analyze(&sessions[0], plan).await);
        Ok(report)
    }

    /// A session in it with the archive's settings.
    pub(super) async fn session(
        &self,
        server: &Server,
        plan: &Plan,
    ) -> Result<Session, RestoreError> {
        let session = session::connect(server, &self.name).await?;
        load::run(&session, plan.steps(Phase::Settings)).await?;
        Ok(session)
    }

    /// Gives it the properties of the database that was backed up: comment, grants, limit and settings.
    /// A note names each that the server rejects: some settings need a superuser.
    pub(super) async fn set_properties(&mut self, plan: &Plan) -> Result<(), RestoreError> {
        for statement in &plan.database {
            let renamed = about(&self.name, statement);
            if let Err(error) = self.maintenance.batch_execute(&renamed).await {
                if has_ended(&error) {
                    return Err(at("the properties of the database")(error));
                }
                let reason = server_message(&error);
                let notice = format!("{statement} was not restored: {reason}");
                self.notices.push(notice);
            }
        }
        Ok(())
    }

    /// Drops it with all its sessions, after a success and after a failure.
    pub(super) async fn end<T>(self, done: Result<T, RestoreError>) -> Result<T, RestoreError> {
        let Err(leftover) = self.maintenance.discard(&self.name).await else {
            return done;
        };
        Err(match done {
            Ok(_) => RestoreError::Failed(format!("the backup restores, but {leftover}")),
            Err(error) => RestoreError::Leftover {
                error: Box::new(error),
                leftover,
            },
        })
    }
}

/// The archive's properties of its database: template, encoding, locale.
fn properties(archive: &[Entry]) -> Option<&str> {
    let database = archive.iter().find(|entry| entry.kind == Kind::Database)?;
    let create = format!("CREATE DATABASE {} WITH ", quoted(&database.tag));
    let properties = database.definition.strip_prefix(&create)?;
    Some(properties.trim_end().trim_end_matches(';'))
}

/// The server lacks the locale, or is too old or built without its provider.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::restore::samples::entry;
    use pgarchive::Section;

    #[test]
    fn a_database_gets_the_properties_of_the_archive() {
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
