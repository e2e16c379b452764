//! The database: the one that the environment names, else a local one whose data stays.

use std::env;

use localpg::{Durable, Programs};

use super::report;

/// A local server, which runs until this value is dropped.
pub(super) struct Database {
    server: Durable,
}

impl Database {
    /// The value of `DATABASE_URL` for the app.
    pub(super) fn url(&self) -> String {
        self.server.url("postgres")
    }
}

/// The value of `DATABASE_URL` in this shell, for a host that another shell starts.
pub(super) fn named_url() -> Option<String> {
    env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// Opens the local database, unless the environment names another one, which the app inherits.
///
/// `cargo run` opens the same database, so both show the same items.
pub(super) fn open() -> anyhow::Result<Option<Database>> {
    for name in ["DATABASE_URL", "PGHOST"] {
        if env::var_os(name).is_some_and(|value| !value.is_empty()) {
            report("database", format_args!("the one that {name} names"));
            return Ok(None);
        }
    }
    let folder = localpg::data_folder()?;
    let programs = Programs::find_or_fetch(&mut |line| report("", line))?;
    let server = Durable::open(&programs, &folder)?;
    let place = folder.display();
    report(
        "database",
        format_args!("PostgreSQL on this machine, its data in {place}"),
    );
    Ok(Some(Database { server }))
}
