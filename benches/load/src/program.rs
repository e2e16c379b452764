//! The servers that are measured: their names and commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::database::Database;

/// A server that can be started.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// This project's, with a name for each build.
    Magnusapi { name: &'static str, binary: PathBuf },
    /// The smallest server, likewise.
    Bare { name: &'static str, binary: PathBuf },
    /// Flask behind gunicorn, from its environment's folder.
    Flask {
        environment: PathBuf,
        app: PathBuf,
        workers: usize,
    },
    /// Fastify, from the folder with its modules.
    Fastify { folder: PathBuf },
}

impl Program {
    /// Its name in a table.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Program::Magnusapi { name, .. } | Program::Bare { name, .. } => name,
            Program::Flask { .. } => "Flask",
            Program::Fastify { .. } => "Fastify",
        }
    }

    /// The binary of a build of this project's program.
    ///
    /// # Errors
    /// If it is another program.
    pub(crate) fn binary(&self) -> anyhow::Result<&Path> {
        match self {
            Program::Magnusapi { binary, .. } => Ok(binary),
            other => bail!("{} is not the program", other.name()),
        }
    }

    /// The command that serves `database` on 127.0.0.1 at `port`.
    ///
    /// Each runs with its own defaults for production. magnusapi thus writes a line of log for
    /// each request, and the others write none.
    pub(crate) fn command(&self, port: u16, database: &Database) -> Command {
        match self {
            Program::Magnusapi { binary, .. } => {
                let mut command = Command::new(binary);
                command
                    .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
                    .env("DATABASE_URL", database.url());
                command
            }
            Program::Bare { binary, .. } => {
                let mut command = Command::new(binary);
                command.env("PORT", port.to_string());
                command
            }
            Program::Flask {
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
                    .env("SQLALCHEMY_DATABASE_URI", "postgresql+psycopg2:///")
                    .envs(database.variables());
                command
            }
            Program::Fastify { folder } => {
                let mut command = Command::new("node");
                command
                    .arg("server.js")
                    .current_dir(folder)
                    .env("NODE_ENV", "production")
                    .env("PORT", port.to_string())
                    .envs(database.variables());
                command
            }
        }
    }
}
