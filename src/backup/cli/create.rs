//! `backup create`.

use std::time::Duration;

use serde_json::json;

use super::progress::Bar;
use super::session::{Failure, Session};
use super::{Choice, words};
use crate::backup::export::Event;
use crate::terminal::{complain, print, say};
use pgarchive::manifest::Manifest;

/// A person can stop it; this is for a forgotten one.
const LIMIT: Duration = Duration::from_hours(24);

pub(super) async fn run(session: &Session, choice: &Choice) -> Result<(), Failure> {
    let mut answers = Vec::new();
    let mut bad = Vec::new();
    for source in session.configured(choice.source.as_ref())? {
        let bar = Bar::of("reading", 0);
        let show = |event| match event {
            Event::Progress(progress) => {
                bar.expect(progress.estimated_bytes);
                bar.at(progress.bytes, progress.rows);
            }
            Event::Yielded { reason, pause } => {
                let name = &source.name;
                complain(format_args!("{name}: {reason}; starts over in {pause:?}"));
            }
            Event::Left { folder, reason } => complain(format_args!(
                "{folder}: files of the failed run remain ({reason}); `magnusapi backup prune` \
                 deletes them when they are a day old"
            )),
        };
        let making = session.backups.create(source, LIMIT, &session.stop, &show);
        let made = making.await;
        drop(bar);
        match &made {
            Ok(manifest) if manifest.findings.is_empty() => {}
            Ok(_) => bad.push(format!("the backup of {} is degraded", source.name)),
            Err(error) => bad.push(format!("the backup of {} failed: {error}", source.name)),
        }
        answers.push((source.name.as_str(), made));
        if session.stop.is_cancelled() {
            break;
        }
    }
    // Not before all are made: a reader that stops reading must not stop the backups.
    if choice.json {
        let answers = answers.iter().map(|(source, made)| match made {
            Ok(manifest) => json!({ "source": source, "manifest": manifest }),
            Err(error) => json!({ "source": source, "error": error.to_string() }),
        });
        print(answers.collect::<Vec<_>>());
    } else {
        for (source, made) in &answers {
            if let Ok(manifest) = made {
                show(source, manifest);
            }
        }
    }
    if bad.is_empty() {
        Ok(())
    } else {
        Err(Failure::Told(bad.join("; ")))
    }
}

fn show(source: &str, manifest: &Manifest) {
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = manifest.files.iter().map(|file| file.stored_bytes).sum();
    let (id, tables, size) = (&manifest.id, manifest.tables.len(), words::size(bytes));
    say(format_args!(
        "{source}: {id}, {tables} tables, {rows} rows, {size}"
    ));
    for finding in &manifest.findings {
        say(format_args!("  not in the backup: {finding}"));
    }
}
