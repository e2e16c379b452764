//! `backup list`.

use serde::Serialize;

use super::Choice;
use super::session::{Failure, Session};
use crate::backup::{BackupState, Hold, Stored, Verified};
use crate::terminal::{print, say, say_table};
use crate::words;
use pgarchive::manifest::Manifest;

/// A backup in the list, in JSON.
#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    id: &'a str,
    started: jiff::Timestamp,
    state: BackupState,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// The objects that the backup does not contain.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    findings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<&'a Verified>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'a Hold>,
    /// When the announcement of its deletion ends.
    #[serde(rename = "beingDeletedUntil", skip_serializing_if = "Option::is_none")]
    being_deleted_until: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

pub(super) async fn run(session: &Session, choice: &Choice) -> Result<(), Failure> {
    let mut found = Vec::new();
    for source_backups in session.each_source(choice.source.as_ref()).await? {
        let backups = source_backups.all().await?;
        let name = source_backups.source.to_string();
        found.extend(backups.into_iter().map(|stored| (name.clone(), stored)));
    }
    let now = (session.backups.clock())();
    let lines: Vec<Line> = found
        .iter()
        .map(|(source, it)| line(source, it, now))
        .collect();
    if choice.json {
        print(lines);
        return Ok(());
    }
    if lines.is_empty() {
        say("there are no backups");
        return Ok(());
    }
    let degraded = lines.iter().flat_map(|line| {
        let (source, id) = (line.source, line.id);
        let findings = line.findings.iter();
        findings.map(move |finding| format!("{source}/{id} is degraded: {finding}"))
    });
    let heading = "SOURCE, BACKUP, >AGE, >ROWS, >SIZE, STATE, VERIFIED, NOTE";
    say_table(heading, lines.iter().map(|line| row(line, now)));
    degraded.for_each(say);
    Ok(())
}

fn line<'a>(source: &'a str, stored: &'a Stored, now: jiff::Timestamp) -> Line<'a> {
    let manifest = stored.manifest.as_ref();
    Line {
        source,
        id: stored.id.as_str(),
        started: stored.id.started(),
        state: stored.state(),
        bytes: stored.bytes(),
        rows: manifest.ok().map(Manifest::rows),
        findings: manifest
            .map(|it| it.findings.as_slice())
            .unwrap_or_default(),
        verified: stored.verified.as_ref(),
        hold: stored.hold.as_ref(),
        being_deleted_until: stored.deleted_until(now),
        error: manifest.err().map(String::as_str),
    }
}

fn row(line: &Line, now: jiff::Timestamp) -> [String; 8] {
    let deletion = line.being_deleted_until;
    let deletion = deletion.map(|until| format!("a prune is deleting it, until {until}"));
    let hold = line.hold.map(|hold| format!("held: {}", hold.reason));
    let note = line.error.map(str::to_owned).or(deletion).or(hold);
    let verified = line
        .verified
        .map(|it| it.verified.strftime("%Y-%m-%d").to_string());
    [
        line.source.to_owned(),
        line.id.to_owned(),
        words::length(now.duration_since(line.started)),
        line.rows.map_or_else(String::new, |rows| rows.to_string()),
        words::size(line.bytes),
        line.state.to_string(),
        verified.unwrap_or_default(),
        note.unwrap_or_default(),
    ]
}
