//! The Functions host that runs the app.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use ureq::Agent;

use super::overview::report;
use super::process_group::ProcessGroup;
use super::stop::Stop;
use super::{POLL, func};
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
    /// The requested one; else `func` if it is on PATH, else devhost.
    pub(super) fn choose(requested: Option<Self>) -> anyhow::Result<Self> {
        let is_installed = process::on_path("func").is_some();
        let host = match (requested, is_installed) {
            (Some(Self::Func), false) => bail!(
                "Azure Functions Core Tools are not installed: there is no `func` on PATH. Install them with \
                 `npm install --global azure-functions-core-tools@4`, or use `--host devhost`"
            ),
            (Some(requested), _) => requested,
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

    /// Begins to build the app, and the host if it is devhost.
    pub(super) fn build(self, workspace: &Workspace) -> anyhow::Result<Build> {
        report("build", "the app for this machine");
        let packages: &[&str] = match self {
            Self::Func => &["magnusapi"],
            Self::Devhost => &["magnusapi", "devhost"],
        };
        let mut cargo = compile::native(workspace, packages);
        let child = cargo
            .spawn()
            .map_err(|error| process::not_started(&cargo, &error))?;
        Ok(Build {
            cargo,
            child,
            program: built_program(workspace),
        })
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

/// A build. Cargo ends with this value.
pub(super) struct Build {
    cargo: Command,
    child: Child,
    program: PathBuf,
}

impl Build {
    /// Waits for the program.
    pub(super) fn finish(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let status = loop {
            let ended = self.child.try_wait();
            if let Some(status) = ended.context("cannot wait for cargo")? {
                break status;
            }
            if stop.is_requested() {
                bail!("stopped before the build ended");
            }
            stop.wait(POLL);
        };
        process::succeeded(&self.cargo, status)?;
        require_program(&self.program)
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The setting that replaces the program's path in `host.json`.
const PROGRAM: &str = "AzureFunctionsJobHost__customHandler__description__defaultExecutablePath";

/// The program, if `CARGO_TARGET_DIR` is another folder than the target of the link in `functions/`.
fn program_elsewhere(workspace: &Workspace) -> Option<PathBuf> {
    let built = built_program(workspace);
    let linked = workspace.functions().join(layout::BINARY);
    (linked.canonicalize().ok() != built.canonicalize().ok()).then_some(built)
}

pub(super) fn built_program(workspace: &Workspace) -> PathBuf {
    workspace.target().join("debug").join(layout::BINARY)
}

/// A host that cannot execute its program reports that in one line among many, and lets each request wait
/// for two minutes.
fn require_program(program: &Path) -> anyhow::Result<()> {
    if !process::is_executable(program) {
        bail!(
            "there is no program at {} after the build: run `cargo build` and read its output",
            program.display()
        );
    }
    Ok(())
}

/// Waits until the program responds through the host. A host that cannot run its program still listens, and lets
/// each request wait.
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
            bail!("stopped before the app responded at {url}");
        }
        if Instant::now() > deadline {
            bail!(
                "the host runs, but the program did not respond at {url} within {} s ({error}); see the \
                 host's lines above",
                limit.as_secs()
            );
        }
        stop.wait(POLL);
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
    fn host_without_its_program_is_reported() {
        // Like the host, it accepts connections and lets each request wait.
        let host = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = host.local_addr().unwrap().port();
        let stop = Stop::default();
        let mut group = ProcessGroup::new().unwrap();
        let limit = Duration::from_millis(200);
        let error = wait_for_program(port, limit, &mut group, &stop).unwrap_err();
        assert!(error.to_string().contains("did not respond"), "{error}");
    }
}
