//! The services that the app needs on this machine: PostgreSQL and Azure Storage.

use std::path::Path;
use std::process::ExitCode;

use super::database::{self, Database};
use super::process_group::ProcessGroup;
use super::settings;
use super::stop::Stop;
use super::{lock_checkout, storage, until_stopped, wait_for_stop};
use crate::workspace::Workspace;

/// Run the services of the app, without the app, until Ctrl-C
///
/// Opens the local PostgreSQL (its data stays), starts Azurite, and writes the addresses of both into
/// local.settings.json, beside the settings that the file already has. Then, in another terminal:
///
///     cargo build
///     func start --script-root functions
///
/// With `DATABASE_URL` or `PGHOST` set, that database is used instead of the local one.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ServicesArguments {}

/// Starts the services, and waits for Ctrl-C or for one that ends by itself.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let _lock = lock_checkout(workspace)?;
    let azurite = storage::prepare(workspace, true)?;
    let stop = Stop::listen()?;
    until_stopped(&stop, || {
        let mut group = ProcessGroup::new()?;
        let _services = Services::start(workspace, azurite.as_deref(), &mut group, &stop)?;
        println!(
            "\n  cargo build\n  func start --script-root functions\n\nCtrl-C stops the services."
        );
        wait_for_stop(&mut group, &stop)
    })
}

/// The running services. The database ends with this value, and the storage with its group.
pub(super) struct Services {
    _database: Option<Database>,
}

impl Services {
    /// Starts both, and writes their addresses into local.settings.json.
    pub(super) fn start(
        workspace: &Workspace,
        azurite: Option<&Path>,
        group: &mut ProcessGroup,
        stop: &Stop,
    ) -> anyhow::Result<Services> {
        let database = database::open()?;
        let storage = match azurite {
            Some(azurite) => Some(storage::start(workspace, azurite, group, stop)?),
            None => None,
        };
        let url = match &database {
            Some(database) => Some(database.url()),
            None => database::named_url(),
        };
        settings::write(workspace.root(), url.as_deref(), storage.as_deref())?;
        Ok(Services {
            _database: database,
        })
    }
}
