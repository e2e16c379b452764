//! `cargo xtask start`: the app on this machine, with everything it needs.
//!
//! The order is: build, lay out, database, storage, settings, host. All that it starts hangs on one
//! [`Leash`], so nothing of it outlives this process, however this process ends.

mod database;
mod host;
mod leash;
mod settings;
mod stop;
mod storage;

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::workspace::Workspace;
use database::Database;
use host::Host;
use leash::Leash;
use stop::Stop;

/// Run the app locally, with a database, storage and a Functions host, until Ctrl-C
///
/// Builds the app for this machine, lays it out in target/app, opens the local PostgreSQL (its data
/// stays), starts Azurite, writes target/app/local.settings.json, and runs the Functions host there.
/// Ctrl-C stops all of it.
///
/// With `DATABASE_URL` or `PGHOST` set, that database is used instead of the local one. The local
/// one keeps its data in `$MAGNUSAPI_DATA`, else in /var/lib/magnusapi for root, else in
/// `$XDG_DATA_HOME/magnusapi` or ~/.local/share/magnusapi.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Azure's own host (Core Tools), or the one in this workspace [default: func if it is on PATH,
    /// else devhost]
    #[arg(long, value_enum)]
    host: Option<Host>,
    /// The port on 127.0.0.1 that the app answers at
    #[arg(long, default_value_t = 7071, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

/// How often we look whether something ended, and whether we are to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Starts everything, and waits for Ctrl-C or for a part that ends by itself.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let host = Host::choose(arguments.host)?;
    let _turn = only_one(workspace)?;
    require_free(arguments.port)?;
    host.prepare(workspace)?;
    let azurite = storage::prepare(workspace, host)?;
    // Until here a signal may end this process as it ends any: nothing runs yet that must be stopped.
    let stop = Stop::listen()?;
    match serve(workspace, host, arguments.port, azurite.as_deref(), &stop) {
        // What was interrupted may well have failed by that.
        Err(error) if !stop.is_requested() => Err(error),
        _ => {
            println!("stopped");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn serve(
    workspace: &Workspace,
    host: Host,
    port: u16,
    azurite: Option<&Path>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let app = workspace.app();
    let database = database::open()?;
    let mut leash = Leash::new()?;
    let storage = match azurite {
        Some(azurite) => Some(storage::start(workspace, azurite, &mut leash, stop)?),
        None => None,
    };
    let url = database.as_ref().map(Database::url);
    settings::write(workspace.root(), &app, url.as_deref(), storage.as_deref())?;
    println!("host      {host} in {}", workspace.shown(&app));
    host.start(workspace, port, &mut leash)?;
    leash.wait_for_port(port, Duration::from_mins(1), stop)?;
    println!("\n{}\n", addresses(port));
    while !stop.is_requested() {
        leash.check()?;
        stop.wait(LOOK);
    }
    println!("\nstopping");
    Ok(())
}

fn addresses(port: u16) -> String {
    let base = format!("http://127.0.0.1:{port}");
    format!(
        "  curl {base}/health\n  \
           curl {base}/item\n  \
           curl {base}/item --header 'Content-Type: application/json' --data '{{ \"name\": \"a new item\" }}'\n\n\
         Ctrl-C stops it."
    )
}

/// One at a time: two would lay out the same folder and write to the same storage.
fn only_one(workspace: &Workspace) -> anyhow::Result<File> {
    let path = workspace.target().join("start.lock");
    fs::create_dir_all(workspace.target())
        .with_context(|| format!("cannot create {}", workspace.target().display()))?;
    let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_) => bail!("`cargo xtask start` already runs in this checkout: stop it first"),
    }
}

/// Told before a minute of building, not after.
fn require_free(port: u16) -> anyhow::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .with_context(|| {
            format!(
                "port {port} on 127.0.0.1 cannot be used: free it, or choose another with --port"
            )
        })
}
