//! Backups of a Postfacto database, made and restored beside PostgreSQL's own programs.
//!
//! | module | purpose |
//! |---|---|
//! | `cores` | one large table on one and more cores |
//! | `tables` | databases of tables of one size |
//! | `stage` | the Postfacto database, and each program's turn |
//! | `figures` | the figures of each program |
//! | `engine` | the programs |

mod cores;
mod engine;
mod figures;
mod stage;
mod tables;

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::process;
use crate::spread::{Spread, cell, shown};
use crate::table::Table;
use crate::workspace::Workspace;

use engine::Restore;
pub(super) use engine::{Export, GZIP, ZSTD};
use figures::{Figures, Lineup};
pub(super) use stage::{Stage, remove};
pub(super) use tables::{ROW, Tables};

/// How many tables a database of many tables has.
const MANY: u64 = 40;

/// Lets every program back the same database up, and then restore it, round after round.
pub(crate) async fn measure(bench: &Bench, workspace: &Workspace) -> anyhow::Result<String> {
    let extent = &bench.extent;
    let stage = Stage::prepare(bench, workspace, extent.backup_scale).await?;
    let zstd = process::output(tokio::process::Command::new("zstd").arg("--version")).await;
    let present = |it: &Export| zstd.is_ok() || *it != Export::Zstd;
    let mut exports = Lineup::new(Export::ALL.into_iter().filter(present));
    for round in 0..extent.rounds {
        for (export, figures) in &mut exports.0 {
            // The slow ones take a minute: once is enough to see it.
            if round == 0 || !export.is_slow() {
                let (usage, stored) = stage.export(*export).await?;
                figures.add(usage, stored);
            }
        }
    }
    let mut restores = Lineup::new(Restore::ALL);
    for _ in 0..extent.restore_rounds {
        for (restore, figures) in &mut restores.0 {
            figures.add(stage.restore(*restore).await?, 0);
        }
    }
    let tables = Tables::new(bench)?;
    let database = tables.make(MANY, extent.rows_of_many).await?;
    let mut many = Figures::default();
    let back_up = tables.back_up(&database, 2, None);
    many.add(bench.cluster.timed(back_up).await?, 0);
    let many_tables = format!(
        "magnusapi's backup of a database of {} in {MANY} tables takes {} MB at most.\n",
        figures::size(&database).await?,
        shown(&many.memory, 1)
    );
    let one_table = cores::measure(bench, &tables).await?;
    let missing = super::not_run([("pg_dump | zstd -3", &zstd.map_err(|it| format!("{it:#}")))]);
    let all = [
        export_figures(&exports),
        one_table,
        many_tables,
        restore_figures(&restores),
    ];
    let all = all.join("\n");
    let aims = aims(&exports, &many, &restores);
    Ok(format!(
        "{}\n\n{all}{missing}\n{}",
        stage.size,
        aim::table(&aims)
    ))
}

fn export_figures(exports: &Lineup<Export>) -> String {
    let mut heading = vec!["backup with"];
    heading.extend(figures::HEADING);
    heading.extend([
        "peak memory MB",
        "stored MB",
        "magnusapi, gzip ÷ it, seconds",
    ]);
    let mut table = Table::new(1, &heading);
    for (export, figures) in &exports.0 {
        let mut row = vec![export.name()];
        row.extend(figures.cells());
        row.push(shown(&figures.memory, 1));
        row.push(shown(&figures.stored, 1));
        row.push(cell(exports.ratio(&Export::DEFAULT, export), 2));
        table.row(row);
    }
    table.markdown()
}

fn restore_figures(restores: &Lineup<Restore>) -> String {
    let mut heading = vec!["restore with"];
    heading.extend(figures::HEADING);
    heading.extend(["peak memory MB", "÷ pg_restore -j2, seconds"]);
    let mut table = Table::new(1, &heading);
    for (restore, figures) in &restores.0 {
        let mut row = vec![restore.name()];
        row.extend(figures.cells());
        row.push(shown(&figures.memory, 1));
        row.push(cell(restores.ratio(restore, &Restore::Stock(2)), 2));
        table.row(row);
    }
    table.markdown()
}

/// magnusapi with the compression that takes the least time.
fn best(exports: &Lineup<Export>) -> Export {
    let ours = exports
        .0
        .iter()
        .filter(|(it, _)| matches!(it, Export::Magnusapi(_)));
    let seconds = |figures: &Figures| Spread::of(figures.wall.iter().copied());
    let seconds = ours.filter_map(|(it, figures)| Some((it, seconds(figures)?.median)));
    let best = seconds.min_by(|(_, one), (_, other)| one.total_cmp(other));
    best.map_or(Export::DEFAULT, |(it, _)| *it)
}

fn aims(exports: &Lineup<Export>, many_tables: &Figures, restores: &Lineup<Restore>) -> [Aim; 8] {
    let best = best(exports);
    let memory = |of: &Figures| Spread::of(of.memory.iter().copied());
    let restore = |verifies, other| restores.ratio(&Restore::of(2, verifies), &other);
    [
        Aim::at_most(
            format!("{} ÷ psql COPY, seconds", best.name()),
            1.2,
            exports.ratio(&best, &Export::PsqlCopy),
        ),
        Aim::at_most(
            format!("{} ÷ pg_dump \\| zstd -3, seconds", best.name()),
            0.75,
            exports.ratio(&best, &Export::Zstd),
        ),
        Aim::at_most(
            "backup ÷ pg_dump -Fc, seconds",
            0.25,
            exports.ratio(&Export::DEFAULT, &Export::Custom),
        ),
        Aim::at_most(
            "peak memory of a backup, MB",
            64.0,
            exports.of(&Export::DEFAULT).and_then(memory),
        ),
        Aim::at_most(
            "peak memory of a backup of many tables, MB",
            64.0,
            memory(many_tables),
        ),
        Aim::at_most(
            "restore without verification ÷ pg_restore -j2, seconds",
            0.8,
            restore(false, Restore::Stock(2)),
        ),
        Aim::at_most(
            "restore with verification ÷ pg_restore -j2, seconds",
            1.0,
            restore(true, Restore::Stock(2)),
        ),
        Aim::at_most(
            "restore with verification ÷ without, seconds",
            1.4,
            restore(true, Restore::of(2, false)),
        ),
    ]
}
