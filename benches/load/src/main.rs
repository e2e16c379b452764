//! Load for the benchmarks: requests over loopback, counted and timed.
//!
//! The program and its peers are measured alternately in one run, so that the ratio between them is valid on a busy
//! machine too. `docs/benchmarks.md` describes the measurements, and this program writes its tables.
//!
//! Imports run down this table only:
//!
//! | module | purpose |
//! |---|---|
//! | `section` | the measurements: start-up, items, stream, processor time, backups, damages, schedules, growth |
//! | `document`, `facts` | the tables in `docs/`, and the machine of the figures |
//! | `bench` | the database, the programs, and the extent of the measurements |
//! | `options` | the command line |
//! | `aim`, `table` | aims compared with figures, and tables |
//! | `peers`, `binaries` | the compared programs, installed or built, or the reasons for missing ones |
//! | `pgbench`, `drive` | load for PostgreSQL alone, and for a server |
//! | `outcome`, `spread` | the results of both, and medians |
//! | `server`, `program` | a running server, and how each one is started |
//! | `database` | a flushed PostgreSQL on disk, and fresh copies of one table |
//! | `scenario`, `client` | the requests, and one connection that sends them |
//! | `usage` | time and memory of a program that runs to its end |
//! | `process`, `workspace` | programs and `/proc`, and the folders |

mod aim;
mod bench;
mod binaries;
mod client;
mod database;
mod document;
mod drive;
mod facts;
mod options;
mod outcome;
mod peers;
mod pgbench;
mod process;
mod program;
mod scenario;
mod section;
mod server;
mod spread;
mod table;
mod usage;
mod workspace;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use options::Options;

/// One thread: the servers need the processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run_until_stopped(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A signal drops the run, and with it every server that it started.
async fn run_until_stopped(options: &Options) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        done = section::run(options) => done,
        _ = terminate.recv() => anyhow::bail!("stopped by SIGTERM; nothing was written"),
        _ = interrupt.recv() => anyhow::bail!("stopped by SIGINT; nothing was written"),
    }
}
