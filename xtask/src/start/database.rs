//! The database: the one that the environment names, else the local one whose data stays.

use std::env;

use localpg::{Durable, Programs};

/// A server of our own, kept running for as long as this value lives.
pub(super) struct Database {
    server: Durable,
}

impl Database {
    /// What the app needs to know as its `DATABASE_URL`.
    pub(super) fn url(&self) -> String {
        self.server.url("postgres")
    }
}

/// The address that `DATABASE_URL` names in this shell, for the host of another one.
pub(super) fn named_url() -> Option<String> {
    env::var("DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// Opens the local database, unless the environment names another: the app inherits that.
///
/// `cargo run` of the app opens the same one, so that both show the same items.
pub(super) fn open() -> anyhow::Result<Option<Database>> {
    for name in ["DATABASE_URL", "PGHOST"] {
        if env::var_os(name).is_some_and(|value| !value.is_empty()) {
            println!("database  the one that {name} names");
            return Ok(None);
        }
    }
    let folder = localpg::data_folder()?;
    let programs = Programs::find_or_fetch(&mut |line| println!("          {line}"))?;
    let server = Durable::open(&programs, &folder)?;
    println!(
        "database  PostgreSQL on this machine, its data in {}",
        folder.display()
    );
    Ok(Some(Database { server }))
}
