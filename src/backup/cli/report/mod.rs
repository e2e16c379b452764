//! `backup report`.
//!
//! | module | purpose |
//! |---|---|
//! | `page` | the report as one HTML page |
//! | `contents` | the backups of the period, their proofs, and how long restores took |
//! | `slots` | the times at which a backup was due, and those that have none |

mod contents;
mod page;
mod slots;

use std::collections::BTreeSet;

use clap::Args;
use funcapp::Schedule;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::Choice;
use super::session::{Failure, Session};
use crate::backup::{Location, SourceBackups, SourceName};
use crate::terminal::{print, say, say_error, say_table};
use crate::words;
use contents::{Line, Report, SourceReport};
use pgarchive::BackupId;
use slots::Basis;

#[derive(Args)]
pub(crate) struct Options {
    /// The begin of the period: a day (UTC) or an instant; 30 days before the end, if not given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Timestamp>,
    /// The end of the period, which does not belong to it; now, if not given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Timestamp>,
    /// When backups are due, in NCRONTAB and UTC; each day, if not given
    #[arg(long, value_name = "NCRONTAB", env = "BACKUP_SCHEDULE", value_parser = Schedule::parse)]
    schedule: Option<Schedule>,
    /// Print one HTML page, without scripts, to give away or to print
    #[arg(long, conflicts_with = "json")]
    html: bool,
}

const PERIOD: SignedDuration = SignedDuration::from_hours(24 * 30);

/// `2026-11-24`, or `2026-11-24T02:00:00Z`.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let day: Option<civil::Date> = text.parse().ok();
    let midnight = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    midnight.map(|it| it.timestamp()).ok_or_else(|| {
        "write a day as 2026-11-24, or an instant as 2026-11-24T02:00:00Z".to_owned()
    })
}

pub(super) async fn run(
    session: &Session,
    choice: &Choice,
    options: &Options,
) -> Result<(), Failure> {
    let now = (session.backups.clock())();
    let until = options.until.unwrap_or(now);
    let since = options.since.unwrap_or(until - PERIOD);
    if since >= until {
        return Err(Failure::usage(format!(
            "the period from {since} to {until} is empty; let --since be before --until"
        )));
    }
    let basis = Basis {
        now,
        period: since..until,
        store: session.address(),
        schedule: options.schedule.as_ref(),
    };
    let mut sources = Vec::new();
    for source_backups in session.each_source(choice.source.as_ref()).await? {
        sources.push(of_source(session, &basis, &source_backups).await?);
    }
    let report = Report::new(&basis, sources);
    if options.html {
        say(report.html());
    } else if choice.json {
        print(report);
    } else {
        show(&report);
    }
    Ok(())
}

async fn of_source(
    session: &Session,
    basis: &Basis<'_>,
    source_backups: &SourceBackups,
) -> Result<SourceReport, Failure> {
    let source = &source_backups.source;
    let stored = source_backups.all().await?;
    // A hold of one backup changes nothing for a slot without any.
    let rules = session.backups.rules(session.from, &[]);
    let copies = match session.from {
        Location::Original if session.settings().copy.is_some() => copies(session, source).await,
        _ => None,
    };
    Ok(SourceReport::new(
        basis,
        source.to_string(),
        &rules,
        &stored,
        copies.as_ref(),
    ))
}

/// The backups in the second location. A report does not fail without them.
async fn copies(session: &Session, source: &SourceName) -> Option<BTreeSet<BackupId>> {
    let names = async {
        let copies = session.backups.of_source(Location::Copy, source)?;
        copies.names().await
    };
    match names.await {
        Ok(names) => Some(names.into_iter().map(|it| it.id).collect()),
        Err(error) => {
            say_error(format_args!(
                "the copies of {source} are not in the report: {error}"
            ));
            None
        }
    }
}

fn show(report: &Report) {
    let Report {
        since,
        until,
        store,
        ..
    } = report;
    say(format_args!("backups in {store} from {since} to {until}"));
    say(report.basis());
    for source in &report.sources {
        say("");
        summary(source);
        let heading = "BACKUP, >ROWS, >SIZE, STATE, PROVED, >RESTORE, COPY";
        say_table(heading, source.backups.iter().map(row));
        for line in &source.backups {
            for missing in &line.missing {
                say(format_args!("{} is degraded: {missing}", line.id));
            }
        }
    }
}

fn summary(source: &SourceReport) {
    let SourceReport {
        source: name,
        backups,
        proved,
        degraded,
        unreadable,
        restores,
        slots,
        ..
    } = source;
    say(format_args!(
        "{name}: {} backups, {proved} proved, {degraded} degraded, {unreadable} unreadable",
        backups.len()
    ));
    match restores {
        None => say("restores: no backup of the period is proved"),
        Some(it) => say(format_args!(
            "restores: {} took {} s (median) and at most {} s ({})",
            it.number, it.median_seconds, it.worst_seconds, it.worst_backup
        )),
    }
    say(format_args!(
        "due: {}, missing: {}, not known: {}",
        slots.due,
        slots.missing.len(),
        slots.unknown.len()
    ));
    for missing in &slots.missing {
        say(format_args!("missing: {missing}"));
    }
}

fn row(line: &Line) -> [String; 7] {
    let text = |text: Option<String>| text.unwrap_or_default();
    let proof = line.proof.as_ref();
    let copied = line.copied.map(|it| if it { "yes" } else { "no" });
    [
        line.id.to_string(),
        text(line.made.as_ref().map(|it| it.rows.to_string())),
        words::size(line.bytes),
        line.state.to_string(),
        text(proof.map(|it| it.at.strftime("%Y-%m-%d").to_string())),
        text(proof.map(|it| format!("{} s", it.seconds))),
        text(copied.map(str::to_owned)),
    ]
}
