//! Times by the days of history: runs in the ledger, and changes in the journal.

use super::pages;
use super::series::{Column, Series};
use crate::bench::Bench;
use crate::database::Database;

const COLUMNS: &[Column] = &[
    Column::tabled("rows", 0),
    Column::plotted("`GET /ops` ms", 1),
    Column::plotted("`GET /health` ms", 1),
    Column::plotted("`GET /metrics` ms", 1),
];

/// Two frequent timers, a daily one, and two changes of a size a day.
const ROWS: &str = "
    INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at, outcome)
    SELECT function, slot, gen_random_uuid(), slot, slot + interval '400 ms', 'succeeded'
      FROM (VALUES ('scale', interval '5 min'), ('item_housekeeping', interval '10 min'),
                   ('postfacto_backup', interval '1 day')) AS timer (function, every),
           generate_series(date_trunc('day', now()) - interval 'DAYS days', now(), every) AS slot;
    INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule, cause,
                              invocation_id, finished_at, outcome)
    SELECT 'web', 'r', at, '1', '4', 'a rule', 'schedule', 'i', at + interval '70 s', 'succeeded'
      FROM generate_series(date_trunc('day', now()) - interval 'DAYS days', now(),
                           interval '12 hours') AS at;
    ANALYZE";

const COUNT: &str =
    "SELECT (SELECT count(*) FROM function_run) + (SELECT count(*) FROM scale_change)";

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Series> {
    let mut series = Series::new("history", "days", "milliseconds", COLUMNS);
    let schedule = bench.cluster.folder().join("history.toml");
    std::fs::write(&schedule, SCHEDULE)?;
    for days in bench.extent.growth.days {
        let database = bench.filled("history", 0).await?;
        database
            .execute(&ROWS.replace("DAYS", &days.to_string()))
            .await?;
        let rows = count(&database).await?;
        let settings = [("SCALE_CONFIG", schedule.as_path())];
        let paths = ["/health", "/ops", "/metrics"];
        let ([health, ops, metrics], _) = pages::times(bench, &database, &settings, paths).await?;
        let figures = [rows, ops, health, metrics];
        series.rows.push((*days, figures.map(Some).to_vec()));
    }
    Ok(series)
}

const SCHEDULE: &str = "[target.web]\nzone = \"UTC\"\nsize = 1\nbounds = { min = 1, max = 4 }\n\
    [[target.web.weekly]]\ndays = \"Mon-Sun\"\nfrom = \"00:00\"\nto = \"12:00\"\nsize = 4\n";

async fn count(database: &Database) -> anyhow::Result<f64> {
    Ok(database.execute(COUNT).await?.parse()?)
}
