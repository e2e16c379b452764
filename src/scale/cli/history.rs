//! `scale history`.

use clap::Args;
use jiff::SignedDuration;

use super::session::Session;
use crate::exit::Failure;
use crate::scale::ChangeRecord;
use crate::terminal::{print, say, say_table};
use crate::words;
use schedule::TargetName;

#[derive(Args)]
pub(crate) struct History {
    /// Only this target
    target: Option<TargetName>,
    /// Number of days
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
    days: u16,
    /// The most changes, the newest first
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl History {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let History { days, limit, .. } = self;
        let scaling = session.scaling().await?;
        let since = session.now() - SignedDuration::from_hours(24 * i64::from(days));
        let entries = scaling
            .journal()
            .since(since, self.target.as_ref(), limit.into());
        let entries = entries.await?;
        if self.json {
            print(entries);
        } else if entries.is_empty() {
            say(format_args!("no change within {days} days"));
        } else {
            let heading = "UTC, TARGET, >FROM, >TO, OUTCOME, >TOOK, WHY";
            say_table(heading, entries.iter().map(row));
        }
        Ok(())
    }
}

fn row(entry: &ChangeRecord) -> [String; 7] {
    let took = entry
        .finished_at
        .map(|end| end.duration_since(entry.requested_at));
    let outcome = entry.outcome.as_deref().unwrap_or("under way");
    let took = took.filter(|_| outcome == "succeeded").map(words::length);
    [
        words::utc(entry.requested_at),
        entry.target.clone(),
        entry.from.to_string(),
        entry.to.to_string(),
        outcome.to_owned(),
        took.unwrap_or_default(),
        reason(entry),
    ]
}

fn reason(entry: &ChangeRecord) -> String {
    let drift = match entry.cause.as_str() {
        "drift" => " (another party had changed it)",
        _ => "",
    };
    let detail = entry.detail.as_ref();
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    format!("{}{drift}{detail}", entry.rule)
}
