//! All items in one response: rows a second, memory, processor time.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::client::Client;
use crate::database::Database;
use crate::process;
use crate::program::{Kind, Program};
use crate::scenario::Ask;
use crate::server::Server;
use crate::spread::{Spread, cell, shown};
use crate::table::Table;

use super::not_run;

/// Three rounds are few for something that takes a second.
const ROUNDS_MORE: usize = 2;

/// The figures of one kind of stream, by round.
struct Contestant {
    name: &'static str,
    /// `None` is psql.
    program: Option<Program>,
    /// The highest number of rounds.
    rounds: usize,
    rates: Vec<f64>,
    /// Megabytes.
    memory: Vec<f64>,
    /// Seconds of the server's, without the database's.
    processor: Vec<f64>,
}

/// Lets every program stream the same table, round after round.
pub(crate) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let database = bench.many_items().await?;
    let mut contestants = contestants(bench);
    for contestant in &contestants {
        if let Some(program) = &contestant.program {
            check(program, &database, bench.extent.rows).await?;
        }
    }
    let rounds = contestants.iter().map(|it| it.rounds).max().unwrap_or(0);
    for round in 0..rounds {
        for contestant in contestants.iter_mut().filter(|it| round < it.rounds) {
            contestant.run(&database, bench.extent.rows).await?;
        }
    }
    let peers = bench.peers.iter().map(|it| (it.name, &it.program));
    let missing = not_run(peers.chain([("magnusapi, musl", &bench.binaries.musl)]));
    Ok(format!(
        "{}{missing}\n{}",
        figures(&contestants),
        aim::table(&aims(&contestants))
    ))
}

/// The deployed build is first, psql second: the aims are about these.
fn contestants(bench: &Bench) -> Vec<Contestant> {
    let rounds = bench.extent.rounds + ROUNDS_MORE;
    let mut contestants = vec![Contestant::new(Some(bench.deployed()), rounds)];
    contestants.push(Contestant::new(None, rounds));
    if bench.binaries.musl.is_ok() {
        contestants.push(Contestant::new(Some(&bench.binaries.glibc), rounds));
    }
    for peer in bench.peers.iter().filter_map(|it| it.program.as_ref().ok()) {
        match peer.kind {
            // A cursor cannot be pipelined.
            Kind::Fastify {
                pipelines: true, ..
            } => {}
            // It takes long and gigabytes: once is enough to see it.
            Kind::Flask { .. } => contestants.push(Contestant::new(Some(peer), 1)),
            _ => contestants.push(Contestant::new(Some(peer), rounds)),
        }
    }
    contestants
}

impl Contestant {
    fn new(program: Option<&Program>, rounds: usize) -> Contestant {
        Contestant {
            name: program.map_or("psql, COPY row_to_json", |it| it.name),
            program: program.cloned(),
            rounds,
            rates: Vec::new(),
            memory: Vec::new(),
            processor: Vec::new(),
        }
    }

    async fn run(&mut self, database: &Database, rows: u32) -> anyhow::Result<()> {
        let Some(program) = &self.program else {
            let elapsed = copy(database).await?;
            self.rates.push(per_second(rows, elapsed));
            return Ok(());
        };
        let server = Server::start(program, database).await?;
        // The first statement connects, which is not measured.
        stream_page(server.port).await?;
        let before = server.processor_time()?;
        let elapsed = stream(server.port, |_| {}).await?;
        let processor = server.processor_time()?.saturating_sub(before);
        self.rates.push(per_second(rows, elapsed));
        #[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
        self.memory.push(server.peak_memory()? as f64 / 1e6);
        self.processor.push(processor.as_secs_f64());
        Ok(())
    }
}

/// Reads `GET /item` to its end, gives each piece to `take`, and returns the time that it took.
pub(crate) async fn stream(port: u16, mut take: impl FnMut(Bytes)) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let mut client = Client::new(port);
    let mut response = client.begin(&Ask::get("/item")).await?;
    ensure!(
        response.status() == StatusCode::OK,
        "GET /item returned {}",
        response.status()
    );
    while let Some(frame) = response.body_mut().frame().await {
        if let Ok(data) = frame.context("the stream broke off")?.into_data() {
            take(data);
        }
    }
    Ok(begin.elapsed())
}

async fn stream_page(port: u16) -> anyhow::Result<()> {
    Client::new(port)
        .send(&Ask::get("/item?limit=1"))
        .await
        .map(drop)
}

/// The same rows by PostgreSQL's own client and its own JSON, thrown away as they come.
async fn copy(database: &Database) -> anyhow::Result<Duration> {
    let rows = "SELECT row_to_json(i) FROM item i ORDER BY id";
    let mut psql = database.client("psql");
    psql.args(["--no-psqlrc", "--quiet", "--command"])
        .arg(format!("COPY ({rows}) TO STDOUT"))
        .stdout(Stdio::null());
    let begin = Instant::now();
    process::run(&mut psql).await?;
    Ok(begin.elapsed())
}

/// Reads the whole response as JSON once: all items, in the order of their ids.
async fn check(program: &Program, database: &Database, rows: u32) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Item {
        id: i64,
    }
    #[derive(serde::Deserialize)]
    struct Listing {
        data: Vec<Item>,
    }
    let server = Server::start(program, database).await?;
    let mut text = Vec::new();
    stream(server.port, |piece| text.extend_from_slice(&piece)).await?;
    let listing: Listing = serde_json::from_slice(&text).with_context(|| {
        format!(
            "the stream of {} is not the JSON it should be",
            program.name
        )
    })?;
    let items = listing.data;
    let ordered = items.is_sorted_by(|one, other| one.id < other.id);
    ensure!(
        items.len() == rows as usize && ordered,
        "the stream of {} has {} items instead of {rows}, or not in order",
        program.name,
        items.len()
    );
    println!(
        "{}: {rows} items in {} bytes of JSON",
        program.name,
        text.len()
    );
    Ok(())
}

fn per_second(rows: u32, elapsed: Duration) -> f64 {
    f64::from(rows) / elapsed.as_secs_f64()
}

fn figures(contestants: &[Contestant]) -> String {
    let heading = [
        "program",
        "rows/s, median (min–max)",
        "peak memory MB",
        "processor s",
        "magnusapi ÷ it",
    ];
    let mut table = Table::new(1, &heading);
    for contestant in contestants {
        table.row([
            contestant.name.to_owned(),
            shown(&contestant.rates, 0),
            shown(&contestant.memory, 1),
            shown(&contestant.processor, 2),
            cell(Spread::ratio(&contestants[0].rates, &contestant.rates), 2),
        ]);
    }
    table.markdown()
}

fn aims(contestants: &[Contestant]) -> [Aim; 2] {
    let (ours, psql) = (&contestants[0], &contestants[1]);
    [
        Aim::at_least(
            "stream ÷ psql COPY row_to_json, rows/s",
            2.0,
            Spread::ratio(&ours.rates, &psql.rates),
        ),
        Aim::at_most(
            "peak memory of the stream, MB",
            20.0,
            Spread::of(ours.memory.iter().copied()),
        ),
    ]
}
