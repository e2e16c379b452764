//! `backup restore`.

use clap::Args;
use serde_json::json;

use super::commands::{Address, Undo, plain_commands, undo};
use super::progress::follow;
use super::session::{Failure, Session, target};
use super::{Login, One};
use crate::backup::Progress;
use crate::backup::restore::{self, Bounds, Place, Report, Roles};
use crate::database;
use crate::exit::Exit;
use crate::terminal::{print, say};
use pgarchive::manifest::Manifest;

#[derive(Args)]
pub(crate) struct Options {
    /// The database to restore to, like `DATABASE_URL`; it is created if it does not exist
    #[arg(
        long,
        value_name = "URL",
        env = "RESTORE_DATABASE_URL",
        hide_env_values = true
    )]
    to: String,
    #[command(flatten)]
    login: Login,
    /// Connections that load, index and compare; an empty database that exists takes one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    jobs: u8,
    /// Rename a database that is not empty, and give its name to the restored one
    #[arg(long)]
    replace: bool,
    /// Skip objects that cannot be restored, and exit with 3 if there are any
    #[arg(long)]
    go_on: bool,
    /// How owners and grants are restored
    #[arg(long, value_enum, default_value_t = Roles::Required)]
    roles: Roles,
    /// Do not compare the rows with the backup
    #[arg(long)]
    no_verify: bool,
}

pub(super) async fn run(session: &Session, one: &One, chosen: &Options) -> Result<(), Failure> {
    let options = &restore::Options {
        roles: chosen.roles,
        jobs: chosen.jobs.into(),
        replace: chosen.replace,
        go_on: chosen.go_on,
        verify: !chosen.no_verify,
        bounds: Bounds::until(session.stop.clone()),
        ..restore::Options::new(session.backups.run_id())
    };
    let database = target("--to", &chosen.to, &chosen.login.auth)?;
    if !database.address.names_database {
        return Err(Failure::usage(
            "--to names no database; add its name: postgres://user@host/name",
        ));
    }
    let identities = session.identities(chosen.login.identity.as_deref())?;
    let (source_backups, stored) = session.one(one).await?;
    let manifest = stored.readable()?;
    let progress = Progress::default();
    let work = source_backups.restore(&stored, &database, options, identities.as_ref(), &progress);
    let restored = follow("restoring", manifest.content_bytes(), &progress, work).await?;
    let commands = Commands::of(&restored, manifest, &database, options);
    if one.json {
        let (back, drop) = commands.undo.map(|it| (it.go_back, it.drop_old)).unzip();
        print(json!({
            "source": source_backups.source.as_str(),
            "id": stored.id,
            "to": database.address.display(),
            "serverVersion": restored.server_version,
            "tables": restored.tables,
            "rows": restored.rows,
            "verified": options.verify,
            "oldDatabase": old(&restored),
            "notices": restored.notices,
            "notInTheBackup": restored.missing,
            "leftOut": restored.skipped,
            "withoutMagnusapi": commands.plain,
            "goBack": back,
            "dropOld": drop,
        }));
    } else {
        let to = database.address.display();
        say(format_args!(
            "{}/{} to {to}",
            source_backups.source, stored.id
        ));
        let id = format!("{}{}", stored.id, session.store_option());
        show(&restored, &id, options.verify, &commands);
    }
    match restored.skipped.len() {
        0 => Ok(()),
        number => Err(Failure::new(
            Exit::Degraded,
            format!(
                "{number} of the backup's objects could not be restored; they are listed above"
            ),
        )),
    }
}

/// The commands that are printed for the operator.
struct Commands {
    plain: String,
    undo: Option<Undo>,
}

impl Commands {
    fn of(
        restored: &Report,
        manifest: &Manifest,
        target: &database::Settings,
        options: &restore::Options,
    ) -> Commands {
        let address = &target.address;
        let server = format!(
            "host={} port={} user={}",
            address.host(),
            address.port(),
            address.config.get_user().unwrap_or("postgres")
        );
        let address = Address {
            server: &server,
            database: address.config.get_dbname().unwrap_or("postgres"),
        };
        let (place, owner) = (&restored.place, restored.owner.as_deref());
        Commands {
            plain: plain_commands(
                !manifest.recipients.is_empty(),
                manifest.id.as_str(),
                address,
                place,
                owner,
                options,
            ),
            undo: old(restored).map(|old| undo(address, old)),
        }
    }
}

/// The new name of the replaced database.
fn old(restored: &Report) -> Option<&str> {
    match &restored.place {
        Place::Replaced(old) => Some(old),
        Place::New | Place::Empty => None,
    }
}

fn show(restored: &Report, id: &str, verified: bool, commands: &Commands) {
    let compared = if verified {
        "every row equals the backup's"
    } else {
        "rows not compared"
    };
    say(format_args!(
        "{} tables with {} rows, {compared}",
        restored.tables, restored.rows
    ));
    for missing in &restored.missing {
        say(format_args!("warning: {missing}"));
    }
    for skipped in &restored.skipped {
        say(format_args!("left out: {skipped}"));
    }
    for notice in &restored.notices {
        say(format_args!("note: {notice}"));
    }
    say(format_args!(
        "the same without magnusapi, after `magnusapi backup download {id} .`:"
    ));
    say(&commands.plain);
    if let (Some(old), Some(undo)) = (old(restored), &commands.undo) {
        say(format_args!(
            "The old database is complete, under the name {old}."
        ));
        say("To go back to it:");
        say(&undo.go_back);
        say("To drop it when it is no longer needed:");
        say(&undo.drop_old);
    }
}
