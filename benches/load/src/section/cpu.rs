//! Processor time of the static build against the one with the machine's C library.

use std::time::Duration;

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::database::Database;
use crate::drive::{Load, drive};
use crate::program::Program;
use crate::scenario::{ITEMS, Scenario};
use crate::server::Server;
use crate::spread::{Spread, cell, shown};
use crate::table::Table;

use super::not_run;
use super::stream::stream;

/// Connections of the requests.
const CONNECTIONS: u32 = 16;

/// A run ends by its number of requests; this only bounds one that hangs.
const AT_MOST: Duration = Duration::from_mins(2);

/// Seconds of user and system time, round by round.
#[derive(Default)]
struct Times {
    requests: Vec<f64>,
    streams: Vec<f64>,
}

/// Lets both builds do the same work, round after round.
pub(crate) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let missing = not_run([("magnusapi, musl", &bench.binaries.musl)]);
    let Ok(musl) = &bench.binaries.musl else {
        return Ok(missing);
    };
    let many = bench.many_items().await?;
    let (mut glibc_times, mut musl_times) = (Times::default(), Times::default());
    for _ in 0..bench.extent.rounds {
        for (program, times) in [
            (&bench.binaries.glibc, &mut glibc_times),
            (musl, &mut musl_times),
        ] {
            let few = bench.fresh_items().await?;
            times.requests.push(requests(bench, program, &few).await?);
            times.streams.push(streams(bench, program, &many).await?);
        }
    }
    Ok(figures(bench, &glibc_times, &musl_times))
}

async fn requests(bench: &Bench, program: &Program, database: &Database) -> anyhow::Result<f64> {
    let server = Server::start(program, database).await?;
    let load = Load {
        connections: CONNECTIONS,
        time: AT_MOST,
        requests: bench.extent.cpu_requests,
    };
    for scenario in [Scenario::Create, Scenario::Read(ITEMS)] {
        drive(server.port, scenario, load).await?;
    }
    Ok(server.processor_time()?.as_secs_f64())
}

async fn streams(bench: &Bench, program: &Program, database: &Database) -> anyhow::Result<f64> {
    let server = Server::start(program, database).await?;
    for _ in 0..bench.extent.cpu_streams {
        stream(server.port, |_| {}).await?;
    }
    Ok(server.processor_time()?.as_secs_f64())
}

fn figures(bench: &Bench, glibc: &Times, musl: &Times) -> String {
    let extent = &bench.extent;
    let requests = format!(
        "{0} `POST /item` and {0} `GET /item/{{id}}`",
        extent.cpu_requests
    );
    let streams = format!("{} streams of {} items", extent.cpu_streams, extent.rows);
    let heading = [
        "work",
        "glibc s, median (min–max)",
        "musl s",
        "musl ÷ glibc",
    ];
    let mut table = Table::new(1, &heading);
    let mut aims = Vec::new();
    for (work, glibc, musl) in [
        (requests, &glibc.requests, &musl.requests),
        (streams, &glibc.streams, &musl.streams),
    ] {
        let ratio = Spread::ratio(musl, glibc);
        table.row([
            work.clone(),
            shown(glibc, 2),
            shown(musl, 2),
            cell(ratio, 2),
        ]);
        aims.push(Aim::at_most(format!("{work}: musl ÷ glibc"), 1.05, ratio));
    }
    format!("{}\n{}", table.markdown(), aim::table(&aims))
}
