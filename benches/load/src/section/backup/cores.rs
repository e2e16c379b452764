//! One large table, read with one and more jobs on one and more cores.

use std::thread;

use super::figures::{self, Figures};
use super::tables::Tables;
use crate::bench::Bench;
use crate::spread::{Spread, cell};
use crate::table::Table;

/// Clients that read the table: psql, or magnusapi with this number of jobs.
const CLIENTS: [Option<u8>; 3] = [None, Some(1), Some(2)];

/// Client and server share the cores, as they share a machine.
pub(super) async fn measure(bench: &Bench, tables: &Tables<'_>) -> anyhow::Result<String> {
    let database = tables.make(1, bench.extent.rows_of_one).await?;
    let all = thread::available_parallelism().map_or(1, usize::from);
    let counts = std::iter::successors(Some(1), |count| Some(count * 2));
    let counts: Vec<usize> = counts.take_while(|count| *count <= all).collect();
    let mut runs: Vec<(usize, Option<u8>, Figures)> = Vec::new();
    for count in counts {
        runs.extend(CLIENTS.map(|client| (count, client, Figures::default())));
    }
    for _ in 0..bench.extent.rounds {
        for (count, client, figures) in &mut runs {
            let cores = format!("0-{}", *count - 1);
            bench.cluster.pin(&cores).await?;
            let turn = async {
                match client {
                    None => tables.copy(&database, Some(&cores)).await,
                    Some(jobs) => tables.back_up(&database, *jobs, Some(&cores)).await,
                }
            };
            figures.add(bench.cluster.timed(turn).await?, 0);
        }
    }
    bench.cluster.pin(&format!("0-{}", all - 1)).await?;
    let mut heading = vec!["one table, read by", "cores"];
    heading.extend(figures::HEADING);
    heading.push("÷ psql");
    let mut table = Table::new(1, &heading);
    for (count, client, figures) in &runs {
        let psql = runs
            .iter()
            .find(|(other, client, _)| other == count && client.is_none());
        let ratio = psql.and_then(|(.., psql)| Spread::ratio(&figures.wall, &psql.wall));
        let name = match client {
            None => "psql, COPY to /dev/null".to_owned(),
            Some(jobs) => format!("magnusapi, jobs: {jobs}"),
        };
        let mut row = vec![name, count.to_string()];
        row.extend(figures.cells());
        row.push(cell(ratio, 2));
        table.row(row);
    }
    let size = figures::size(&database).await?;
    Ok(format!(
        "A database of {size} with one table.\n\n{}",
        table.markdown()
    ))
}
