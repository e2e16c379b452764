//! The database: the one that the environment names, else a local one whose data stays.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use localpg::{Durable, Programs};

use super::overview::{Overview, report};
use crate::workspace::Workspace;
use crate::{process, tools};

/// A local server, which runs until this value is dropped.
pub(super) struct Database {
    programs: Programs,
    server: Durable,
}

impl Database {
    /// The value of `DATABASE_URL` for the app.
    pub(super) fn url(&self) -> String {
        self.server.url("postgres")
    }

    /// The address of `database` for another role.
    pub(super) fn url_for(&self, role: &str, database: &str) -> String {
        self.server.url_for(role, database)
    }

    /// Whether there is a database with this name, which needs no quotes.
    pub(super) fn has(&self, name: &str) -> anyhow::Result<bool> {
        let query = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        let mut psql = self.psql("postgres");
        psql.args(["--tuples-only", "--command", &query]);
        Ok(!process::stdout(&mut psql)?.trim().is_empty())
    }

    /// Executes statements in `database`, and discards their rows.
    pub(super) fn run(&self, database: &str, statements: &str) -> anyhow::Result<()> {
        let mut psql = self.psql(database);
        process::fed(psql.arg("--output=/dev/null"), statements)
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.path("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
            .arg("--dbname")
            .arg(self.server.url(database))
            .env("PGOPTIONS", "--client-min-messages=warning");
        psql
    }
}

/// The value of `DATABASE_URL` in this shell, for a host that another shell starts.
pub(super) fn named_url() -> Option<String> {
    env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// The variables that name another database, which the app inherits.
const OTHERS: [&str; 2] = ["DATABASE_URL", "PGHOST"];

fn other() -> Option<&'static str> {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    OTHERS.into_iter().find(is_set)
}

/// A Python that fetches PostgreSQL, if there is no PostgreSQL.
pub(super) fn prepare(workspace: &Workspace) -> anyhow::Result<Option<PathBuf>> {
    if other().is_some() || Programs::find().is_some() {
        return Ok(None);
    }
    let python = tools::PIP.install(workspace);
    python
        .map(Some)
        .context("cannot fetch PostgreSQL, which is not installed")
}

/// Opens the local database, unless the environment names another one.
///
/// `cargo run` opens the same database, so both show the same items.
pub(super) fn open(
    python: Option<&Path>,
    overview: &mut Overview,
) -> anyhow::Result<Option<Database>> {
    if let Some(name) = other() {
        overview.add("database", format_args!("the one that {name} names"));
        return Ok(None);
    }
    let folder = localpg::data_folder()?;
    let say = &mut |line: &str| report("", line);
    let programs = match python {
        Some(python) => Programs::find_or_fetch_by(python, say)?,
        None => Programs::find_or_fetch(say)?,
    };
    let server = Durable::open(&programs, &folder)?;
    let place = folder.display();
    overview.add(
        "database",
        format_args!("PostgreSQL on this machine, its data in {place}"),
    );
    Ok(Some(Database { programs, server }))
}
