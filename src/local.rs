//! The embedded default: a private PostgreSQL for a person who runs the program without a database. It never
//! starts under a Functions host.

use localpg::{Durable, Programs};

use crate::database::Settings;
use crate::exit::{Exit, Failure};
use crate::{environment, terminal};

/// The private server. It stops when this value is dropped, unless another process uses it.
pub struct PrivateDatabase {
    cluster: Durable,
    /// The settings to connect to it.
    pub settings: Settings,
}

impl PrivateDatabase {
    /// The folder of the data, and whether another process shares it.
    pub fn description(&self) -> String {
        let shared = if self.cluster.started() {
            ""
        } else {
            ", shared with another process"
        };
        format!("{}{shared}", self.cluster.folder().display())
    }
}

/// Starts the private server, or joins the running one.
pub(crate) async fn start() -> Result<PrivateDatabase, Failure> {
    let open = || {
        let programs = Programs::find_or_fetch(&mut |line| terminal::say(line))?;
        Durable::open(&programs, &localpg::data_folder()?)
    };
    let cluster = tokio::task::spawn_blocking(open).await;
    let cluster = cluster
        .expect("opening it does not panic")
        .map_err(|error| {
            let text = format!("cannot start the private database: {error}");
            Failure::new(Exit::Failed, text)
        })?;
    let url = cluster.url("postgres");
    let settings = Settings::read(|name| match name {
        "DATABASE_URL" => Some(url.clone()),
        // The PG variables and the login mode are for another server.
        name if name.starts_with("PG") || name == "DATABASE_AUTH" => None,
        name => environment::variable(name),
    })?;
    let settings = settings.expect("DATABASE_URL names a database");
    Ok(PrivateDatabase { cluster, settings })
}
