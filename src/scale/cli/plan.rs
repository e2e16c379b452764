//! `scale plan`.

use jiff::Timestamp;

use super::WithHolds;
use super::session::{Failure, Session};
use crate::scale::drawing::draw;
use crate::scale::hold_request;
use crate::scale::report::{Plan, TargetPlan};
use crate::terminal::{Table, print, say};
use crate::words;
use schedule::{Edge, TargetName, Wall};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Json,
    Svg,
}

pub(super) async fn run(
    session: &Session,
    only: Option<&TargetName>,
    from: Timestamp,
    days: u16,
    form: Form,
    with_holds: &WithHolds,
) -> Result<(), Failure> {
    let loaded = session.good_schedule().await?;
    if let Some(name) = only {
        hold_request::target(loaded.schedule.targets(), name)?;
    }
    let holds = session.holds(with_holds).await?;
    let plan = Plan::new(&loaded, &holds, from, days, only);
    match form {
        Form::Json => print(&plan),
        Form::Svg => say(draw(&plan).trim_end()),
        Form::Table => {
            say(format_args!(
                "{}, time zones of {}",
                plan.schedule, plan.time_zones
            ));
            plan.targets.iter().for_each(|target| show(&plan, target));
        }
    }
    Ok(())
}

fn show(plan: &Plan, target: &TargetPlan) {
    say("");
    say(format_args!(
        "{}, {} ({})",
        target.target, target.zone, target.mode
    ));
    if let Some(first) = target.spans.first() {
        say(format_args!(
            "{} UTC: {} by {}",
            words::utc(plan.from),
            first.size,
            first.rule
        ));
    }
    if target.changes.is_empty() {
        say(format_args!("no change until {} UTC", words::utc(plan.to)));
    } else {
        for line in changes(target).lines() {
            say(line);
        }
    }
    for (month, hours) in &target.instance_hours {
        let most = if hours.most > hours.least {
            format!(" to {}", hours.most)
        } else {
            String::new()
        };
        say(format_args!(
            "{month}: {}{most} instance hours, {} always at {}",
            hours.least, hours.at_maximum, target.bounds.max
        ));
    }
}

fn changes(target: &TargetPlan) -> Table<6> {
    let mut table = Table::new(["LOCAL", "UTC", "FROM", "TO", "LASTS", "RULE"], &[2, 3, 4]);
    for it in &target.changes {
        table.row([
            words::local(it.local),
            words::utc(it.at),
            it.from.to_string(),
            it.to.to_string(),
            it.lasts.map(words::length).unwrap_or_default(),
            format!("{}{}", it.rule, clocks(&it.edge)),
        ]);
    }
    table
}

/// A note about a time in a gap or a fold.
fn clocks(edge: &Edge) -> String {
    let time = edge.wall.strftime("%H:%M");
    match edge.kind {
        Wall::Once => String::new(),
        Wall::Gap => format!(" (gap: {time} does not exist, clocks are set forward)"),
        Wall::Fold => format!(" (fold: {time} occurs twice, the first counts)"),
    }
}
