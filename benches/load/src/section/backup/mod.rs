//! Backups of a Postfacto database, made and restored beside PostgreSQL's own programs.

mod engine;
mod stage;

use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::process;
use crate::spread::{Spread, cell};
use crate::table::Table;
use crate::usage::Usage;
use crate::workspace::Workspace;

pub(super) use engine::Export;
use engine::Restore;
use stage::MANY;
pub(super) use stage::Stage;

/// The figures of one program, by round.
#[derive(Default)]
struct Figures {
    /// Seconds.
    wall: Vec<f64>,
    /// Seconds of the program's own, without the server's.
    processor: Vec<f64>,
    /// Megabytes.
    memory: Vec<f64>,
    /// Megabytes.
    stored: Vec<f64>,
}

/// Lets every program back the same database up, and then restore it, round after round.
pub(crate) async fn measure(bench: &Bench, workspace: &Workspace) -> anyhow::Result<String> {
    let stage = Stage::prepare(bench, workspace, bench.extent.backup_scale).await?;
    let zstd = process::output(tokio::process::Command::new("zstd").arg("--version")).await;
    let mut exports = lineup(
        Export::ALL
            .iter()
            .filter(|it| zstd.is_ok() || **it != Export::Zstd),
    );
    for round in 0..bench.extent.rounds {
        for (export, figures) in &mut exports {
            // The slow ones take a minute: once is enough to see it.
            if round == 0 || !export.is_slow() {
                let (usage, stored) = stage.export(**export).await?;
                figures.add(usage, stored);
            }
        }
    }
    let mut restores = lineup(Restore::ALL.iter());
    for _ in 0..bench.extent.restore_rounds {
        for (restore, figures) in &mut restores {
            figures.add(stage.restore(**restore).await?, 0);
        }
    }
    let (usage, size) = stage.of_many_tables(bench.extent.rows_of_many).await?;
    let mut many = Figures::default();
    many.add(usage, 0);
    let many_tables = format!(
        "magnusapi's backup of a database of {size} in {MANY} tables takes {} MB at most.\n",
        shown(&many.memory, 1)
    );
    let missing = super::not_run([("pg_dump | zstd -3", &zstd.map_err(|it| format!("{it:#}")))]);
    let all = [
        export_figures(&exports),
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

fn lineup<'a, T>(all: impl Iterator<Item = &'a T>) -> Vec<(&'a T, Figures)> {
    all.map(|it| (it, Figures::default())).collect()
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
    fn add(&mut self, usage: Usage, stored: u64) {
        self.wall.push(usage.wall.as_secs_f64());
        self.processor.push(usage.processor.as_secs_f64());
        self.memory.push(usage.memory as f64 / 1e6);
        if stored > 0 {
            self.stored.push(stored as f64 / 1e6);
        }
    }

    /// Wall time, processor time and memory.
    fn cells(&self) -> [String; 3] {
        [
            shown(&self.wall, 2),
            shown(&self.processor, 2),
            shown(&self.memory, 1),
        ]
    }
}

fn shown(figures: &[f64], digits: usize) -> String {
    cell(Spread::of(figures.iter().copied()), digits)
}

fn export_figures(exports: &[(&Export, Figures)]) -> String {
    let heading = [
        "backup with",
        "seconds, median (min–max)",
        "processor s",
        "peak memory MB",
        "stored MB",
        "magnusapi ÷ it, seconds",
    ];
    let mut table = Table::new(1, &heading);
    for (export, figures) in exports {
        let ratio = ratio(exports, &Export::Magnusapi, export);
        let mut row = vec![export.name().to_owned()];
        row.extend(figures.cells());
        row.extend([shown(&figures.stored, 1), cell(ratio, 2)]);
        table.row(row);
    }
    table.markdown()
}

fn restore_figures(restores: &[(&Restore, Figures)]) -> String {
    let heading = [
        "restore with",
        "seconds, median (min–max)",
        "processor s",
        "peak memory MB",
        "magnusapi ÷ it, seconds",
    ];
    let mut table = Table::new(1, &heading);
    for (restore, figures) in restores {
        let mut row = vec![restore.name().to_owned()];
        row.extend(figures.cells());
        row.push(cell(ratio(restores, &Restore::Magnusapi, restore), 2));
        table.row(row);
    }
    table.markdown()
}

/// One's wall time by another's, round by round.
fn ratio<T: PartialEq>(all: &[(&T, Figures)], one: &T, other: &T) -> Option<Spread> {
    Spread::ratio(&of(all, one)?.wall, &of(all, other)?.wall)
}

fn of<'a, T: PartialEq>(all: &'a [(&T, Figures)], which: &T) -> Option<&'a Figures> {
    let found = all.iter().find(|(it, _)| *it == which);
    found.map(|(_, figures)| figures)
}

fn aims(
    exports: &[(&Export, Figures)],
    many_tables: &Figures,
    restores: &[(&Restore, Figures)],
) -> [Aim; 6] {
    let export = |other| ratio(exports, &Export::Magnusapi, other);
    let ours = of(exports, &Export::Magnusapi);
    let memory = |of: &Figures| Spread::of(of.memory.iter().copied());
    let plain = &Restore::Unverified;
    [
        Aim::at_most(
            "backup ÷ psql COPY, seconds",
            1.3,
            export(&Export::PsqlCopy),
        ),
        Aim::at_most(
            "backup ÷ pg_dump -Fc, seconds",
            0.25,
            export(&Export::Custom),
        ),
        Aim::at_most("peak memory of a backup, MB", 64.0, ours.and_then(memory)),
        Aim::at_most(
            "peak memory of a backup of many tables, MB",
            64.0,
            memory(many_tables),
        ),
        Aim::at_most(
            "restore without verification ÷ pg_restore -j1, seconds",
            1.0,
            ratio(restores, plain, &Restore::Stock(1)),
        ),
        Aim::at_most(
            "restore with verification ÷ without, seconds",
            1.4,
            ratio(restores, &Restore::Magnusapi, plain),
        ),
    ]
}
