//! `cargo xtask peer`: a server of another stack, for the benchmarks.

use std::process::ExitCode;

use crate::tools;
use crate::workspace::Workspace;

/// Install a server that the benchmarks compare with, and print its folder
#[derive(clap::Args)]
pub(crate) struct Arguments {
    peer: Peer,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Peer {
    Flask,
    Fastify,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = match arguments.peer {
        Peer::Flask => tools::FLASK.folder(workspace)?,
        Peer::Fastify => tools::FASTIFY.folder(workspace)?,
    };
    println!("{}", folder.display());
    Ok(ExitCode::SUCCESS)
}
