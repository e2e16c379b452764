//! `magnusapi backup …`: what an operator types. One file a verb.

mod commands;
mod create;
mod download;
mod hold;
mod list;
mod progress;
mod prune;
mod restore;
mod session;
mod show;
mod verify;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::restore::{Bounds, Options, Roles, Superusers};
use super::{Backups, Selection, SourceName, Trial};
pub(crate) use session::Failure;
use session::Session;

/// What to do with backups.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Make a backup now
    ///
    /// Of every database in `BACKUP_DATABASES`, or of the one that --source names. Exits with 1 when
    /// a backup fails, and when one is degraded: it has all rows then, and not every object.
    #[command(verbatim_doc_comment)]
    Create {
        #[command(flatten)]
        choice: Choice,
    },
    /// List the backups, the newest first
    List {
        #[command(flatten)]
        choice: Choice,
    },
    /// Show one backup: its tables, rows, sizes, and what it leaves out
    Show {
        #[command(flatten)]
        backup: One,
    },
    /// Check that a backup's files are those that were stored
    ///
    /// Reads every file and compares its size and SHA-256 with the manifest. With --restore, also
    /// restores it into a scratch database, compares every row's checksum, drops the database, and
    /// writes verified.json beside the backup.
    #[command(verbatim_doc_comment)]
    Verify {
        #[command(flatten)]
        backup: One,
        /// Restore it on trial too
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
    },
    /// Restore a backup into a database
    ///
    /// Checks every file, loads the backup into a temporary database, compares every row with the
    /// backup, and then gives that database its name. A restore deletes nothing: with --replace, the
    /// old database keeps its content under another name. A restore that fails changes nothing.
    /// Prints the commands that do the same without magnusapi, and those that undo a --replace.
    #[command(verbatim_doc_comment)]
    Restore {
        #[command(flatten)]
        backup: One,
        /// The database to restore to, as `DATABASE_URL` has it; one that does not exist is made
        #[arg(
            long,
            value_name = "URL",
            env = "RESTORE_DATABASE_URL",
            hide_env_values = true
        )]
        to: String,
        #[command(flatten)]
        login: Login,
        /// Tables loaded at a time; an empty database that exists is loaded one at a time
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
        jobs: u8,
        /// Give a database that is not empty another name, and its name to the restored one
        #[arg(long)]
        replace: bool,
        /// Leave out what cannot be restored, and exit with 3 if there is any
        #[arg(long)]
        go_on: bool,
        /// What becomes of owners and grants
        #[arg(long, value_enum, default_value_t = RolesChoice::Required)]
        roles: RolesChoice,
        /// Do not compare the rows with the backup
        #[arg(long)]
        no_verify: bool,
    },
    /// Fetch a backup's files into a folder, for stock `pg_restore`
    ///
    /// They are checked on the way, and stay encrypted if they are.
    Download {
        #[command(flatten)]
        backup: One,
        /// Where a folder of the backup's name is made
        folder: PathBuf,
    },
    /// Delete the backups that `BACKUP_KEEP` does not keep
    ///
    /// Never the newest verified one, nor one under a hold, nor one younger than
    /// `BACKUP_IMMUTABLE_DAYS`, nor one that is being restored, verified or downloaded. Also deletes
    /// what runs that died more than a day ago left.
    #[command(verbatim_doc_comment)]
    Prune {
        #[command(flatten)]
        choice: Choice,
        /// Say which, and why, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Keep a backup, whatever the rules say, until it is released
    Hold {
        #[command(flatten)]
        backup: One,
        /// Why, for whoever finds it in a year
        #[arg(long)]
        reason: String,
    },
    /// Lift the hold of a backup
    Release {
        #[command(flatten)]
        backup: One,
    },
}

/// Which source's backups, and how they are told.
#[derive(Args)]
pub(crate) struct Choice {
    /// Only the source of this name, as in `BACKUP_DATABASES`; without it, every source
    #[arg(long, value_name = "NAME")]
    source: Option<SourceName>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which backup, and how it is told.
#[derive(Args)]
pub(crate) struct One {
    /// Its id, or `latest`
    #[arg(verbatim_doc_comment)]
    id: Selection,
    /// The source that it is of; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    source: Option<SourceName>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a backup is read and its target logged in to.
#[derive(Args)]
pub(crate) struct Login {
    /// The file with the age identity of an encrypted backup, instead of `DRILL_IDENTITY`
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    identity: Option<PathBuf>,
    /// How to log in: with a password, or as `DATABASE_AUTH=entra` does
    #[arg(long, value_name = "HOW", default_value = "password", value_parser = ["password", "entra"])]
    auth: String,
}

/// What becomes of owners and grants.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RolesChoice {
    /// They are as they were; every role must exist
    Required,
    /// Those of roles that exist are as they were; the rest is the restoring role's
    Available,
    /// Everything is the restoring role's, and nothing is granted
    Ignored,
}

impl From<RolesChoice> for Roles {
    fn from(choice: RolesChoice) -> Roles {
        match choice {
            RolesChoice::Required => Roles::Required,
            RolesChoice::Available => Roles::Available,
            RolesChoice::Ignored => Roles::Ignored,
        }
    }
}

impl Verb {
    /// Whether it connects to the databases that are backed up.
    pub(crate) fn reads_databases(&self) -> bool {
        matches!(self, Verb::Create { .. })
    }
}

/// Does what the verb says. When `interrupted` completes, the verb cleans up and fails.
pub(crate) async fn run(
    verb: Verb,
    backups: Backups,
    interrupted: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            interrupted.await;
            stop.cancel();
        }
    });
    let session = Session::new(backups, stop.clone());
    if !verb.reads_databases() {
        session.require_store()?;
    }
    let grace = match verb {
        Verb::Create { .. }
        | Verb::Restore { .. }
        | Verb::Verify { .. }
        | Verb::Download { .. } => GRACE,
        _ => Duration::ZERO,
    };
    let mut work = std::pin::pin!(does(verb, &session));
    tokio::select! {
        done = &mut work => done,
        () = stop.cancelled() => {
            let ended = tokio::time::timeout(grace, work).await;
            ended.unwrap_or(Err(Failure::Interrupted))
        }
    }
}

/// How long a verb may take to clean up.
const GRACE: Duration = Duration::from_secs(30);

async fn does(verb: Verb, session: &Session) -> Result<(), Failure> {
    match verb {
        Verb::Create { choice } => create::run(session, &choice).await,
        Verb::List { choice } => list::run(session, &choice).await,
        Verb::Show { backup } => show::run(session, &backup).await,
        Verb::Verify {
            backup,
            restore,
            on,
            allow_superuser,
            login,
        } => {
            let server = match (restore, on) {
                (false, _) => None,
                (true, Some(url)) => Some(session::target("--on", &url, &login.auth)?),
                (true, None) => {
                    let server = session.settings().drill.clone();
                    Some(server.ok_or(Failure::NoServer)?)
                }
            };
            let identities = session.identities(login.identity.as_deref())?;
            let trial = server.as_ref().map(|server| Trial {
                server,
                identities: identities.as_ref(),
                bounds: Bounds::until(session.stop.clone()),
                superusers: if allow_superuser {
                    Superusers::Allowed
                } else {
                    Superusers::Rejected
                },
            });
            verify::run(session, &backup, trial).await
        }
        Verb::Restore {
            backup,
            to,
            login,
            jobs,
            replace,
            go_on,
            roles,
            no_verify,
        } => {
            let options = Options {
                roles: roles.into(),
                jobs: jobs.into(),
                replace,
                go_on,
                verify: !no_verify,
                bounds: Bounds::until(session.stop.clone()),
                ..Options::new(session.backups.run_id())
            };
            restore::run(session, &backup, &to, &login, &options).await
        }
        Verb::Download { backup, folder } => download::run(session, &backup, &folder).await,
        Verb::Prune { choice, dry_run } => prune::run(session, &choice, dry_run).await,
        Verb::Hold { backup, reason } => hold::hold(session, &backup, reason).await,
        Verb::Release { backup } => hold::release(session, &backup).await,
    }
}
