//! Backups by the size of a database, and by the number of its tables. Each size is measured once.

use rustix::fs::statvfs;

use super::series::{Column, Series};
use crate::bench::Bench;
use crate::section::backup::{ROW, Tables};
use crate::usage::{Usage, measured};

/// Tables of a database that grows by its rows.
const TABLES: u64 = 8;

/// Rows of each table of a database that grows by its tables.
const ROWS: u64 = 100;

/// A database, its backup and the restored one, in units of the database.
const COPIES: u64 = 3;

/// The write-ahead log, and a reserve.
const RESERVE: u64 = 3_000_000_000;

/// Seconds that the timer has for all backups: four fifths of `functionTimeout`.
const TIMER: f64 = 480.0;

const BY_BYTES: &[Column] = &[
    Column::plotted("backup s", 2),
    Column::plotted("restore s", 2),
    Column::tabled("peak MB of the backup", 1),
    Column::tabled("peak MB of the restore", 1),
];

const BY_TABLES: &[Column] = &[
    Column::plotted("backup s", 2),
    Column::plotted("restore s", 2),
    Column::plotted("pg_dump -Fd -j2 s", 2),
    Column::tabled("peak MB of the backup", 1),
];

pub(super) async fn bytes(bench: &Bench) -> anyhow::Result<Series> {
    let mut series = Series::new("bytes", "MB", "seconds", BY_BYTES);
    let tables = Tables::new(bench)?;
    for size in bench.extent.growth.megabytes {
        let bytes = u64::from(*size) * 1_000_000;
        let disk = statvfs(bench.cluster.folder())?;
        if disk.f_bavail * disk.f_frsize < COPIES * bytes + RESERVE {
            let note = format!("{size} MB were not measured: the disk has too little free space.");
            series.notes.push(note);
            continue;
        }
        println!("filling {size} MB");
        let database = tables.make(TABLES, bytes / ROW / TABLES).await?;
        let backup = tables.back_up(&database, 2, None).await?;
        let restore = tables.restore(&database).await?;
        let figures = [
            backup.wall.as_secs_f64(),
            restore.wall.as_secs_f64(),
            megabytes(backup),
            megabytes(restore),
        ];
        series.rows.push((*size, figures.map(Some).to_vec()));
        bench.cluster.remove(database.name()).await?;
    }
    if let Some((size, [Some(backup), Some(restore), ..])) =
        series.rows.last().map(|(size, it)| (*size, &it[..]))
    {
        let gigabytes = f64::from(size) / backup * TIMER / 1000.0;
        series.notes.push(format!(
            "At the rate of {size} MB, the timer's {TIMER} seconds are enough for a database of {gigabytes:.0} GB; its \
             restore takes {:.0} minutes.",
            gigabytes * 1000.0 * restore / f64::from(size) / 60.0
        ));
    }
    Ok(series)
}

pub(super) async fn tables(bench: &Bench) -> anyhow::Result<Series> {
    let mut series = Series::new("tables", "tables", "seconds", BY_TABLES);
    let tables = Tables::new(bench)?;
    for size in bench.extent.growth.tables {
        println!("making {size} tables");
        let database = tables.make((*size).into(), ROWS).await?;
        let backup = tables.back_up(&database, 2, None).await;
        let restore = match &backup {
            Ok(_) => Some(tables.restore(&database).await),
            Err(_) => None,
        };
        let output = bench.cluster.folder().join("many-dump");
        let mut dump = database.client("pg_dump");
        dump.args(["--format=directory", "--jobs=2", "--file"])
            .arg(&output);
        let dump = measured(&mut dump).await;
        crate::section::backup::remove(&output)?;
        let memory = backup.as_ref().ok().map(|usage| megabytes(*usage));
        let seconds = |usage: Usage| usage.wall.as_secs_f64();
        let figures = vec![
            series.figure(*size, "backup", backup.map(seconds)),
            restore.and_then(|it| series.figure(*size, "restore", it.map(seconds))),
            series.figure(*size, "pg_dump", dump.map(seconds)),
            memory,
        ];
        series.rows.push((*size, figures));
        bench.cluster.remove(database.name()).await?;
    }
    Ok(series)
}

#[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
fn megabytes(usage: Usage) -> f64 {
    usage.memory as f64 / 1e6
}
