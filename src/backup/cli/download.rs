//! `backup download`.

use std::path::Path;

use serde_json::json;

use super::One;
use super::commands::{Address, plain_commands};
use super::progress::follow;
use super::session::{Failure, Session};
use crate::backup::Progress;
use crate::backup::restore::{Options, Place};
use crate::terminal::{print, say};

pub(super) async fn run(session: &Session, one: &One, folder: &Path) -> Result<(), Failure> {
    let (source_backups, stored) = session.one(one).await?;
    let progress = Progress::default();
    let downloading = source_backups.download(&stored, folder, &session.stop, &progress);
    let path = follow("downloading", stored.bytes(), &progress, downloading).await?;
    let manifest = stored.readable()?;
    let commands = plain_commands(
        !manifest.recipients.is_empty(),
        &path.display().to_string(),
        Address {
            server: "host=HOST user=USER",
            database: "DATABASE",
        },
        &Place::Empty,
        None,
        &Options::new(stored.id.clone()),
    );
    if one.json {
        print(json!({ "id": stored.id, "path": path, "withoutMagnusapi": commands }));
    } else {
        say(path.display());
        say("to restore it without magnusapi:");
        say(commands);
    }
    Ok(())
}
