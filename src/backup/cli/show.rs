//! `backup show`.

use serde_json::json;

use super::One;
use super::session::{Failure, Session};
use crate::backup::{SourceBackups, Stored};
use crate::terminal::{print, say, say_table};
use crate::words;
use pgarchive::manifest::Manifest;

pub(super) async fn run(session: &Session, one: &One) -> Result<(), Failure> {
    let (source_backups, stored) = session.one(one).await?;
    let manifest = stored.readable()?;
    if one.json {
        print(json!({
            "source": source_backups.source.as_str(),
            "id": stored.id,
            "state": stored.state(),
            "bytes": stored.bytes(),
            "verified": stored.verified,
            "hold": stored.hold,
            "manifest": manifest,
        }));
        return Ok(());
    }
    for (name, value) in facts(&source_backups, &stored, manifest) {
        say(format_args!("{name:<12}{value}"));
    }
    for finding in &manifest.findings {
        say(format_args!("{:<12}{finding}", "left out"));
    }
    say("");
    let rows = manifest.tables.iter().map(|it| {
        let file = manifest.files.iter().find(|file| file.name == it.file);
        [
            format!("{}.{}", it.schema, it.name),
            it.rows.to_string(),
            file.map_or_else(String::new, |file| words::size(file.stored_bytes)),
            it.file.clone(),
        ]
    });
    say_table("TABLE, >ROWS, >STORED, FILE", rows);
    Ok(())
}

fn facts(
    source_backups: &SourceBackups,
    stored: &Stored,
    manifest: &Manifest,
) -> Vec<(&'static str, String)> {
    let server = &manifest.server;
    let mut facts = vec![
        ("backup", format!("{}/{}", source_backups.source, stored.id)),
        ("state", stored.state().to_string()),
        (
            "shows",
            format!("{} as of {}", server.database, manifest.snapshot.taken),
        ),
        ("server", format!("PostgreSQL {}", server.version)),
        (
            "size",
            format!(
                "{} stored, {} in the database",
                words::size(stored.bytes()),
                words::size(server.database_bytes)
            ),
        ),
        (
            "made by",
            format!(
                "magnusapi {} ({})",
                manifest.tool.version, manifest.tool.commit
            ),
        ),
    ];
    if let Some(newest) = manifest.schema_migrations.iter().max() {
        facts.push(("schema", newest.clone()));
    }
    for recipient in &manifest.recipients {
        facts.push(("encrypted", format!("to {recipient}")));
    }
    facts.push((
        "verified",
        match &stored.verified {
            None => "not yet".to_owned(),
            Some(it) => format!(
                "{}, restored to PostgreSQL {}",
                it.verified, it.server_version
            ),
        },
    ));
    if let Some(hold) = &stored.hold {
        facts.push(("held", format!("since {}: {}", hold.since, hold.reason)));
    }
    facts
}
