//! Times by the number of targets.

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use schedule::decide;
use tokio::process::Command;

use super::pages;
use super::series::{Column, Series};
use crate::bench::Bench;
use crate::section::fleet::Fleet;
use crate::usage::measured;

const COLUMNS: &[Column] = &[
    Column::plotted("one evaluation ms", 3),
    Column::plotted("`scale plan` ms", 1),
    Column::plotted("`GET /ops` ms", 1),
    Column::plotted("`GET /health` ms", 1),
    Column::tabled("peak MB of the server", 1),
];

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Series> {
    let mut series = Series::new("targets", "targets", "milliseconds", COLUMNS);
    let database = bench.filled("targets", 0).await?;
    let file = bench.cluster.folder().join("scale.toml");
    for size in bench.extent.growth.targets {
        let fleet = Fleet::new(*size as usize);
        fs::write(&file, fleet.text()).context("cannot write a schedule")?;
        let mut plan = Command::new(bench.deployed().binary()?);
        plan.args(["scale", "plan", "--without-holds"])
            .env("SCALE_CONFIG", &file)
            .env_remove("DATABASE_URL");
        let plan = measured(&mut plan).await?.wall.as_secs_f64() * 1000.0;
        let settings = [("SCALE_CONFIG", file.as_path())];
        let paths = ["/health", "/ops"];
        let ([health, ops], memory) = pages::times(bench, &database, &settings, paths).await?;
        let figures = [evaluation(&fleet), plan, ops, health, memory];
        series.rows.push((*size, figures.map(Some).to_vec()));
    }
    Ok(series)
}

/// Milliseconds for all targets.
fn evaluation(fleet: &Fleet) -> f64 {
    let begin = Instant::now();
    let at = Timestamp::now();
    for target in fleet.targets() {
        black_box(decide(target, &[], at));
    }
    begin.elapsed().as_secs_f64() * 1000.0
}
