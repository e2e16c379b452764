//! Requests a second and their latencies: create, read, page.

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::database::Database;
use crate::drive::drive;
use crate::outcome::Outcome;
use crate::pgbench;
use crate::program::Program;
use crate::scenario::Scenario;
use crate::server::Server;
use crate::spread::{Spread, cell};
use crate::table::Table;

use super::not_run;

/// The size of the program's pool, with which pgbench reads too.
const POOL: u32 = 8;

/// How many single-row commits PostgreSQL alone has under way: enough that it flushes them together.
const COMMITTERS: u32 = 16;

const LIMIT: &str = "pgbench";

/// The runs of one program's turn. Reads come first, while the table is as it was made.
const RUNS: [Run; 7] = [
    Run::new(Scenario::Read, 16, POOL),
    Run::new(Scenario::Read, 64, POOL),
    Run::new(Scenario::Page, 16, POOL),
    Run::new(Scenario::Page, 64, POOL),
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
}

/// One program's outcomes: a round after the other, each with one outcome for each run.
struct Contestant {
    name: &'static str,
    /// `None` is PostgreSQL alone.
    program: Option<Program>,
    rounds: Vec<Vec<Outcome>>,
}

impl Contestant {
    fn new(name: &'static str, program: Option<Program>) -> Contestant {
        Contestant {
            name,
            program,
            rounds: Vec::new(),
        }
    }

    /// A figure of one run, round by round.
    fn figures(&self, run: usize, figure: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        self.rounds
            .iter()
            .map(|round| figure(&round[run]))
            .collect()
    }
}

/// Lets every program have its turn, round after round.
pub(crate) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let mut contestants = vec![Contestant::new("magnusapi", Some(bench.deployed().clone()))];
    for peer in [&bench.peers.flask, &bench.peers.fastify]
        .into_iter()
        .flatten()
    {
        contestants.push(Contestant::new(peer.name(), Some(peer.clone())));
    }
    contestants.push(Contestant::new(LIMIT, None));
    for _ in 0..bench.extent.rounds {
        for contestant in &mut contestants {
            let database = bench.fresh_items().await?;
            let outcomes = match &contestant.program {
                Some(program) => serve(bench, program, &database).await?,
                None => alone(bench, &database).await?,
            };
            contestant.rounds.push(outcomes);
        }
    }
    let missing = not_run([
        ("Flask", &bench.peers.flask),
        ("Fastify", &bench.peers.fastify),
    ]);
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
) -> anyhow::Result<Vec<Outcome>> {
    let server = Server::start(program, database).await?;
    let mut outcomes = Vec::new();
    for run in RUNS {
        let warm_up = bench.extent.warm_up(run.connections);
        drive(server.port, run.scenario, warm_up).await?;
        if run.scenario == Scenario::Create {
            database.checkpoint().await?;
        }
        let load = bench.extent.load(run.connections);
        outcomes.push(drive(server.port, run.scenario, load).await?);
    }
    Ok(outcomes)
}

async fn alone(bench: &Bench, database: &Database) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for run in RUNS {
        if run.scenario == Scenario::Create {
            database.checkpoint().await?;
        }
        outcomes.push(pgbench::run(database, run.scenario, run.alone, bench.extent.time).await?);
    }
    Ok(outcomes)
}

fn rates(contestants: &[Contestant]) -> String {
    let heading = [
        "request",
        "program",
        "connections",
        "requests/s, median (min–max)",
        "p50 ms",
        "p99 ms",
        "magnusapi ÷ it",
    ];
    let mut table = Table::new(2, &heading);
    for (place, run) in RUNS.iter().enumerate() {
        let ours = contestants[0].figures(place, Outcome::rate);
        for contestant in contestants {
            let figure = |figure: &dyn Fn(&Outcome) -> f64| contestant.figures(place, figure);
            let median = |figures: Vec<f64>| {
                let spread = Spread::of(figures);
                spread.map_or_else(|| "–".to_owned(), |it| format!("{:.2}", it.median))
            };
            let rates = figure(&Outcome::rate);
            let connections = match contestant.program {
                Some(_) => run.connections,
                None => run.alone,
            };
            table.row([
                run.scenario.name().to_owned(),
                contestant.name.to_owned(),
                connections.to_string(),
                cell(Spread::of(rates.iter().copied()), 0),
                median(figure(&|it| it.latency(0.5))),
                median(figure(&|it| it.latency(0.99))),
                cell(Spread::ratio(&ours, &rates), 2),
            ]);
        }
    }
    table.markdown()
}

fn aims(contestants: &[Contestant]) -> Vec<Aim> {
    let [ours, others @ ..] = contestants else {
        return Vec::new();
    };
    let mut aims = Vec::new();
    for other in others {
        for (place, run) in RUNS.iter().enumerate() {
            let ratio = Spread::ratio(
                &ours.figures(place, Outcome::rate),
                &other.figures(place, Outcome::rate),
            );
            let what = format!(
                "{} at {}, rate ÷ {}",
                run.scenario.name(),
                run.connections,
                other.name
            );
            match (other.name, run.scenario, run.connections) {
                (LIMIT, Scenario::Create, 1) => {
                    let ratio = Spread::ratio(
                        &ours.figures(place, |it| it.latency(0.5)),
                        &other.figures(place, |it| it.latency(0.5)),
                    );
                    let what = "one idle client's `POST /item`, p50 ÷ pgbench";
                    aims.push(Aim::at_most(what, 1.5, ratio));
                }
                (LIMIT, Scenario::Read, _) => aims.push(Aim::at_least(what, 0.7, ratio)),
                (LIMIT, Scenario::Create, 64) => aims.push(Aim::at_least(what, 3.0, ratio)),
                (LIMIT, _, _) | (_, Scenario::Create, 1) | ("Flask", Scenario::Page, _) => {}
                ("Flask", _, _) => aims.push(Aim::at_least(what, 20.0, ratio)),
                _ => aims.push(Aim::at_least(what, 2.0, ratio)),
            }
        }
    }
    aims
}

/// The processor time of the load generator, which the servers cannot use.
fn driver_share(ours: &Contestant) -> String {
    let shares = (0..RUNS.len()).flat_map(|run| ours.figures(run, Outcome::driver_share));
    let share = Spread::of(shares.map(|share| share * 100.0));
    format!(
        "The load generator itself took {} % of one core while it drove magnusapi.\n",
        cell(share, 0)
    )
}
