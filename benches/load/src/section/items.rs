//! Requests a second and their latencies: create, read, page.

use std::time::Duration;

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::database::Database;
use crate::drive::drive;
use crate::outcome::Outcome;
use crate::pgbench::{self, Clients};
use crate::program::Program;
use crate::scenario::{ITEMS, Scenario};
use crate::server::Server;
use crate::spread::{Spread, cell, shown};
use crate::table::Table;

use super::not_run;

/// The size of the program's pool, with which pgbench reads too.
const POOL: u32 = 8;

/// How many single-row commits PostgreSQL alone has under way: enough that it flushes them together.
const COMMITTERS: u32 = 16;

/// Connections of pgbench that each have several statements in flight.
const PIPELINES: u32 = 2;

const LIMIT: &str = "pgbench";

/// The runs of one program's turn. Reads come first, while the table is as it was made.
const RUNS: [Run; 7] = [
    Run::new(Scenario::Read(ITEMS), 16, POOL),
    Run::new(Scenario::Read(ITEMS), 64, POOL),
    Run::new(Scenario::Page(ITEMS), 16, POOL),
    Run::new(Scenario::Page(ITEMS), 64, POOL),
    Run::new(Scenario::Create, 16, COMMITTERS),
    Run::new(Scenario::Create, 64, COMMITTERS),
    Run::new(Scenario::Create, 1, 1),
];

#[derive(Clone, Copy)]
struct Run {
    scenario: Scenario,
    connections: u32,
    /// Connections of PostgreSQL alone.
    alone: u32,
}

impl Run {
    const fn new(scenario: Scenario, connections: u32, alone: u32) -> Run {
        Run {
            scenario,
            connections,
            alone,
        }
    }

    /// The clients of PostgreSQL alone. Those with pipelines have as many statements in flight as a server has
    /// requests, which one connection cannot.
    fn clients(self, pipelined: bool) -> Option<Clients> {
        let (connections, statements) = match (pipelined, self.connections) {
            (false, _) => (self.alone, 1),
            (true, 1) => return None,
            (true, requests) => (PIPELINES, requests / PIPELINES),
        };
        Some(Clients {
            connections,
            statements,
        })
    }
}

/// The load of a contestant's turn.
enum Kind {
    Served(Program),
    /// PostgreSQL alone, by pgbench.
    Alone {
        pipelined: bool,
    },
}

/// One run: its outcome, and the processor time that it took.
struct Measured {
    outcome: Outcome,
    /// `None` for PostgreSQL alone.
    server: Option<Duration>,
    database: Duration,
}

/// One program's turns: a round after the other, each with its runs; `None` for one that it skips.
struct Contestant {
    name: &'static str,
    kind: Kind,
    rounds: Vec<Vec<Option<Measured>>>,
}

impl Contestant {
    fn new(name: &'static str, kind: Kind) -> Contestant {
        Contestant {
            name,
            kind,
            rounds: Vec::new(),
        }
    }

    /// A figure of one run, round by round.
    fn figures(&self, run: usize, figure: impl Fn(&Measured) -> Option<f64>) -> Vec<f64> {
        let runs = self.rounds.iter().filter_map(|round| round[run].as_ref());
        runs.filter_map(figure).collect()
    }

    fn rates(&self, run: usize) -> Vec<f64> {
        self.figures(run, |it| Some(it.outcome.rate()))
    }

    fn latencies(&self, run: usize, part: f64) -> Vec<f64> {
        self.figures(run, |it| Some(it.outcome.latency(part)))
    }

    fn connections(&self, run: Run) -> String {
        let Kind::Alone { pipelined } = self.kind else {
            return run.connections.to_string();
        };
        match run.clients(pipelined) {
            Some(clients) if pipelined => {
                format!("{} × {}", clients.connections, clients.statements)
            }
            Some(clients) => clients.connections.to_string(),
            None => String::new(),
        }
    }
}

/// Lets every program have its turn, round after round.
pub(crate) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let ours = Kind::Served(bench.deployed().clone());
    let mut contestants = vec![Contestant::new("magnusapi", ours)];
    for peer in bench.peers.iter().filter_map(|it| it.program.as_ref().ok()) {
        contestants.push(Contestant::new(peer.name, Kind::Served(peer.clone())));
    }
    for (name, pipelined) in [(LIMIT, false), ("pgbench, pipelined", true)] {
        contestants.push(Contestant::new(name, Kind::Alone { pipelined }));
    }
    for _ in 0..bench.extent.rounds {
        for contestant in &mut contestants {
            let database = bench.fresh_items().await?;
            let runs = match &contestant.kind {
                Kind::Served(program) => serve(bench, program, &database).await?,
                Kind::Alone { pipelined } => alone(bench, &database, *pipelined).await?,
            };
            contestant.rounds.push(runs);
        }
    }
    let missing = not_run(bench.peers.iter().map(|it| (it.name, &it.program)));
    Ok(format!(
        "{}{missing}\n{}\n{}",
        rates(&contestants),
        aim::table(&aims(&contestants)),
        driver_share(&contestants[0])
    ))
}

async fn serve(
    bench: &Bench,
    program: &Program,
    database: &Database,
) -> anyhow::Result<Vec<Option<Measured>>> {
    let server = Server::start(program, database).await?;
    let mut runs = Vec::new();
    for run in RUNS {
        let warm_up = bench.extent.warm_up(run.connections);
        drive(server.port, run.scenario, warm_up).await?;
        if run.scenario == Scenario::Create {
            database.checkpoint().await?;
        }
        let load = bench.extent.load(run.connections);
        let before = server.processor_time()?;
        let driven = drive(server.port, run.scenario, load);
        let (outcome, database) = bench.cluster.timed(driven).await?;
        runs.push(Some(Measured {
            outcome,
            server: Some(server.processor_time()?.saturating_sub(before)),
            database,
        }));
    }
    Ok(runs)
}

async fn alone(
    bench: &Bench,
    database: &Database,
    pipelined: bool,
) -> anyhow::Result<Vec<Option<Measured>>> {
    let mut runs = Vec::new();
    for run in RUNS {
        let Some(clients) = run.clients(pipelined) else {
            runs.push(None);
            continue;
        };
        if run.scenario == Scenario::Create {
            database.checkpoint().await?;
        }
        let run = pgbench::run(database, run.scenario, clients, bench.extent.time);
        let (outcome, database) = bench.cluster.timed(run).await?;
        runs.push(Some(Measured {
            outcome,
            server: None,
            database,
        }));
    }
    Ok(runs)
}

fn rates(contestants: &[Contestant]) -> String {
    let heading = [
        "request",
        "program",
        "connections",
        "requests/s, median (min–max)",
        "p50 ms",
        "p99 ms",
        "handler µs",
        "PostgreSQL µs",
        "magnusapi ÷ it",
    ];
    let mut table = Table::new(2, &heading);
    for (place, run) in RUNS.into_iter().enumerate() {
        let ours = contestants[0].rates(place);
        for contestant in contestants {
            let rates = contestant.rates(place);
            if rates.is_empty() {
                continue;
            }
            let server = |it: &Measured| it.server.map(|time| it.outcome.share(time));
            let database = |it: &Measured| Some(it.outcome.share(it.database));
            table.row([
                run.scenario.name().to_owned(),
                contestant.name.to_owned(),
                contestant.connections(run),
                shown(&rates, 0),
                median(contestant.latencies(place, 0.5), 2),
                median(contestant.latencies(place, 0.99), 2),
                median(contestant.figures(place, server), 0),
                median(contestant.figures(place, database), 0),
                cell(Spread::ratio(&ours, &rates), 2),
            ]);
        }
    }
    table.markdown()
}

fn median(figures: Vec<f64>, digits: usize) -> String {
    let median = |it: Spread| format!("{:.digits$}", it.median);
    Spread::of(figures).map_or_else(|| "–".to_owned(), median)
}

fn aims(contestants: &[Contestant]) -> Vec<Aim> {
    let ours = &contestants[0];
    let mut aims = Vec::new();
    for other in &contestants[1..] {
        for (place, run) in RUNS.iter().enumerate() {
            let (name, connections) = (run.scenario.name(), run.connections);
            if let Some(bound) = bound(other.name, *run) {
                let ratio = Spread::ratio(&ours.rates(place), &other.rates(place));
                let what = format!("{name} at {connections}, rate ÷ {}", other.name);
                aims.push(Aim::at_least(what, bound, ratio));
            }
            if other.name == LIMIT && connections == 1 {
                let ratio =
                    Spread::ratio(&ours.latencies(place, 0.5), &other.latencies(place, 0.5));
                let what = format!("one idle client's {name}, p50 ÷ {LIMIT}");
                aims.push(Aim::at_most(what, 1.5, ratio));
            }
        }
    }
    aims
}

/// The least that magnusapi's rate divided by another program's should be.
fn bound(other: &str, run: Run) -> Option<f64> {
    Some(match (other, run.scenario, run.connections) {
        (_, _, 1) => return None,
        (LIMIT, Scenario::Read(_), 64) => 0.8,
        (LIMIT, Scenario::Read(_) | Scenario::Page(_), _) => 0.6,
        (LIMIT, Scenario::Create, 64) => 2.2,
        (LIMIT, Scenario::Create, _) => 1.2,
        ("Flask", Scenario::Read(_) | Scenario::Create, 64) => 20.0,
        ("Fastify" | "Fastify, pipelined", _, _) => 2.0,
        _ => return None,
    })
}

/// The processor time of the load generator, which the servers cannot use.
fn driver_share(ours: &Contestant) -> String {
    let shares =
        (0..RUNS.len()).flat_map(|run| ours.figures(run, |it| Some(it.outcome.driver_share())));
    let share = Spread::of(shares.map(|share| share * 100.0));
    format!(
        "The load generator itself took {} % of one core while it drove magnusapi.\n",
        cell(share, 0)
    )
}
