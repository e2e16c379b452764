//! The servers of other stacks, which `cargo xtask` or cargo installs.

use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::Context;

use crate::program::{Kind, Program};
use crate::workspace::Workspace;

/// A peer, or the reason for which it is missing.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) program: Result<Program, String>,
}

/// Installs the peers. A peer that cannot be installed is reported in every table that it belongs to.
pub(crate) async fn install(workspace: &Workspace) -> Vec<Peer> {
    let flask = flask(workspace).await.map_err(|error| format!("{error:#}"));
    let fastify = fastify(workspace).await;
    let fastify = fastify.map_err(|error| format!("{error:#}"));
    let with = |pipelines| {
        let folder = fastify.clone();
        folder.map(|folder| Kind::Fastify { folder, pipelines })
    };
    let axum = axum(workspace).await.map_err(|error| format!("{error:#}"));
    let kinds = [
        ("Flask", flask),
        ("Fastify", with(false)),
        ("Fastify, pipelined", with(true)),
        ("axum and sqlx", axum),
    ];
    let peers = kinds.map(|(name, kind)| {
        if let Err(reason) = &kind {
            println!("{name} is not measured: {reason}");
        }
        let program = kind.map(|kind| Program { name, kind });
        Peer { name, program }
    });
    peers.into()
}

async fn flask(workspace: &Workspace) -> anyhow::Result<Kind> {
    let environment = workspace.peer("flask").await?;
    // gunicorn's own advice for its synchronous workers.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(Kind::Flask {
        environment,
        app: workspace.file("benches/peers/flask"),
        workers: 2 * cores + 1,
    })
}

/// Node.js finds the modules of a script beside it.
async fn fastify(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.peer("fastify").await?;
    let script = workspace.file("benches/peers/fastify/server.js");
    fs::copy(&script, folder.join("server.js"))
        .with_context(|| format!("cannot copy {} to {}", script.display(), folder.display()))?;
    Ok(folder)
}

/// It is not part of the workspace, so it has a folder of its own to build into.
async fn axum(workspace: &Workspace) -> anyhow::Result<Kind> {
    println!("building axum into target/peer-axum, if it is not there");
    let target = workspace.target().join("peer-axum");
    let manifest = workspace.file("benches/peers/axum/Cargo.toml");
    let (built, described) = (target.to_string_lossy(), manifest.to_string_lossy());
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--manifest-path",
        &described,
        "--target-dir",
        &built,
    ];
    workspace.cargo(&arguments, &[]).await?;
    Ok(Kind::Plain {
        binary: target.join("release/axum-peer"),
    })
}
