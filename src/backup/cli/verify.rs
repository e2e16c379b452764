//! `backup verify`.

use serde_json::json;

use super::One;
use super::progress::follow;
use super::session::{Failure, Session};
use crate::backup::{Mismatch, Progress, SourceBackups, Stored, Trial, Verified};
use crate::exit::Exit;
use crate::terminal::{print, say};

pub(super) async fn run(
    session: &Session,
    one: &One,
    trial: Option<Trial<'_>>,
) -> Result<(), Failure> {
    let (source_backups, stored) = session.one(one).await?;
    let name = format!("{}/{}", source_backups.source, stored.id);
    let progress = Progress::default();
    let checking = source_backups.verify(&stored, &session.stop, &progress);
    let damages = follow("checking", stored.bytes(), &progress, checking).await?;
    let restored = match trial {
        Some(trial) if damages.is_empty() => {
            Some(restore(session, &source_backups, &stored, trial).await?)
        }
        _ => None,
    };
    if one.json {
        print(json!({
            "id": stored.id, "damages": damages, "restored": restored
        }));
    } else if damages.is_empty() {
        show(&name, &stored, restored.as_ref(), session.store_option());
    }
    if damages.is_empty() {
        return Ok(());
    }
    let damages: Vec<String> = damages.iter().map(Mismatch::to_string).collect();
    let damages = damages.join("; ");
    let text = format!("{name} is damaged: {damages}");
    Err(Failure::new(Exit::Failed, text))
}

fn show(name: &str, stored: &Stored, restored: Option<&Verified>, from: &str) {
    let findings = stored.manifest.iter().flat_map(|it| &it.findings);
    for finding in findings {
        say(format_args!("{name} is degraded: {finding}"));
    }
    say(format_args!("{name}: all files are as they were stored"));
    match restored {
        None => say(format_args!(
            "to prove that they restore: magnusapi backup verify {} --restore{from}",
            stored.id
        )),
        Some(it) => {
            say(format_args!(
                "restored to PostgreSQL {}: {} tables, {} rows and {} definitions are as they were",
                it.server_version,
                it.tables,
                it.rows,
                it.definitions.unwrap_or_default()
            ));
        }
    }
}

async fn restore(
    session: &Session,
    source_backups: &SourceBackups,
    stored: &Stored,
    trial: Trial<'_>,
) -> Result<Verified, Failure> {
    let bytes = stored.readable()?.content_bytes();
    let progress = Progress::default();
    let drill = session
        .backups
        .drill(source_backups, stored, trial, &progress);
    Ok(follow("restoring", bytes, &progress, drill).await?)
}
