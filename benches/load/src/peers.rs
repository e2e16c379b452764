//! The servers of other stacks: installed once below `target/tools`, or missing for a reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::process;
use crate::program::Program;
use crate::workspace::Workspace;

/// Written into a peer's folder as the very last thing: no stamp, or one of other pins, and it is
/// installed anew.
const STAMP: &str = ".installed";

/// The peers that run here.
pub(crate) struct Peers {
    pub(crate) flask: Result<Program, String>,
    pub(crate) fastify: Result<Program, String>,
}

impl Peers {
    /// None, for sections that have no use for them.
    pub(crate) fn left_out() -> Peers {
        let reason = || Err("no section asks for it".to_owned());
        Peers {
            flask: reason(),
            fastify: reason(),
        }
    }

    /// Installs what is not there yet, and says so. A peer that cannot be installed is told of in
    /// every table that it belongs to.
    pub(crate) async fn install(workspace: &Workspace) -> Peers {
        let flask = flask(workspace).await.map_err(|error| format!("{error:#}"));
        let fastify = fastify(workspace).await;
        let peers = Peers {
            flask,
            fastify: fastify.map_err(|error| format!("{error:#}")),
        };
        for (name, peer) in [("Flask", &peers.flask), ("Fastify", &peers.fastify)] {
            if let Err(reason) = peer {
                println!("{name} is not run: {reason}");
            }
        }
        peers
    }
}

async fn flask(workspace: &Workspace) -> anyhow::Result<Program> {
    let app = workspace.file("benches/peers/flask");
    let requirements = app.join("requirements.txt");
    let environment = workspace.tools().join("peer-flask");
    let pins =
        fs::read(&requirements).context("cannot read benches/peers/flask/requirements.txt")?;
    if !is_whole(&environment, &pins) {
        println!("installing Flask and gunicorn from PyPI into target/tools: a peer to measure");
        clear(&environment)?;
        let mut venv = Command::new("python3");
        let venv = process::run(venv.args(["-m", "venv"]).arg(&environment)).await;
        venv.context("it needs Python 3.11 or newer with its venv module")?;
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.args(["--no-input", "--only-binary", ":all:", "--require-hashes"]);
        process::run(pip.arg("--requirement").arg(&requirements)).await?;
        stamp(&environment, &pins)?;
    }
    // gunicorn's own advice for its synchronous workers.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(Program::Flask {
        environment,
        app,
        workers: 2 * cores + 1,
    })
}

async fn fastify(workspace: &Workspace) -> anyhow::Result<Program> {
    let sources = workspace.file("benches/peers/fastify");
    let folder = workspace.tools().join("peer-fastify");
    let mut pins = Vec::new();
    for file in ["package.json", "package-lock.json", "server.js"] {
        let path = sources.join(file);
        let read = fs::read(&path);
        pins.extend(read.with_context(|| format!("cannot read {}", path.display()))?);
    }
    if !is_whole(&folder, &pins) {
        println!(
            "installing Fastify and node-postgres from npm into target/tools: a peer to measure"
        );
        clear(&folder)?;
        fs::create_dir_all(&folder).with_context(|| cannot("create", &folder))?;
        for file in ["package.json", "package-lock.json", "server.js"] {
            fs::copy(sources.join(file), folder.join(file))
                .context("cannot copy a file of Fastify's")?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--omit=dev", "--ignore-scripts", "--no-audit"]);
        npm.args(["--no-fund", "--loglevel=error"])
            .current_dir(&folder);
        let installed = process::output(&mut npm).await;
        installed.context("it needs Node.js 20 or newer with npm")?;
        stamp(&folder, &pins)?;
    }
    let node = process::output(Command::new("node").arg("--version")).await?;
    if node.is_empty() {
        bail!("`node --version` says nothing: put Node.js 20 or newer on PATH");
    }
    Ok(Program::Fastify { folder })
}

fn is_whole(folder: &Path, pins: &[u8]) -> bool {
    fs::read(folder.join(STAMP)).is_ok_and(|stamp| stamp == pins)
}

fn stamp(folder: &Path, pins: &[u8]) -> anyhow::Result<()> {
    let stamp: PathBuf = folder.join(STAMP);
    fs::write(&stamp, pins).with_context(|| cannot("write", &stamp))
}

fn clear(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| cannot("remove", folder))?;
    }
    Ok(())
}

fn cannot(what: &str, path: &Path) -> String {
    format!("cannot {what} {}", path.display())
}
