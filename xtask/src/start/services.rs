//! The services that the app needs on this machine: PostgreSQL and Azure Storage.

use std::path::PathBuf;
use std::process::ExitCode;

use super::database::{self, Database};
use super::overview::Overview;
use super::process_group::ProcessGroup;
use super::samples::Samples;
use super::settings::LocalSettings;
use super::stop::Stop;
use super::storage::{self, Storage};
use super::{lock_checkout, until_stopped, wait_for_stop};
use crate::workspace::Workspace;

/// Run the services of the app, without the app, until Ctrl-C
///
/// Opens the local PostgreSQL (its data stays), starts Azurite, and writes the addresses of both into
/// local.settings.json, beside the settings that the file already has, and the samples, unless the file names
/// other databases to back up. Then, in another terminal:
///
///     cargo build
///     func start --script-root functions
///
/// With `DATABASE_URL` or `PGHOST` set, that database is used instead of the local one.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ServicesArguments {
    /// Without samples
    #[arg(long)]
    empty: bool,
}

/// Starts the services, and waits for Ctrl-C or for one that ends by itself.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: &ServicesArguments,
) -> anyhow::Result<ExitCode> {
    let _lock = lock_checkout(workspace)?;
    let needs = Needs::prepare(workspace, true, !arguments.empty)?;
    let stop = Stop::listen()?;
    until_stopped(&stop, || {
        let mut group = ProcessGroup::new()?;
        let mut overview = Overview::default();
        let _services = Services::start(workspace, &needs, &mut group, &stop, &mut overview)?;
        println!(
            "\n  cargo build\n  func start --script-root functions\n\nCtrl-C stops the services."
        );
        wait_for_stop(&mut group, &stop)
    })
}

/// The programs of the services, and what to start.
pub(super) struct Needs {
    azurite: Option<PathBuf>,
    /// It fetches PostgreSQL.
    python: Option<PathBuf>,
    samples: bool,
}

impl Needs {
    /// Installs the programs.
    pub(super) fn prepare(
        workspace: &Workspace,
        storage_is_required: bool,
        samples: bool,
    ) -> anyhow::Result<Needs> {
        Ok(Needs {
            azurite: storage::prepare(workspace, storage_is_required)?,
            python: database::prepare(workspace)?,
            samples,
        })
    }
}

/// The running services. The database ends with this value, and the storage with its group.
pub(super) struct Services {
    pub(super) settings: LocalSettings,
    _database: Option<Database>,
}

impl Services {
    /// Starts all, and writes their addresses into local.settings.json.
    pub(super) fn start(
        workspace: &Workspace,
        needs: &Needs,
        group: &mut ProcessGroup,
        stop: &Stop,
        overview: &mut Overview,
    ) -> anyhow::Result<Services> {
        let mut settings = LocalSettings::read(workspace.root())?;
        // Azurite starts while the database does.
        let storage = needs
            .azurite
            .as_ref()
            .map(|azurite| Storage::start(workspace, azurite, group, overview));
        let storage = storage.transpose()?;
        let database = database::open(needs.python.as_deref(), overview)?;
        match &storage {
            Some(storage) => settings.set(STORAGE, &storage.connection()),
            None => settings.remove(STORAGE),
        }
        let url = match &database {
            Some(database) => Some(database.url()),
            None => database::named_url(),
        };
        if let Some(url) = url {
            settings.set("DATABASE_URL", &url);
        }
        let samples = match &database {
            Some(database) if needs.samples && Samples::fit(&settings) => {
                Some(Samples::create(workspace.root(), database)?)
            }
            _ => None,
        };
        match &samples {
            Some(samples) => {
                samples.name_in(&mut settings);
                overview.add("samples", Samples::description());
                overview.has_samples = true;
            }
            None => Samples::remove_from(&mut settings)?,
        }
        settings.write()?;
        overview.add("settings", "local.settings.json");
        if let Some(storage) = storage {
            storage.wait(group, stop)?;
        }
        Ok(Services {
            settings,
            _database: database,
        })
    }
}

/// The host's own storage.
const STORAGE: &str = "AzureWebJobsStorage";
