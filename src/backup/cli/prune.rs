//! `backup prune`.

use serde_json::{Value, json};

use super::Choice;
use super::session::{Failure, Session};
use crate::backup::{BackupId, Pruning, SourceName};
use crate::terminal::{Table, print, say};

pub(super) async fn run(session: &Session, choice: &Choice, dry_run: bool) -> Result<(), Failure> {
    let mut done = Vec::new();
    for depot in session.depots(choice.source.as_ref()).await? {
        let pruning = session.backups.prune(&depot, dry_run).await?;
        done.push((depot.source.clone(), pruning));
    }
    if choice.json {
        let answers = done
            .iter()
            .flat_map(|(source, it)| json_of(source, it, dry_run));
        print(answers.collect::<Vec<Value>>());
        return Ok(());
    }
    let mut table = Table::new(["SOURCE", "BACKUP", "", "WHY"], &[]);
    for (source, pruning) in &done {
        for decision in &pruning.decisions {
            let what = outcome(pruning, &decision.id, decision.keep, dry_run);
            let mut reasons = decision.reasons.clone();
            reasons.extend(refusal(pruning, &decision.id));
            table.row([
                source.to_string(),
                decision.id.to_string(),
                what.to_owned(),
                reasons.join("; "),
            ]);
        }
    }
    say(session.settings().keep);
    for line in table.lines() {
        say(line);
    }
    Ok(())
}

fn outcome(pruning: &Pruning, id: &BackupId, keep: bool, dry_run: bool) -> &'static str {
    if keep {
        "keep"
    } else if dry_run {
        "would delete"
    } else if refusal(pruning, id).is_some() {
        "refused"
    } else {
        "deleted"
    }
}

fn refusal(pruning: &Pruning, id: &BackupId) -> Option<String> {
    let pruned = pruning.pruned.iter().find(|it| it.id == *id)?;
    let reason = pruned.refused.as_ref()?;
    Some(format!("the store refused: {reason}"))
}

fn json_of(source: &SourceName, pruning: &Pruning, dry_run: bool) -> Vec<Value> {
    let decisions = pruning.decisions.iter();
    let answers = decisions.map(|decision| {
        json!({
            "source": source.as_str(),
            "id": decision.id.as_str(),
            "outcome": outcome(pruning, &decision.id, decision.keep, dry_run),
            "reasons": decision.reasons,
            "refused": refusal(pruning, &decision.id),
        })
    });
    answers.collect()
}
