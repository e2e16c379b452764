//! The servers of other stacks, which `cargo xtask` installs.

use std::fs;
use std::thread;

use anyhow::Context;

use crate::program::Program;
use crate::workspace::Workspace;

/// The peers, or the reason for a missing one.
pub(crate) struct Peers {
    pub(crate) flask: Result<Program, String>,
    pub(crate) fastify: Result<Program, String>,
}

impl Peers {
    /// No peers, for sections that do not use them.
    pub(crate) fn unused() -> Peers {
        let reason = || Err("no section uses it".to_owned());
        Peers {
            flask: reason(),
            fastify: reason(),
        }
    }

    /// Installs the peers. A peer that cannot be installed is reported in every table that it belongs to.
    pub(crate) async fn install(workspace: &Workspace) -> Peers {
        let flask = flask(workspace).await.map_err(|error| format!("{error:#}"));
        let fastify = fastify(workspace).await;
        let peers = Peers {
            flask,
            fastify: fastify.map_err(|error| format!("{error:#}")),
        };
        for (name, peer) in [("Flask", &peers.flask), ("Fastify", &peers.fastify)] {
            if let Err(reason) = peer {
                println!("{name} is not measured: {reason}");
            }
        }
        peers
    }
}

async fn flask(workspace: &Workspace) -> anyhow::Result<Program> {
    let environment = workspace.peer("flask").await?;
    // gunicorn's own advice for its synchronous workers.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(Program::Flask {
        environment,
        app: workspace.file("benches/peers/flask"),
        workers: 2 * cores + 1,
    })
}

/// Node.js finds the modules of a script beside it.
async fn fastify(workspace: &Workspace) -> anyhow::Result<Program> {
    let folder = workspace.peer("fastify").await?;
    let script = workspace.file("benches/peers/fastify/server.js");
    fs::copy(&script, folder.join("server.js"))
        .with_context(|| format!("cannot copy {} to {}", script.display(), folder.display()))?;
    Ok(Program::Fastify { folder })
}
