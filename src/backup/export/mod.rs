//! A database's moment into the store, as a directory archive that stock `pg_restore` reads.
//!
//! One connection leads: it exports a snapshot, reads the catalogue and holds the tables in place. Some
//! more copy the tables, all at that one moment, largest first; each table's rows go from the
//! connection to a thread that packs them and on to the store, with little in memory. Another one
//! looks out for sessions that wait for us, because whoever migrates the database comes first.
//! The manifest is stored last. Whatever fails before leaves nothing that is a backup.
//!
//! | module | purpose |
//! |---|---|
//! | `attempt` | one run from the first connection to the manifest |
//! | `snapshot` | the snapshot, and sessions that see it |
//! | `lock_watch` | sessions that wait for this one, and for how long |
//! | `tables`, `table` | the rows of all tables, and of one |
//! | `contents` | the archive's table of contents |
//! | `row_count_check` | its last data entry, which makes `pg_restore` fail on a short restore |
//! | `readme` | the instructions in a backup for a reader without this program |
//! | `writer` | the files that the run stored, deleted if it fails |
//! | `progress`, `error` | how far a run is, and why it failed |

mod attempt;
mod contents;
mod error;
mod lock_watch;
mod progress;
mod readme;
mod row_count_check;
mod snapshot;
mod table;
mod tables;
mod writer;

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::settings::Source;
use crate::blob::Blobs;
use crate::clock::Clock;
use crate::database::{Server, Session};
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{self, Manifest};

pub use error::{ExportError, TableError};
pub use progress::{Event, Progress};

use attempt::Attempt;
use pgarchive::BackupId;
use progress::Tally;
use writer::BackupWriter;

/// How an export goes about its work.
#[derive(Clone, Debug)]
pub struct Options {
    /// Tables that are read at a time, 1 or more. There are two more connections than that.
    pub jobs: usize,
    /// To whom it is encrypted.
    pub recipients: Recipients,
    /// How long all of it may take.
    pub deadline: Duration,
    /// How long our own locks are waited for.
    pub lock_timeout: Duration,
    /// How long others wait for ours before we give way.
    pub yield_after: Duration,
    /// How often it is tried again after we gave way.
    pub retries: u32,
    /// How long after we gave way.
    pub pause: Duration,
    /// The size of the largest manifest, in bytes.
    pub manifest_limit: u64,
    /// Its cancellation ends the export early.
    pub stop: CancellationToken,
}

/// Half of the server's usual `deadlock_timeout`: a deadlock with a migration ends here, and not there.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

impl Options {
    /// Gives way after a second, and tries again after half a minute, ten times. A migration of
    /// Postfacto's takes seconds.
    pub fn new(jobs: usize, recipients: Recipients, deadline: Duration) -> Options {
        Options {
            jobs,
            recipients,
            deadline,
            lock_timeout: LOCK_TIMEOUT,
            yield_after: Duration::from_secs(1),
            retries: 10,
            pause: Duration::from_secs(30),
            manifest_limit: manifest::LIMIT,
            stop: CancellationToken::new(),
        }
    }

    /// Does `work` until its end, the deadline or the stop; it is dropped then.
    async fn bound<T>(
        &self,
        until: Instant,
        work: impl Future<Output = Result<T, ExportError>>,
    ) -> Result<T, ExportError> {
        tokio::select! {
            done = tokio::time::timeout_at(until.into(), work) => {
                done.unwrap_or(Err(ExportError::Deadline(self.deadline)))
            }
            () = self.stop.cancelled() => Err(ExportError::Interrupted),
        }
    }
}

/// Makes a backup of `source` under `<source>/<id>/` and returns its manifest.
///
/// # Errors
/// There is no backup then. What was stored is deleted. [`Event::Left`] reports what the store keeps,
/// and [`sweep`](super::store::sweep) deletes it later.
pub async fn export(
    source: &Source,
    blobs: &Blobs,
    options: &Options,
    clock: &Clock,
    report: &(dyn Fn(Event) + Send + Sync),
) -> Result<Manifest, ExportError> {
    let until = Instant::now() + options.deadline;
    let (run, ..) = Uuid::new_v4().as_fields();
    let server = Server::new(&source.database);
    let watcher = options.bound(until, watcher(&server)).await?;
    let mut retries = options.retries;
    loop {
        let started = clock();
        let id = BackupId::new(started, run);
        let attempt = Attempt {
            source: &source.name,
            id: &id,
            started,
            server: &server,
            watcher: &watcher,
            writer: BackupWriter::new(blobs, format!("{}/{id}", source.name)),
            options,
            clock,
            tally: Tally::new(report),
        };
        let error = match attempt.run(until).await {
            Ok(manifest) => return Ok(manifest),
            Err(error) => error,
        };
        if let Some(reason) = attempt.clear().await {
            let folder = attempt.writer.folder().to_owned();
            log::warn!("{folder}: files of the failed run remain: {reason}");
            report(Event::Left { folder, reason });
        }
        let time_left = until.saturating_duration_since(Instant::now());
        if !error.gave_way() || retries == 0 || time_left <= options.pause {
            return Err(error);
        }
        retries -= 1;
        log::warn!(
            "backup {}/{id}: {error}; again in {:?}",
            source.name,
            options.pause
        );
        report(Event::Yielded {
            reason: error.to_string(),
            pause: options.pause,
        });
        let pause = async {
            tokio::time::sleep(options.pause).await;
            Ok(())
        };
        options.bound(until, pause).await?;
    }
}

/// A session that watches all attempts and holds the lock of the only run, so that between two attempts
/// no other run begins.
async fn watcher(server: &Server) -> Result<Session, ExportError> {
    let session = snapshot::connect(server).await?;
    snapshot::alone(&session).await?;
    Ok(session)
}
