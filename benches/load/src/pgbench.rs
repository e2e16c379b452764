//! Load for PostgreSQL alone, by its own program: what no server in front of it can exceed with the
//! same statements.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::database::Database;
use crate::outcome::Outcome;
use crate::process;
use crate::scenario::Scenario;

/// Connections, and the statements that each sends before it waits for their results.
#[derive(Clone, Copy)]
pub(crate) struct Clients {
    pub(crate) connections: u32,
    pub(crate) statements: u32,
}

/// Runs one statement over and over, prepared, for `time`, which is whole seconds.
///
/// One thread serves all connections, as the load generator's does.
pub(crate) async fn run(
    database: &Database,
    scenario: Scenario,
    clients: Clients,
    time: Duration,
) -> anyhow::Result<Outcome> {
    let Clients {
        connections,
        statements,
    } = clients;
    let folder = tempfile::tempdir().context("cannot make a folder for pgbench's log")?;
    let script = folder.path().join("script.sql");
    fs::write(&script, scenario.pgbench_script(statements))
        .context("cannot write pgbench's script")?;
    let mut pgbench = database.client("pgbench");
    pgbench
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--log"])
        .arg(format!("--client={connections}"))
        .arg(format!("--time={}", time.as_secs().max(1)))
        .arg("--file")
        .arg(&script)
        .arg("--log-prefix")
        .arg(folder.path().join("log"));
    let said = process::output(&mut pgbench).await?;
    let latencies = latencies(folder.path())?;
    let rate = rate(&said).with_context(|| format!("pgbench gave no rate:\n{said}"))?;
    #[expect(clippy::cast_precision_loss, reason = "requests of some seconds")]
    let elapsed = Duration::from_secs_f64(latencies.len() as f64 / rate);
    // Each statement has the latency of its pipeline.
    let each = |latency| std::iter::repeat_n(latency, statements as usize);
    let latencies = latencies.into_iter().flat_map(each).collect();
    Ok(Outcome::new(latencies, elapsed, Duration::ZERO))
}

/// `tps = 12345.678901 (without initial connection time)`.
fn rate(said: &str) -> Option<f64> {
    let figure = said.split_once("tps = ")?.1;
    figure
        .split(' ')
        .next()?
        .parse()
        .ok()
        .filter(|rate| *rate > 0.0)
}

/// Each line of the log is one transaction, its third field the microseconds it took.
fn latencies(folder: &std::path::Path) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    for entry in fs::read_dir(folder).context("cannot list pgbench's log")? {
        let path = entry.context("cannot list pgbench's log")?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            continue;
        }
        let log = fs::read_to_string(&path).context("cannot read pgbench's log")?;
        let times = log
            .lines()
            .filter_map(|line| line.split(' ').nth(2)?.parse().ok());
        latencies.extend(times.collect::<Vec<u32>>());
    }
    ensure!(!latencies.is_empty(), "pgbench logged no transaction");
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_summary() {
        let said =
            "latency average = 0.1 ms\ntps = 12345.678901 (without initial connection time)\n";
        assert_eq!(rate(said), Some(12_345.678_901));
        assert_eq!(rate("tps = 0.000000 (…)"), None);
    }
}
