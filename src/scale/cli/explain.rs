//! `scale explain`.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::session::Session;
use super::{WithHolds, instant};
use crate::exit::Failure;
use crate::terminal::{print, say};
use crate::words;
use schedule::{
    Decision, Occurrence, Rule, Size, Standing, Step, Target, TargetName, Zone, decide, explain,
};

#[derive(Args)]
pub(crate) struct Explain {
    /// Only this target
    target: Option<TargetName>,
    /// At this instant, such as 2026-12-24T17:00:00Z; without it, now
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    holds: WithHolds,
}

/// A step for programs.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    rule: Rule<'a>,
    size: Size,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

impl Explain {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let at = self.at.unwrap_or_else(|| session.now());
        let loaded = session.schedule().await?;
        let targets = match &self.target {
            Some(name) => std::slice::from_ref(loaded.target(name)?),
            None => loaded.schedule.targets(),
        };
        let holds = session.holds(&self.holds).await?;
        let explained = targets.iter().map(|target| {
            let (decision, steps) = (decide(target, &holds, at), explain(target, &holds, at));
            (target, decision, steps)
        });
        if self.json {
            let explained = explained.map(|(target, decision, steps)| {
                json!({
                    "target": target.name,
                    "at": at,
                    "size": decision.size,
                    "bounds": target.bounds,
                    "steps": steps.iter().map(Line::of).collect::<Vec<_>>(),
                })
            });
            print(explained.collect::<Vec<_>>());
        } else {
            explained.for_each(|(target, decision, steps)| show(target, at, &decision, &steps));
        }
        Ok(())
    }
}

fn show(target: &Target, at: Timestamp, decision: &Decision, steps: &[Step]) {
    let zone = &target.zone;
    say(format_args!(
        "{} should be {} at {} UTC, {} in {zone}:",
        target.name,
        decision.size,
        words::utc(at),
        words::local(zone.wall(at))
    ));
    for step in steps {
        let standing = match step.standing {
            Standing::Decides(now) => format!("decides{}", present(zone, now)),
            Standing::Overruled(now) => format!("overruled{}", present(zone, now)),
            Standing::Idle(None) => "not in force, nor in the next 400 days".to_owned(),
            Standing::Idle(Some(next)) => format!("not in force, next {}", period(zone, &next)),
        };
        say(format_args!(
            "  {}, size {}: {standing}",
            step.rule, step.size
        ));
    }
    let mut steps = steps.iter();
    let deciding = steps.find(|step| matches!(step.standing, Standing::Decides(_)));
    if let Some(step) = deciding.filter(|step| step.size != decision.size) {
        say(format_args!(
            "  bounds {}: {} becomes {}",
            target.bounds, step.size, decision.size
        ));
    }
}

fn present(zone: &Zone, now: Option<Occurrence>) -> String {
    now.map_or_else(String::new, |now| format!(", {}", period(zone, &now)))
}

/// `Fri 2026-11-27 08:00 to Fri 2026-11-27 16:00 (8 h)`, on the target's clocks.
fn period(zone: &Zone, it: &Occurrence) -> String {
    format!(
        "{} to {} ({})",
        words::local(zone.wall(it.begins.at)),
        words::local(zone.wall(it.ends.at)),
        words::length(it.length())
    )
}

impl<'a> Line<'a> {
    fn of(step: &Step<'a>) -> Line<'a> {
        let (standing, occurrence) = match step.standing {
            Standing::Decides(now) => ("decides", now),
            Standing::Overruled(now) => ("overruled", now),
            Standing::Idle(next) => ("idle", next),
        };
        Line {
            rule: step.rule,
            size: step.size,
            standing,
            from: occurrence.map(|it| it.begins.at),
            to: occurrence.map(|it| it.ends.at),
        }
    }
}
