//! `cargo xtask start`: runs the app on this machine, with its services. `cargo xtask services`: runs only the
//! services.
//!
//! The order is: storage, database, samples, settings, host, first runs. The build begins first, and ends before the
//! host starts. The host runs in `functions/`, as `func start
//! --script-root functions` does. Every process that it starts is a member of one [`ProcessGroup`], so none outlives
//! this process, however this process ends.

mod database;
mod first_runs;
mod func;
mod host;
mod overview;
mod process_group;
mod samples;
mod services;
mod settings;
mod stop;
mod storage;

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use fs_err as fs;

use crate::workspace::Workspace;
use first_runs::RunningApp;
use host::{Build, Host};
use overview::Overview;
use process_group::ProcessGroup;
use services::{Needs, Services};
use stop::Stop;

pub(crate) use services::{ServicesArguments, run as services};

/// Run the app locally, with a database, storage and a Functions host, until Ctrl-C
///
/// Builds the app for this machine, opens the local PostgreSQL (its data stays), starts Azurite, writes the
/// addresses of both into local.settings.json, and runs the Functions host in functions/. Ctrl-C stops all of
/// it.
///
/// The local PostgreSQL gets a sample database of Postfacto, with which the app shows its backups, and the app a
/// sample schedule. The first start makes the first backup and restores it on trial. There are no samples if
/// local.settings.json names other databases to back up.
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
    /// The port on 127.0.0.1 that the app is served on
    #[arg(long, default_value_t = 7071, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Without samples
    #[arg(long)]
    empty: bool,
}

/// The pause between two checks of the processes and of the stop signal.
const POLL: Duration = Duration::from_millis(100);

/// The longest start of a host on a slow machine, and of the program behind it.
const START: Duration = Duration::from_mins(1);

/// Starts everything, and waits for Ctrl-C or for a process that ends by itself.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let host = Host::choose(arguments.host)?;
    let _lock = lock_checkout(workspace)?;
    require_free(arguments.port)?;
    let mut build = host.build(workspace)?;
    let needs = Needs::prepare(workspace, host.needs_storage(), !arguments.empty)?;
    // Until here, a signal may end this process at once: it has started only the build, which ends by itself.
    let stop = Stop::listen()?;
    until_stopped(&stop, || {
        serve(workspace, host, &mut build, arguments.port, &needs, &stop)
    })
}

/// Runs `work`, and reports its failure unless a stop was requested: an interrupt explains most failures.
fn until_stopped(
    stop: &Stop,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    if let Err(error) = work() {
        // A terminal's Ctrl-C also ends a program that the work waits for, perhaps before it is recorded here.
        stop.wait(POLL);
        if !stop.is_requested() {
            return Err(error);
        }
    }
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn serve(
    workspace: &Workspace,
    host: Host,
    build: &mut Build,
    port: u16,
    needs: &Needs,
    stop: &Stop,
) -> anyhow::Result<()> {
    let mut group = ProcessGroup::new()?;
    let mut overview = Overview::default();
    let services = Services::start(workspace, needs, &mut group, stop, &mut overview)?;
    build.finish(stop)?;
    let functions = workspace.shown(&workspace.functions());
    overview.add("host", format_args!("{host} in {functions}, port {port}"));
    host.start(workspace, port, &mut group)?;
    group.wait_for_port(port, START, stop)?;
    host::wait_for_program(port, START, &mut group, stop)?;
    if overview.has_samples {
        let mut app = RunningApp {
            program: host::built_program(workspace),
            port,
            settings: &services.settings,
            group: &mut group,
            stop,
        };
        match app.make_first_runs() {
            Ok(line) => overview.add("backups", line),
            Err(error) if stop.is_requested() => return Err(error),
            Err(error) => overview.add("backups", format_args!("the first one failed: {error:#}")),
        }
    }
    println!("\n{}\n", overview.summary(port));
    wait_for_stop(&mut group, stop)
}

/// Returns at the stop signal, or with an error when a process ends by itself.
fn wait_for_stop(group: &mut ProcessGroup, stop: &Stop) -> anyhow::Result<()> {
    while !stop.is_requested() {
        group.check()?;
        stop.wait(POLL);
    }
    println!("\nstopping");
    Ok(())
}

/// Two processes would write to the same storage and the same local.settings.json.
fn lock_checkout(workspace: &Workspace) -> anyhow::Result<File> {
    fs::create_dir_all(workspace.target())?;
    let lock = fs::File::create(workspace.target().join("start.lock"))?.into_file();
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_) => bail!(
            "`cargo xtask start` or `cargo xtask services` already runs in this checkout: stop it first"
        ),
    }
}

/// Called before the build, which takes a minute.
fn require_free(port: u16) -> anyhow::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .with_context(|| {
            format!(
                "port {port} on 127.0.0.1 cannot be used: free it, or choose another with --port"
            )
        })
}
