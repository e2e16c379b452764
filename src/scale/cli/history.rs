//! `scale history`.

use jiff::SignedDuration;

use super::session::{Failure, Session};
use crate::scale::journal::Entry;
use crate::terminal::{Table, print, say};
use crate::words;
use schedule::TargetName;

pub(super) async fn run(
    session: &Session,
    only: Option<&TargetName>,
    days: u16,
    limit: u16,
    json: bool,
) -> Result<(), Failure> {
    let scaling = session.scaling().await?;
    let since = session.now() - SignedDuration::from_hours(24 * i64::from(days));
    let entries = scaling.journal().since(since, only, limit.into()).await?;
    if json {
        print(entries);
        return Ok(());
    }
    if entries.is_empty() {
        say(format_args!("no change within {days} days"));
        return Ok(());
    }
    for line in table(&entries).lines() {
        say(line);
    }
    Ok(())
}

fn table(entries: &[Entry]) -> Table<7> {
    let heading = ["UTC", "TARGET", "FROM", "TO", "OUTCOME", "TOOK", "WHY"];
    let mut table = Table::new(heading, &[2, 3, 5]);
    for entry in entries {
        let took = entry
            .finished_at
            .map(|end| end.duration_since(entry.requested_at));
        let outcome = entry.outcome.as_deref().unwrap_or("under way");
        let took = took.filter(|_| outcome == "succeeded").map(words::length);
        table.row([
            words::utc(entry.requested_at),
            entry.target.clone(),
            entry.from.to_string(),
            entry.to.to_string(),
            outcome.to_owned(),
            took.unwrap_or_default(),
            reason(entry),
        ]);
    }
    table
}

fn reason(entry: &Entry) -> String {
    let drift = match entry.cause.as_str() {
        "drift" => " (another party had changed it)",
        _ => "",
    };
    let detail = entry.detail.as_ref();
    let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
    format!("{}{drift}{detail}", entry.rule)
}
