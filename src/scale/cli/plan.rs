//! `scale plan`.

use clap::Args;
use jiff::Timestamp;

use super::session::Session;
use super::{WithHolds, instant};
use crate::exit::Failure;
use crate::scale::drawing::draw;
use crate::scale::report::{self, TargetPlan};
use crate::terminal::{print, say, say_table};
use crate::words;
use schedule::{Change, Edge, TargetName, Wall};

#[derive(Args)]
pub(crate) struct Plan {
    /// Only this target
    target: Option<TargetName>,
    /// From this instant, such as 2026-11-24T00:00:00Z; without it, from now
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    /// Number of days
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
    days: u16,
    /// Print JSON
    #[arg(long, conflicts_with = "svg")]
    json: bool,
    /// Print a timeline as SVG
    #[arg(long)]
    svg: bool,
    #[command(flatten)]
    holds: WithHolds,
}

impl Plan {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let from = self.from.unwrap_or_else(|| words::minute(session.now()));
        let loaded = session.schedule().await?;
        let only = self.target.as_ref();
        only.map(|name| loaded.target(name)).transpose()?;
        let holds = session.holds(&self.holds).await?;
        let plan = report::Plan::new(&loaded, &holds, from, self.days, only);
        if self.json {
            print(&plan);
        } else if self.svg {
            say(draw(&plan).trim_end());
        } else {
            let zones = plan.time_zones;
            say(format_args!("{}, time zones of {zones}", plan.schedule));
            plan.targets.iter().for_each(|target| show(&plan, target));
        }
        Ok(())
    }
}

fn show(plan: &report::Plan, target: &TargetPlan) {
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
        let rows = target.changes.iter().map(row);
        say_table("LOCAL, UTC, >FROM, >TO, >LASTS, RULE", rows);
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

fn row(change: &Change) -> [String; 6] {
    [
        words::local(change.local),
        words::utc(change.at),
        change.from.to_string(),
        change.to.to_string(),
        change.lasts.map(words::length).unwrap_or_default(),
        format!("{}{}", change.rule, clocks(&change.edge)),
    ]
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
