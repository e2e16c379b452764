//! A temporary database: made, filled, and renamed or dropped. No application knows its name.

use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at, has_ended};
use super::load::{self, Transaction};
use super::maintenance::Maintenance;
use super::plan::{Phase, Plan, about};
use super::report::Report;
use super::session;
use super::source::Job;
use crate::backup::catalog::quoted;
use crate::database::{Session, server_message};
use pgarchive::{Entry, Kind};

/// A temporary database.
pub(super) struct Temporary<'a> {
    job: &'a Job<'a>,
    maintenance: &'a Maintenance,
    plan: &'a Plan,
    pub(super) name: String,
    /// Notes about its differences from the database that was backed up.
    pub(super) notices: Vec<String>,
}

impl<'a> Temporary<'a> {
    /// Makes it from template0, so that it has nothing that an administrator put into template1.
    /// Encoding and locale are those of the database that was backed up, where the server has them.
    /// It has its owner from the start: from PostgreSQL 15 on, only that may create in schema public.
    pub(super) async fn create(
        job: &'a Job<'a>,
        maintenance: &'a Maintenance,
        plan: &'a Plan,
        name: String,
    ) -> Result<Self, RestoreError> {
        let failed = || at(format!("DATABASE {name}"));
        let owner = plan.database_owner.as_deref();
        let owner = owner.map_or_else(String::new, |it| format!("OWNER = {} ", quoted(it)));
        let create = |properties: &str| {
            let name = quoted(&name);
            let create = format!("CREATE DATABASE {name} WITH {owner}{properties}");
            async move { maintenance.batch_execute(&create).await }
        };
        let default = "TEMPLATE = template0 ENCODING = 'UTF8'";
        let mut notices = Vec::new();
        match create(properties(job.backup.entries).unwrap_or(default)).await {
            Err(error) if is_unknown_locale(&error) => {
                create(default).await.map_err(failed())?;
                notices.push(format!(
                    "the database has encoding UTF8 and the server's default locale, because the \
                     server lacks the backup's ({}); texts may sort in another order",
                    server_message(&error)
                ));
            }
            created => created.map_err(failed())?,
        }
        Ok(Temporary {
            job,
            maintenance,
            plan,
            name,
            notices,
        })
    }

    /// Loads the backup into it and verifies it.
    pub(super) async fn fill(&self) -> Result<Report, RestoreError> {
        let mut sessions = Vec::new();
        for _ in 0..self.job.options.jobs.max(1) {
            let session = self.session().await?;
            // The commit of the rename waits for all that was written before.
            let no_wait = session.batch_execute("SET synchronous_commit = off").await;
            no_wait.map_err(at("the session's settings"))?;
            sessions.push(session);
        }
        let filling = load::fill(self.job, &sessions, self.plan, Transaction::OfEachTable);
        let mut report = filling.await?;
        let notices = load::analyze(&sessions, self.plan).await;
        report.notices.extend(notices);
        Ok(report)
    }

    /// A session in it with the archive's settings.
    pub(super) async fn session(&self) -> Result<Session, RestoreError> {
        let session = session::connect(self.job.server, &self.name).await?;
        load::run(&session, self.plan.steps(Phase::Settings)).await?;
        Ok(session)
    }

    /// Gives it the properties of the database that was backed up: comment, grants, limit and settings.
    /// A note names each that the server rejects: some settings need a superuser.
    pub(super) async fn set_properties(&mut self) -> Result<(), RestoreError> {
        for statement in &self.plan.database {
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
        Err(RestoreError::Failed(match done {
            Ok(_) => format!("the backup restores, but {leftover}"),
            Err(error) => format!("{error}; {leftover}"),
        }))
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
