//! The servers that are measured: their names and commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::database::Database;

/// A server that can be started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its name in a table.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// This project's.
    Magnusapi { binary: PathBuf },
    /// One that needs only `PORT` and libpq's variables: the smallest server, and axum.
    Plain { binary: PathBuf },
    /// Flask behind gunicorn, from its environment's folder.
    Flask {
        environment: PathBuf,
        app: PathBuf,
        workers: usize,
    },
    /// Fastify, from the folder with its modules.
    Fastify { folder: PathBuf, pipelines: bool },
}

impl Program {
    /// The binary of a build of this project's program.
    ///
    /// # Errors
    /// If it is another program.
    pub(crate) fn binary(&self) -> anyhow::Result<&Path> {
        match &self.kind {
            Kind::Magnusapi { binary } => Ok(binary),
            _ => bail!("{} is not the program", self.name),
        }
    }

    /// The command that serves `database` on 127.0.0.1 at `port`.
    ///
    /// Each runs with its own defaults for production. magnusapi thus writes log lines, and the others write none.
    pub(crate) fn command(&self, port: u16, database: &Database) -> Command {
        let mut command = match &self.kind {
            Kind::Magnusapi { binary } => {
                let mut command = Command::new(binary);
                command
                    .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
                    .env("DATABASE_URL", database.url());
                return command;
            }
            Kind::Plain { binary } => Command::new(binary),
            Kind::Flask {
                environment,
                app,
                workers,
            } => {
                let mut command = Command::new(environment.join("bin/gunicorn"));
                command
                    .arg(format!("--workers={workers}"))
                    .arg(format!("--bind=127.0.0.1:{port}"))
                    .arg("app:app")
                    .current_dir(app)
                    .env("PYTHONDONTWRITEBYTECODE", "1")
                    // The rest of the address comes from libpq's variables.
                    .env("SQLALCHEMY_DATABASE_URI", "postgresql+psycopg2:///");
                command
            }
            Kind::Fastify { folder, pipelines } => {
                let mut command = Command::new("node");
                command
                    .arg("server.js")
                    .current_dir(folder)
                    .env("NODE_ENV", "production")
                    .envs(pipelines.then_some(("PIPELINE", "1")));
                command
            }
        };
        command.env("PORT", port.to_string());
        command.envs(database.variables());
        command
    }
}
