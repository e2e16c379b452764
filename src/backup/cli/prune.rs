//! `backup prune`.

use serde::Serialize;

use super::Choice;
use super::session::{Failure, Session};
use crate::backup::settings::SourceName;
use crate::backup::store::{Pruning, Swept};
use crate::terminal::{print, say, say_table};

pub(super) async fn run(session: &Session, choice: &Choice, dry_run: bool) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let from = session.from;
    for source_backups in session.each_source(choice.source.as_ref()).await? {
        let source = &source_backups.source;
        let pruning = session.backups.prune(from, source, dry_run).await?;
        lines.extend(decided(source, &pruning, dry_run));
        if !dry_run {
            let swept = session.backups.sweep(from, source).await?;
            lines.extend(swept.into_iter().map(|it| unfinished(source, it)));
        }
    }
    if choice.json {
        print(lines);
        return Ok(());
    }
    let rows = lines.into_iter().map(|line| {
        let mut reasons = line.reasons;
        reasons.extend(line.refused);
        let outcome = line.outcome.to_owned();
        [line.source, line.id, outcome, reasons.join("; ")]
    });
    say(session.settings().kept_in(from));
    say_table("SOURCE, BACKUP, , WHY", rows);
    Ok(())
}

/// The outcome for a backup, or for the remains of an export that died.
#[derive(Serialize)]
struct Line {
    source: String,
    id: String,
    outcome: &'static str,
    reasons: Vec<String>,
    /// Why the store keeps it, or part of it.
    refused: Option<String>,
}

fn decided(source: &SourceName, pruning: &Pruning, dry_run: bool) -> Vec<Line> {
    let decisions = pruning.decisions.iter();
    let lines = decisions.map(|decision| {
        let pruned = pruning.pruned.iter().find(|it| it.id == decision.id);
        let refused = pruned.and_then(|it| it.kept.clone());
        Line {
            source: source.to_string(),
            id: decision.id.to_string(),
            outcome: match &refused {
                _ if decision.keep => "keep",
                _ if dry_run => "would delete",
                Some(_) => "refused",
                None => "deleted",
            },
            reasons: decision.reasons.clone(),
            refused,
        }
    });
    lines.collect()
}

fn unfinished(source: &SourceName, swept: Swept) -> Line {
    let refused = swept.kept.map(|it| it.to_string());
    Line {
        source: source.to_string(),
        id: swept.id.to_string(),
        outcome: if refused.is_some() {
            "refused"
        } else {
            "deleted"
        },
        reasons: vec!["it was never finished".to_owned()],
        refused,
    }
}
