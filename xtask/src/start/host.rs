//! Which Functions host runs the app, and how it is started.

use std::fmt;
use std::process::Command;

use anyhow::bail;

use super::leash::Leash;
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
        match (asked, process::on_path("func").is_some()) {
            (Some(Self::Func), false) => bail!(
                "Azure Functions Core Tools are not here: there is no `func` on PATH. Install them with \
                 `npm install --global azure-functions-core-tools@4`, or use `--host devhost`"
            ),
            (Some(asked), _) => Ok(asked),
            (None, true) => Ok(Self::Func),
            (None, false) => Ok(Self::Devhost),
        }
    }

    /// Whether it refuses to run timers without Azure Storage.
    pub(super) fn needs_storage(self) -> bool {
        self == Self::Func
    }

    /// Builds the app, and the host if it is ours, and lays out the app folder.
    pub(super) fn prepare(self, workspace: &Workspace) -> anyhow::Result<()> {
        println!(
            "build     the app for this machine, into {}",
            workspace.shown(&workspace.app())
        );
        let packages: &[&str] = match self {
            Self::Func => &["magnusapi"],
            Self::Devhost => &["magnusapi", "devhost"],
        };
        let binary = compile::native(workspace, packages)?.join("magnusapi");
        layout::write(
            &layout::collect(workspace.root(), &binary)?,
            &workspace.app(),
        )
    }

    /// Starts it on the app folder.
    pub(super) fn start(
        self,
        workspace: &Workspace,
        port: u16,
        leash: &mut Leash,
    ) -> anyhow::Result<()> {
        let port = port.to_string();
        match self {
            Self::Func => {
                let mut func = Command::new("func");
                leash.start(
                    "func",
                    func.args(["start", "--port", &port])
                        .current_dir(workspace.app()),
                )
            }
            Self::Devhost => {
                let mut devhost = Command::new(workspace.target().join("debug/devhost"));
                devhost
                    .arg("--app")
                    .arg(workspace.app())
                    .args(["--port", &port]);
                devhost
                    .arg("--state")
                    .arg(workspace.target().join("devhost-state"));
                leash.start("devhost", devhost.current_dir(workspace.root()))
            }
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Func => "func",
            Self::Devhost => "devhost",
        })
    }
}
