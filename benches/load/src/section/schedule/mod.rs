//! Sizes by schedule: the costs of one evaluation, of a year's plan, and of reading the file.

mod cron;

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::ensure;
use jiff::{SignedDuration, Timestamp};
use schedule::{Rule, Target, decide, lint, spans};
use tokio::task::yield_now;

use crate::aim::{self, Aim};
use crate::bench::Extent;
use crate::spread::{Spread, cell};
use crate::table::Table;

use super::fleet::{Fleet, WINDOWS};
use cron::Lines;

/// How many targets there are, from fleet to fleet.
const SIZES: [usize; 4] = [10, 100, 1000, 10_000];

/// The fleet that the peer, the plan and the file are measured with: a place in [`SIZES`].
const MIDDLE: usize = 2;

/// The peer is slower, so it evaluates this many times less. The costs of one evaluation are compared.
const LESS: usize = 20;

/// Nanoseconds of one target each, round by round.
#[derive(Default)]
struct Figures {
    evaluation: [Vec<f64>; SIZES.len()],
    cron_evaluation: Vec<f64>,
    year: Vec<f64>,
    cron_year: Vec<f64>,
    read: Vec<f64>,
    lint: Vec<f64>,
}

/// Evaluates the same instants with the schedule and with its peer, in rounds.
pub(crate) async fn measure(extent: &Extent) -> anyhow::Result<String> {
    let fleets = SIZES.map(Fleet::new);
    let middle = &fleets[MIDDLE];
    let lines: Vec<Lines> = (0..SIZES[MIDDLE] / LESS).map(Lines::new).collect();
    agree(middle.targets(), &lines)?;
    let mut figures = Figures::default();
    for _ in 0..extent.rounds {
        for (fleet, times) in fleets.iter().zip(&mut figures.evaluation) {
            times.push(evaluations(fleet.targets(), extent.evaluations));
            yield_now().await;
        }
        let few = extent.evaluations / LESS;
        figures.cron_evaluation.push(cron_evaluations(&lines, few));
        yield_now().await;
        let planned = &middle.targets()[..extent.planned_targets];
        figures.year.push(years(planned));
        yield_now().await;
        let few = extent.planned_targets.div_ceil(LESS);
        figures.cron_year.push(cron_years(&lines[..few]));
        yield_now().await;
        figures.read.push(each(SIZES[MIDDLE], || {
            black_box(middle.read());
        }));
        figures.lint.push(each(SIZES[MIDDLE], || {
            black_box(lint(middle.schedule(), begin()));
        }));
        yield_now().await;
    }
    Ok(shown(&figures, extent, middle.text().len()))
}

fn begin() -> Timestamp {
    "2026-01-01T00:07:00Z".parse().expect("an instant")
}

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Instants all over a year, none of them an edge.
fn instants() -> impl Iterator<Item = Timestamp> + Clone {
    let hours = (0..365 * 24).step_by(137);
    hours.map(|hour| begin() + SignedDuration::from_hours(hour))
}

/// Whether both give the same result, without which their costs cannot be compared.
fn agree(targets: &[Target], lines: &[Lines]) -> anyhow::Result<()> {
    for (target, lines) in targets.iter().zip(lines) {
        for at in instants() {
            let ours = matches!(decide(target, &[], at).rule, Rule::Weekly(_));
            ensure!(
                ours == lines.is_any_in_force(at),
                "{} and its cron lines differ at {at}",
                target.name
            );
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn each(count: usize, work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_nanos() as f64 / count as f64
}

fn evaluations(targets: &[Target], count: usize) -> f64 {
    let instants = instants().cycle();
    let all = targets.iter().cycle().zip(instants).take(count);
    each(count, || {
        for (target, at) in all {
            black_box(decide(target, &[], at));
        }
    })
}

fn cron_evaluations(lines: &[Lines], count: usize) -> f64 {
    let all = lines.iter().cycle().zip(instants().cycle()).take(count);
    each(count, || {
        for (lines, at) in all {
            black_box(lines.is_any_in_force(at));
        }
    })
}

fn years(targets: &[Target]) -> f64 {
    each(targets.len(), || {
        for target in targets {
            black_box(spans(target, &[], begin(), begin() + YEAR));
        }
    })
}

fn cron_years(lines: &[Lines]) -> f64 {
    each(lines.len(), || {
        for lines in lines {
            black_box(lines.edges(begin(), begin() + YEAR));
        }
    })
}

fn shown(figures: &Figures, extent: &Extent, bytes: usize) -> String {
    let heading = [
        "evaluation",
        "µs a target, median (min–max)",
        "schedule ÷ cron",
    ];
    let mut table = Table::new(1, &heading);
    let mut row = |what: String, nanoseconds: &[f64], ratio: Option<Spread>| {
        let time = Spread::of(nanoseconds.iter().map(|it| it / 1000.0));
        table.row([what, cell(time, 3), cell(ratio, 3)]);
    };
    let ours = &figures.evaluation[MIDDLE];
    let ratio = Spread::ratio(ours, &figures.cron_evaluation);
    let year_ratio = Spread::ratio(&figures.year, &figures.cron_year);
    for (size, times) in SIZES.iter().zip(&figures.evaluation) {
        let ratio = ratio.filter(|_| *size == SIZES[MIDDLE]);
        row(format!("one evaluation, of {size} targets"), times, ratio);
    }
    row(
        "one evaluation, cron lines".to_owned(),
        &figures.cron_evaluation,
        None,
    );
    row("a plan of 365 days".to_owned(), &figures.year, year_ratio);
    row(
        "the same edges, cron lines".to_owned(),
        &figures.cron_year,
        None,
    );
    row("reading scale.toml".to_owned(), &figures.read, None);
    row("lint".to_owned(), &figures.lint, None);
    let growth = Spread::ratio(&figures.evaluation[SIZES.len() - 1], &figures.evaluation[0]);
    let aims = [
        Aim::at_most("one evaluation ÷ cron lines", 0.5, ratio),
        Aim::at_most("a plan of 365 days ÷ cron lines", 0.5, year_ratio),
        Aim::at_most("one evaluation of 10,000 targets ÷ of 10", 1.5, growth),
    ];
    format!(
        "{}\n{}\n{}",
        summary(figures, extent, bytes),
        table.markdown(),
        aim::table(&aims)
    )
}

/// The same in the units of a whole tick.
fn summary(figures: &Figures, extent: &Extent, bytes: usize) -> String {
    let whole = |nanoseconds: &[f64]| {
        let one = Spread::of(nanoseconds.iter().copied()).map_or(0.0, |it| it.median);
        let targets = u32::try_from(SIZES[MIDDLE]).expect("a thousand");
        Duration::from_secs_f64(one / 1e9) * targets
    };
    let [all, year, read, lint] = [
        &figures.evaluation[MIDDLE],
        &figures.year,
        &figures.read,
        &figures.lint,
    ]
    .map(|it| whole(it));
    format!(
        "{} targets with {WINDOWS} windows each, a file of {bytes} bytes: {all:.1?} for one evaluation \
         of all, {year:.1?} for their plan of 365 days ({} of them were planned), {read:.1?} to read the \
         file, {lint:.1?} for lint.\n",
        SIZES[MIDDLE], extent.planned_targets
    )
}
