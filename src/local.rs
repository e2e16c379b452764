//! The embedded default: a private PostgreSQL for a person who runs the program without a
//! database. Never under a Functions host.

use localpg::{Durable, Programs};
use thiserror::Error;

use crate::database::{Settings, SettingsError};
use crate::{environment, terminal};

/// The private database could not be started.
#[derive(Debug, Error)]
pub enum LocalError {
    /// The server.
    #[error("the private database cannot be started: {0}")]
    Server(#[from] localpg::Error),
    /// The settings beside the address.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The thread that started it.
    #[error("the private database cannot be started: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// The private server, which runs while this value lives and no other process uses it.
pub struct PrivateDatabase {
    cluster: Durable,
}

impl PrivateDatabase {
    /// Where the data lies, and whether another process shares it.
    pub fn description(&self) -> String {
        let shared = if self.cluster.started() {
            ""
        } else {
            ", shared with another process"
        };
        format!("{}{shared}", self.cluster.folder().display())
    }
}

/// Starts or joins the private server and answers the settings to reach it.
pub async fn start() -> Result<(Settings, PrivateDatabase), LocalError> {
    let cluster = tokio::task::spawn_blocking(|| {
        let programs = Programs::find_or_fetch(&mut |line| terminal::say(line))?;
        Durable::open(&programs, &localpg::data_folder()?)
    })
    .await??;
    let url = cluster.url("postgres");
    let settings = Settings::read(|name| match name {
        "DATABASE_URL" => Some(url.clone()),
        // The PG variables and the login mode are another server's.
        name if name.starts_with("PG") || name == "DATABASE_AUTH" => None,
        name => environment::variable(name),
    })?;
    let settings = settings.expect("DATABASE_URL is given, so a database is named");
    Ok((settings, PrivateDatabase { cluster }))
}
