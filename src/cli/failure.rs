//! Why a verb failed, and the exit code of the failure.

use thiserror::Error;

use crate::database::MigrationError;
use crate::doctor::DoctorError;
use crate::environment::SettingError;
use crate::exit::{self, Exit};
use crate::local::LocalError;

#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(
        "cannot listen on 127.0.0.1:{port} ({error}); stop the program that uses the port, or choose another \
         port with --port"
    )]
    Bind { port: u16, error: std::io::Error },
    #[error("cannot start the program: {0}")]
    Start(#[from] std::io::Error),
    #[error("{0}")]
    Migrate(#[from] MigrationError),
    #[error(transparent)]
    Local(#[from] LocalError),
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    /// Of `backup`, `scale` and `notify`.
    #[error(transparent)]
    Verb(#[from] exit::Failure),
    #[error("{function} failed: {reason}")]
    Timer { function: String, reason: String },
    #[error("{function} did not run: {reason}")]
    Elsewhere { function: String, reason: String },
    #[error("interrupted")]
    Interrupted,
    #[error(
        "ended at once, by a second signal; `magnusapi backup prune` and the next restore delete remaining \
         files and databases"
    )]
    SecondSignal,
}

impl Failure {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Failure::Setting(_) | Failure::Local(LocalError::Settings(_)) => Exit::Usage,
            Failure::Verb(failure) => failure.exit,
            Failure::Elsewhere { .. } => Exit::Refused,
            Failure::Interrupted | Failure::SecondSignal => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }
}
