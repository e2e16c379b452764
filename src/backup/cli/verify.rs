//! `backup verify`.

use clap::Args;
use serde_json::json;

use super::progress::follow;
use super::session::{Failure, Session, target};
use super::{Login, One};
use crate::backup::restore::{Bounds, Superusers};
use crate::backup::{Mismatch, Progress, SourceBackups, Stored, Trial, Verified};
use crate::database;
use crate::exit::Exit;
use crate::terminal::{print, say};

#[derive(Args)]
pub(crate) struct Options {
    /// Also restore it to a scratch database
    #[arg(long)]
    restore: bool,
    /// The server to restore on, instead of `DRILL_DATABASE_URL`
    #[arg(long, value_name = "URL", requires = "restore")]
    on: Option<String>,
    /// Accept a superuser: functions that are in the backup can then run programs on the server
    #[arg(long, requires = "restore")]
    allow_superuser: bool,
    #[command(flatten)]
    login: Login,
}

impl Options {
    /// The server to restore on, if the operator wants that.
    fn server(&self, session: &Session) -> Result<Option<database::Settings>, Failure> {
        if !self.restore {
            return Ok(None);
        }
        if let Some(url) = &self.on {
            return target("--on", url, &self.login.auth).map(Some);
        }
        let server = session.settings().drill.clone();
        let missing = "--restore needs a server; name one with --on or in DRILL_DATABASE_URL";
        server.map(Some).ok_or_else(|| Failure::usage(missing))
    }
}

pub(super) async fn run(session: &Session, one: &One, options: &Options) -> Result<(), Failure> {
    let server = options.server(session)?;
    let identities = session.identities(options.login.identity.as_deref())?;
    let trial = server.as_ref().map(|server| Trial {
        server,
        identities: identities.as_ref(),
        bounds: Bounds::until(session.stop.clone()),
        superusers: if options.allow_superuser {
            Superusers::Allowed
        } else {
            Superusers::Rejected
        },
    });
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
    follow("restoring", bytes, &progress, drill).await
}
