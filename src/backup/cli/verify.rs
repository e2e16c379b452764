//! `backup verify`.

use serde_json::json;

use super::One;
use super::progress::Bar;
use super::session::{Failure, Session};
use crate::backup::encryption::Identities;
use crate::backup::restore::{Bounds, Progress};
use crate::backup::{Damage, Depot, Stored, Verified};
use crate::database;
use crate::terminal::{print, say};

pub(super) async fn run(
    session: &Session,
    one: &One,
    server: Option<&database::Settings>,
    identities: Option<&Identities>,
) -> Result<(), Failure> {
    let (depot, stored) = session.one(one).await?;
    let name = format!("{}/{}", depot.source, stored.id);
    let bar = Bar::of("checking", stored.bytes());
    let damages = depot.verify(&stored, &|bytes| bar.add(bytes)).await?;
    drop(bar);
    let restored = match server {
        Some(server) if damages.is_empty() => {
            Some(restore(session, (&depot, &stored), server, identities).await?)
        }
        _ => None,
    };
    if one.json {
        print(json!({
            "id": stored.id.as_str(), "damages": damages, "restored": restored
        }));
    } else if damages.is_empty() {
        tell(&name, &stored, restored.as_ref());
    }
    if damages.is_empty() {
        return Ok(());
    }
    let damages: Vec<String> = damages.iter().map(Damage::to_string).collect();
    let damages = damages.join("; ");
    Err(Failure::Told(format!("{name} is damaged: {damages}")))
}

fn tell(name: &str, stored: &Stored, restored: Option<&Verified>) {
    let findings = stored.manifest.iter().flat_map(|it| &it.findings);
    for finding in findings {
        say(format_args!("{name} is degraded: {finding}"));
    }
    say(format_args!("{name}: all files are as they were stored"));
    match restored {
        None => say(format_args!(
            "whether they restore: magnusapi backup verify {} --restore",
            stored.id
        )),
        Some(it) => {
            let definitions = match it.definitions {
                Some(definitions) => format!("{definitions} definitions"),
                None => "definitions not compared".to_owned(),
            };
            say(format_args!(
                "restored to PostgreSQL {}: {} tables and {} rows are as they were, {definitions}",
                it.server_version, it.tables, it.rows
            ));
        }
    }
}

async fn restore(
    session: &Session,
    (depot, stored): (&Depot, &Stored),
    server: &database::Settings,
    identities: Option<&Identities>,
) -> Result<Verified, Failure> {
    let bar = Bar::of("restoring", stored.readable()?.content_bytes());
    let progress = Progress::default();
    let bounds = Bounds::until(session.stop.clone());
    let drill = session
        .backups
        .drill(depot, stored, server, identities, bounds, &progress);
    let look = || (progress.loaded_bytes(), progress.loaded_rows());
    Ok(bar.follow(drill, look).await?)
}
