//! Which Functions host runs the app, and how it is started.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use ureq::Agent;

use super::leash::Leash;
use super::stop::Stop;
use super::{LOOK, func};
use crate::workspace::Workspace;
use crate::{compile, layout, process};

/// A Functions host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Host {
    /// Azure Functions Core Tools, the host that also runs in Azure
    Func,
    /// The host in this workspace, which needs no installation
    Devhost,
}

impl Host {
    /// The one asked for; else `func` if it is on PATH, else devhost.
    pub(super) fn choose(asked: Option<Self>) -> anyhow::Result<Self> {
        let is_installed = process::on_path("func").is_some();
        let host = match (asked, is_installed) {
            (Some(Self::Func), false) => bail!(
                "Azure Functions Core Tools are not here: there is no `func` on PATH. Install them with \
                 `npm install --global azure-functions-core-tools@4`, or use `--host devhost`"
            ),
            (Some(asked), _) => asked,
            (None, true) => Self::Func,
            (None, false) => Self::Devhost,
        };
        if host == Self::Func {
            func::require_version()?;
        }
        Ok(host)
    }

    /// Whether it refuses to run timers without Azure Storage.
    pub(super) fn needs_storage(self) -> bool {
        self == Self::Func
    }

    /// Builds the app, and the host if it is ours.
    pub(super) fn prepare(self, workspace: &Workspace) -> anyhow::Result<()> {
        println!("build     the app for this machine");
        let packages: &[&str] = match self {
            Self::Func => &["magnusapi"],
            Self::Devhost => &["magnusapi", "devhost"],
        };
        compile::native(workspace, packages).map(drop)
    }

    /// Starts it on `functions/`.
    pub(super) fn start(
        self,
        workspace: &Workspace,
        port: u16,
        leash: &mut Leash,
    ) -> anyhow::Result<()> {
        let port = port.to_string();
        let mut command = match self {
            Self::Func => Command::new("func"),
            Self::Devhost => Command::new(workspace.target().join("debug/devhost")),
        };
        match self {
            Self::Func => command.args(["start", "--port", &port]),
            Self::Devhost => command
                .arg("--app")
                .arg(workspace.functions())
                .args(["--port", &port])
                .arg("--state")
                .arg(workspace.target().join("devhost-state")),
        };
        if let Some(program) = program_elsewhere(workspace) {
            command.env(PROGRAM, program);
        }
        leash.start(
            &self.to_string(),
            command.current_dir(workspace.functions()),
        )
    }
}

/// The host's setting for the program to run, in place of the one in `host.json`.
const PROGRAM: &str = "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath";

/// The program, where `CARGO_TARGET_DIR` puts it in another folder than the one that the link in `functions/`
/// leads to.
fn program_elsewhere(workspace: &Workspace) -> Option<PathBuf> {
    let built = workspace.target().join("debug").join(layout::BINARY);
    let linked = workspace.functions().join(layout::BINARY);
    (linked.canonicalize().ok() != built.canonicalize().ok()).then_some(built)
}

/// Waits until the program answers behind the host. A host that cannot run its program serves its port all
/// the same, and lets each request wait.
pub(super) fn wait_for_program(
    port: u16,
    limit: Duration,
    leash: &mut Leash,
    stop: &Stop,
) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{port}/health/live");
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into();
    let deadline = Instant::now() + limit;
    while let Err(error) = agent.get(&url).call() {
        leash.check()?;
        if stop.is_requested() {
            bail!("stopped before the app answered at {url}");
        }
        if Instant::now() > deadline {
            bail!(
                "the host runs, but the program behind it did not answer at {url} within {} s ({error}); the \
                 host's lines above say why",
                limit.as_secs()
            );
        }
        stop.wait(LOOK);
    }
    Ok(())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::Devhost => "devhost",
        })
    }
}
