//! Load for the benchmarks: requests over loopback, counted and timed.
//!
//! Every figure is taken beside its peers', in the same run and by turns, so that what counts, the
//! ratio between them, holds on a busy machine too. `docs/benchmarks.md` says what is measured and
//! how; this program measures it and writes the tables there.
//!
//! Imports run down this table only:
//!
//! | module | purpose |
//! |---|---|
//! | `section` | what is measured: start-up, items, stream, processor time, backups, damages, schedules |
//! | `document`, `facts` | the tables' place in `docs/benchmarks.md`, and the machine they come from |
//! | `bench` | what every section needs: the database, the programs, how much to measure |
//! | `options` | the command line |
//! | `aim`, `table` | wanted against measured, and tables |
//! | `peers`, `binaries` | what stands beside the program, installed or built; what is missing, and why |
//! | `pgbench`, `drive` | load for PostgreSQL alone, and for a server |
//! | `outcome`, `spread` | what both measure, and medians |
//! | `server`, `program` | a running server, and how each one is started |
//! | `database` | a flushed PostgreSQL on disk, and fresh copies of one table |
//! | `scenario`, `client` | which requests, and one connection that sends them |
//! | `usage` | a program run to its end, and what that took |
//! | `process`, `workspace` | what `/proc` says, where things lie |

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

/// One thread: the load must leave the processor to those who bear it.
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
