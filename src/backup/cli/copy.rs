//! `backup copy`, and the copies that follow `backup create`.

use serde_json::{Value, json};

use super::Choice;
use super::create::LIMIT;
use super::progress::follow;
use super::session::{Failure, Session};
use crate::backup::{Copies, Location, Progress, SourceName};
use crate::exit::Exit;
use crate::terminal::{print, say};

pub(super) async fn run(session: &Session, choice: &Choice) -> Result<(), Failure> {
    let mut results = Vec::new();
    session.backups.blobs(Location::Copy)?;
    for source_backups in session.each_source(choice.source.as_ref()).await? {
        let source = source_backups.source;
        let copies = copy(session, &source).await;
        results.push((source, copies));
    }
    if choice.json {
        let results = results.iter().map(
            |(source, copies)| json!({ "source": source.as_str(), "copies": members(copies) }),
        );
        print(results.collect::<Vec<_>>());
    } else {
        for (source, copies) in &results {
            show(source, copies);
        }
    }
    let failures = results
        .iter()
        .filter_map(|(source, it)| failure(source, it));
    let failures: Vec<String> = failures.collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, failures.join("; ")))
    }
}

/// Makes the missing copies of a source's backups.
pub(super) async fn copy(session: &Session, source: &SourceName) -> Copies {
    let progress = Progress::default();
    let copying = session
        .backups
        .copy(source, LIMIT, &session.stop, &progress);
    follow("copying", 0, &progress, Box::pin(copying)).await
}

pub(super) fn members(copies: &Copies) -> Value {
    json!({ "copied": copies.copied, "failures": copies.failures })
}

pub(super) fn show(source: &SourceName, copies: &Copies) {
    let deleted = copies.pruning.as_ref().map_or(0, |it| it.pruned.len());
    say(format_args!(
        "{source}: copied {}, deleted {deleted}",
        copies.copied.len()
    ));
}

pub(super) fn failure(source: &SourceName, copies: &Copies) -> Option<String> {
    let failures = copies.failures.join("; ");
    (!failures.is_empty()).then(|| format!("the copies of {source} are incomplete: {failures}"))
}
