//! A temporary database: made, filled, and renamed or dropped. No application knows its name.

use tokio_postgres::error::SqlState;

use super::error::{RestoreError, at};
use super::left_out::LeftOut;
use super::load::{self, Rows};
use super::maintenance::{Maintenance, not_dropped};
use super::options::Options;
use super::plan::Plan;
use super::prepare::Prepared;
use super::progress::Progress;
use super::source::{Backup, Content};
use super::{Report, session};
use crate::backup::archive::Entry;
use crate::backup::catalog::quoted;
use crate::database::{Server, Session, server_message};

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
    /// `owner` is the database's owner, which from PostgreSQL 15 on is the one that may create in
    /// schema public.
    pub(super) async fn create(
        maintenance: &'a Maintenance,
        name: String,
        archive: &[Entry],
        owner: Option<&str>,
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
        if let Some(owner) = owner {
            let give = format!("ALTER DATABASE {quoted_name} OWNER TO {}", quoted(owner));
            if let Err(error) = maintenance.batch_execute(&give).await {
                temporary.discard().await;
                return Err(at(doing)(error));
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
        backup: &Backup<'_, C>,
        server: &Server,
        prepared: &Prepared,
        options: &Options,
        progress: &Progress,
    ) -> Result<Report, RestoreError> {
        let mut sessions = Vec::new();
        for _ in 0..options.jobs.max(1) {
            let session = session::connect(server, &self.name).await?;
            session::prepare(&session).await?;
            session::commit_without_waiting(&session).await?;
            sessions.push(session);
        }
        let (plan, rows) = (&prepared.plan, Rows::Alone);
        let left_out = LeftOut::new(options.go_on);
        let verification =
            load::and_verify(&sessions, backup, plan, rows, &left_out, options, progress).await?;
        let notices = load::analyze(&sessions[0], plan).await;
        Ok(Report {
            verification,
            left_out: left_out.told(),
            notices,
            ..Report::default()
        })
    }

    /// Gives it what the database that was backed up itself has. Returns what could not be given:
    /// some settings are a superuser's alone.
    pub(super) async fn furnish(&self, archive: &[Entry], plan: &Plan) -> Vec<String> {
        let original = archive.iter().find(|entry| entry.kind == "DATABASE");
        let original = original.map_or_else(String::new, |entry| quoted(&entry.tag));
        let mut notices = Vec::new();
        for step in &plan.database {
            let statement = step.sql.replacen(
                &format!("DATABASE {original}"),
                &format!("DATABASE {}", quoted(&self.name)),
                1,
            );
            if let Err(error) = self.maintenance.batch_execute(&statement).await {
                let reason = server_message(&error);
                notices.push(format!(
                    "{} was not restored: {reason}",
                    step.sql.trim_end_matches(';')
                ));
            }
        }
        notices
    }

    /// Makes all that the plan makes but rows.
    pub(super) async fn define(
        &self,
        server: &Server,
        plan: &Plan,
    ) -> Result<Session, RestoreError> {
        let session = session::connect(server, &self.name).await?;
        session::prepare(&session).await?;
        load::define(&session, plan).await?;
        Ok(session)
    }

    /// Drops it, with all its sessions; returns why it is still there, if it is.
    pub(super) async fn discard(self) -> Option<String> {
        let dropped = self.maintenance.discard(&self.name).await;
        dropped.err().map(|reason| not_dropped(&self.name, &reason))
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
        "the database has encoding UTF8 and the server's default locale, because the server lacks \
         the backup's ({}); texts may sort in another order",
        server_message(error)
    )
}

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
}
