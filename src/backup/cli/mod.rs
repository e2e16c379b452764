//! `magnusapi backup …`: the operator's verbs, one file for each.

mod commands;
mod copy;
mod create;
mod download;
mod hold;
mod list;
mod progress;
mod prune;
mod report;
mod restore;
mod session;
mod show;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use super::{Backups, Location, Selection, SourceName};
use crate::exit::Failure;
use session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Make a backup now
    ///
    /// Of every database in `BACKUP_DATABASES`, or of the one that --source names. Exits with 1 when
    /// a backup fails, and with 3 when one is degraded: it has all rows, and not every object. With
    /// `BACKUP_COPY_URL`, it also copies the backups that have no copy, and exits with 1 if it cannot.
    #[command(verbatim_doc_comment)]
    Create {
        #[command(flatten)]
        choice: Choice,
    },
    /// Copy the backups that have no copy to `BACKUP_COPY_URL`
    ///
    /// Copies those that `BACKUP_COPY_KEEP` keeps, compares each file as the second location returns
    /// it, and then deletes the other copies.
    #[command(verbatim_doc_comment)]
    Copy {
        #[command(flatten)]
        choice: Choice,
    },
    /// List the backups, the newest first
    List {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        store: Store,
    },
    /// Show one backup: its tables, rows, sizes, and missing objects
    Show {
        #[command(flatten)]
        backup: One,
    },
    /// Compare the files of a backup with its manifest
    ///
    /// Reads every file and compares its size and SHA-256 with the manifest. With --restore, also
    /// restores it into a scratch database, compares every row's checksum, drops the database, and
    /// writes verified.json beside the backup.
    #[command(verbatim_doc_comment)]
    Verify {
        #[command(flatten)]
        backup: One,
        #[command(flatten)]
        trial: verify::Options,
    },
    /// Restore a backup into a database
    ///
    /// Checks every file, loads the backup into a temporary database, compares every row with the
    /// backup, and then renames that database. A restore deletes nothing: with --replace, the old
    /// database keeps its content under another name. A restore that fails changes nothing.
    /// Prints the commands that do the same without magnusapi, and those that undo a --replace.
    #[command(verbatim_doc_comment)]
    Restore {
        #[command(flatten)]
        backup: One,
        #[command(flatten)]
        options: restore::Options,
    },
    /// Download the files of a backup to a folder, for stock `pg_restore`
    ///
    /// Checks the files on the way. Encrypted files stay encrypted.
    Download {
        #[command(flatten)]
        backup: One,
        /// The folder in which a folder with the name of the backup is created
        folder: PathBuf,
    },
    /// Delete the backups that `BACKUP_KEEP` does not keep
    ///
    /// Never deletes the newest verified one, one with a hold, one younger than
    /// `BACKUP_IMMUTABLE_DAYS`, or one that is being restored, verified or downloaded. Also deletes
    /// the remains of exports that died more than a day ago.
    #[command(verbatim_doc_comment)]
    Prune {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        store: Store,
        /// List the decisions and their reasons, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Report on a period: backups made, proved and missing, and the duration of restores
    ///
    /// Reads only the store. A backup that is not there is missing if the present rules would keep
    /// it; otherwise it may have been deleted.
    #[command(verbatim_doc_comment)]
    Report {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        store: Store,
        #[command(flatten)]
        options: report::Options,
    },
    /// Keep a backup until it is released, whatever the rules say
    Hold {
        #[command(flatten)]
        backup: One,
        /// Why the backup must stay, for later readers
        #[arg(long)]
        reason: String,
    },
    /// Release the hold of a backup
    Release {
        #[command(flatten)]
        backup: One,
    },
}

#[derive(Args)]
pub(crate) struct Choice {
    /// Only the source of this name, as in `BACKUP_DATABASES`; without it, every source
    #[arg(long, value_name = "NAME")]
    source: Option<SourceName>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct One {
    /// Its id, or `latest`
    #[arg(verbatim_doc_comment)]
    id: Selection,
    /// The source of the backup; optional if there is only one
    #[arg(long, value_name = "NAME")]
    source: Option<SourceName>,
    #[command(flatten)]
    store: Store,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Store {
    /// The store to read: `copy` is the one at `BACKUP_COPY_URL`
    #[arg(long, value_enum, value_name = "STORE", default_value_t = Location::Original)]
    from: Location,
}

#[derive(Args)]
pub(crate) struct Login {
    /// The file with the age identity of an encrypted backup, instead of `DRILL_IDENTITY`
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    identity: Option<PathBuf>,
    /// How to log in: with a password, or as `DATABASE_AUTH=entra` does
    #[arg(long, value_name = "HOW", default_value = "password", value_parser = ["password", "entra"])]
    auth: String,
}

impl Verb {
    /// Whether it connects to the databases to back up.
    pub(crate) fn reads_databases(&self) -> bool {
        matches!(self, Verb::Create { .. })
    }

    /// The store that it reads.
    fn location(&self) -> Location {
        match self {
            Verb::Create { .. } | Verb::Copy { .. } => Location::Original,
            Verb::List { store, .. } | Verb::Prune { store, .. } | Verb::Report { store, .. } => {
                store.from
            }
            Verb::Show { backup }
            | Verb::Verify { backup, .. }
            | Verb::Restore { backup, .. }
            | Verb::Download { backup, .. }
            | Verb::Hold { backup, .. }
            | Verb::Release { backup } => backup.store.from,
        }
    }
}

/// Runs the verb. When `interrupted` completes, the verb cleans up and fails.
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
    let session = Session::new(backups, stop.clone(), verb.location());
    if !verb.reads_databases() {
        session.require_store()?;
    }
    let grace = match verb {
        Verb::Create { .. }
        | Verb::Copy { .. }
        | Verb::Restore { .. }
        | Verb::Verify { .. }
        | Verb::Download { .. } => GRACE,
        _ => Duration::ZERO,
    };
    let mut work = std::pin::pin!(execute(verb, &session));
    let done = tokio::select! {
        done = &mut work => done,
        () = stop.cancelled() => {
            let ended = tokio::time::timeout(grace, work).await;
            ended.unwrap_or_else(|_| Err(Failure::of_signal(grace)))
        }
    };
    // Both branches can be ready at once: a verb also fails because of the signal.
    done.map_err(|failure| {
        if stop.is_cancelled() {
            failure.after_signal()
        } else {
            failure
        }
    })
}

/// The time limit for a verb to clean up.
const GRACE: Duration = Duration::from_secs(30);

async fn execute(verb: Verb, session: &Session) -> Result<(), Failure> {
    match verb {
        Verb::Create { choice } => create::run(session, &choice).await,
        Verb::Copy { choice } => copy::run(session, &choice).await,
        Verb::List { choice, .. } => list::run(session, &choice).await,
        Verb::Show { backup } => show::run(session, &backup).await,
        Verb::Verify { backup, trial } => verify::run(session, &backup, &trial).await,
        Verb::Restore { backup, options } => restore::run(session, &backup, &options).await,
        Verb::Download { backup, folder } => download::run(session, &backup, &folder).await,
        Verb::Prune {
            choice, dry_run, ..
        } => prune::run(session, &choice, dry_run).await,
        Verb::Report {
            choice, options, ..
        } => report::run(session, &choice, &options).await,
        Verb::Hold { backup, reason } => hold::hold(session, &backup, reason).await,
        Verb::Release { backup } => hold::release(session, &backup).await,
    }
}
