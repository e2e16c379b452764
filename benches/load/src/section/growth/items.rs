//! Requests a second by the number of items.

use super::series::{Column, Series};
use crate::bench::Bench;
use crate::database::Database;
use crate::drive::drive;
use crate::pgbench::{self, Clients};
use crate::scenario::Scenario;
use crate::server::Server;
use crate::spread::Spread;

/// Connections of each run.
const CONNECTIONS: u32 = 16;

/// PostgreSQL alone reads too: the differences of its rate are its own.
const ALONE: Clients = Clients {
    connections: 8,
    statements: 1,
};

const COLUMNS: &[Column] = &[
    Column::plotted("`GET /item/{id}`", 0),
    Column::plotted("`GET /item?limit=50`", 0),
    Column::plotted("`POST /item`", 0),
    Column::plotted("`GET /item/{id}`, pgbench", 0),
];

/// The sizes have turns, round after round.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Series> {
    let mut sizes = Vec::new();
    for size in bench.extent.growth.items {
        println!("filling {size} items");
        let database = bench.filled(&format!("items_{size}"), *size).await?;
        sizes.push((*size, database, Vec::new()));
    }
    for _ in 0..bench.extent.rounds {
        for (size, database, rounds) in &mut sizes {
            rounds.push(round(bench, database, *size).await?);
        }
    }
    let mut series = Series::new("items", "items", "requests a second", COLUMNS);
    for (size, database, rounds) in sizes {
        let median = |place: usize| {
            let rates = Spread::of(rounds.iter().map(|round: &[f64; 4]| round[place]));
            rates.map(|it| it.median)
        };
        series
            .rows
            .push((size, (0..COLUMNS.len()).map(median).collect()));
        bench.cluster.remove(database.name()).await?;
    }
    Ok(series)
}

async fn round(bench: &Bench, database: &Database, items: u32) -> anyhow::Result<[f64; 4]> {
    let server = Server::start(bench.deployed(), database).await?;
    let mut rates = [0.0; 4];
    let scenarios = [
        Scenario::Read(items),
        Scenario::Page(items),
        Scenario::Create,
    ];
    for (scenario, rate) in scenarios.into_iter().zip(&mut rates) {
        database.checkpoint().await?;
        drive(server.port, scenario, bench.extent.warm_up(CONNECTIONS)).await?;
        *rate = drive(server.port, scenario, bench.extent.load(CONNECTIONS))
            .await?
            .rate();
    }
    let alone = pgbench::run(database, Scenario::Read(items), ALONE, bench.extent.time);
    rates[3] = alone.await?.rate();
    Ok(rates)
}
