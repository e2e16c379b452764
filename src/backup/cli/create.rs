//! `backup create`.

use std::time::Duration;

use serde_json::json;

use super::progress::follow;
use super::session::{Failure, Session};
use super::{Choice, copy};
use crate::backup::Progress;
use crate::backup::export::Event;
use crate::exit::Exit;
use crate::terminal::{print, say, say_error};
use crate::words;
use pgarchive::manifest::Manifest;

/// An operator can stop it. The limit is for a run that is forgotten.
pub(super) const LIMIT: Duration = Duration::from_hours(24);

pub(super) async fn run(session: &Session, choice: &Choice) -> Result<(), Failure> {
    let mut results = Vec::new();
    let mut failures = Vec::new();
    for source in session.configured(choice.source.as_ref())? {
        let progress = Progress::default();
        let report = |event| match event {
            Event::Yielded { reason, pause } => {
                let name = &source.name;
                say_error(format_args!("{name}: {reason}; starts over in {pause:?}"));
            }
            Event::FilesRemain { folder, reason } => say_error(format_args!(
                "{folder}: files of the failed run remain ({reason}); `magnusapi backup prune` \
                 deletes them when they are a day old"
            )),
        };
        let making = session
            .backups
            .create(source, LIMIT, &session.stop, &progress, &report);
        let made = follow("reading", 0, &progress, Box::pin(making)).await;
        match &made {
            Ok(manifest) if manifest.findings.is_empty() => {}
            Ok(_) => failures.push((
                format!("the backup of {} is degraded", source.name),
                Exit::Degraded,
            )),
            Err(error) => failures.push((
                format!("the backup of {} failed: {error}", source.name),
                error.exit,
            )),
        }
        // Also after a failure, earlier backups may lack their copies.
        let copies = match &session.settings().copy {
            Some(_) if !session.stop.is_cancelled() => {
                Some(copy::copy(session, &source.name).await)
            }
            _ => None,
        };
        let incomplete = copies.as_ref();
        let incomplete = incomplete.and_then(|it| copy::failure(&source.name, it));
        failures.extend(incomplete.map(|text| (text, Exit::Failed)));
        results.push((&source.name, made, copies));
        if session.stop.is_cancelled() {
            break;
        }
    }
    // Output comes after the last backup, so that a closed pipe does not stop the backups.
    if choice.json {
        let results = results.iter().map(|(source, made, copies)| {
            let mut result = match made {
                Ok(manifest) => json!({ "source": source.as_str(), "manifest": manifest }),
                Err(error) => json!({ "source": source.as_str(), "error": error.to_string() }),
            };
            if let Some(copies) = copies {
                result["copies"] = copy::members(copies);
            }
            result
        });
        print(results.collect::<Vec<_>>());
    } else {
        for (source, made, copies) in &results {
            if let Ok(manifest) = made {
                show(source.as_str(), manifest);
            }
            if let Some(copies) = copies {
                copy::show(source, copies);
            }
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        let (texts, exits): (Vec<String>, Vec<Exit>) = failures.into_iter().unzip();
        Err(Failure::new(Exit::worst(exits), texts.join("; ")))
    }
}

fn show(source: &str, manifest: &Manifest) {
    let (id, tables, rows) = (&manifest.id, manifest.tables.len(), manifest.rows());
    let size = words::size(manifest.stored_bytes());
    say(format_args!(
        "{source}: {id}, {tables} tables, {rows} rows, {size}"
    ));
    for finding in &manifest.findings {
        say(format_args!("  not in the backup: {finding}"));
    }
}
