//! Which Functions host runs the app, and how it is started.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use ureq::Agent;

use super::process_group::ProcessGroup;
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
        compile::native(workspace, packages)?;
        require_program(&built_program(workspace))
    }

    /// Starts it on `functions/`.
    pub(super) fn start(
        self,
        workspace: &Workspace,
        port: u16,
        group: &mut ProcessGroup,
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
        group.start(
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
    let built = built_program(workspace);
    let linked = workspace.functions().join(layout::BINARY);
    (linked.canonicalize().ok() != built.canonicalize().ok()).then_some(built)
}

fn built_program(workspace: &Workspace) -> PathBuf {
    workspace.target().join("debug").join(layout::BINARY)
}

/// A host that cannot execute its program reports that in one line among many, and lets each request wait
/// for two minutes.
fn require_program(program: &Path) -> anyhow::Result<()> {
    if !process::is_executable(program) {
        bail!(
            "the build left no program at {}: run `cargo build` and look at its output",
            program.display()
        );
    }
    Ok(())
}

/// Waits until the program answers behind the host. A host that cannot run its program serves its port all
/// the same, and lets each request wait.
pub(super) fn wait_for_program(
    port: u16,
    limit: Duration,
    group: &mut ProcessGroup,
    stop: &Stop,
) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{port}/health/live");
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(limit.min(Duration::from_secs(5))))
        .build()
        .into();
    let deadline = Instant::now() + limit;
    while let Err(error) = agent.get(&url).call() {
        group.check()?;
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_host_without_its_program_is_reported() {
        // Like the host, it takes connections and lets each request wait.
        let host = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = host.local_addr().unwrap().port();
        let stop = Stop::default();
        let mut group = ProcessGroup::new().unwrap();
        let limit = Duration::from_millis(200);
        let error = wait_for_program(port, limit, &mut group, &stop).unwrap_err();
        assert!(error.to_string().contains("did not answer"), "{error}");
    }
}
