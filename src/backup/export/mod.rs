//! Exports a snapshot of a database to the store, as a directory archive that stock `pg_restore` reads.
//!
//! The leading connection exports a snapshot, reads the catalogue and locks the tables. The other
//! connections copy the tables in that snapshot, large ones in ranges, and threads pack the rows. A further
//! connection watches for sessions that wait for the export's locks, because a migration has priority.
//!
//! | module | purpose |
//! |---|---|
//! | `attempt` | one run from the first connection to the manifest |
//! | `snapshot` | the snapshot, and sessions that use it |
//! | `lock_watch` | finds sessions that wait for the export's locks |
//! | `tables`, `table` | the rows of all tables, and of one |
//! | `contents` | the archive's table of contents |
//! | `ranges` | the ranges in which sessions read one table |
//! | `row_count_check` | its last data entry, which makes `pg_restore` fail on a short restore |
//! | `readme` | the instructions in a backup for a reader without this program |
//! | `writer` | the files that the run stored, deleted if it fails |
//! | `event`, `error` | events that it reports, and why it failed |

mod attempt;
mod contents;
mod error;
mod event;
mod lock_watch;
pub(super) mod ranges;
mod readme;
mod row_count_check;
mod snapshot;
mod table;
mod tables;
mod writer;

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::progress::Progress;
use super::settings::Source;
use crate::blob::Blobs;
use crate::clock::Clock;
use crate::database::{Server, Session};
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{self, Manifest};

pub use error::{ExportError, TableError};
pub use event::Event;

use attempt::Attempt;
use pgarchive::{BackupId, Compression};
use writer::BackupWriter;

#[derive(Clone, Debug)]
pub struct Options {
    /// Tables that are read at the same time, at least 1. There are two more connections.
    pub jobs: usize,
    pub compression: Compression,
    pub recipients: Recipients,
    /// The time limit of the whole export.
    pub deadline: Duration,
    /// How long the export waits for a lock.
    pub lock_timeout: Duration,
    /// How long another session waits for a lock of the export before the export yields.
    pub yield_after: Duration,
    /// How often it starts over after it yielded.
    pub retries: u32,
    /// The pause before it starts over.
    pub pause: Duration,
    /// The size of the largest manifest, in bytes.
    pub manifest_limit: u64,
    /// Its cancellation ends the export early.
    pub stop: CancellationToken,
}

/// Half of the default `deadlock_timeout`, so that a deadlock with a migration ends the export and not the
/// migration.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

impl Options {
    /// Yields after a second and starts over after half a minute, ten times. A migration of Postfacto takes
    /// seconds.
    pub fn new(jobs: usize, recipients: Recipients, deadline: Duration) -> Options {
        Options {
            jobs,
            compression: Compression::default(),
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

    /// Does `work` until its end, the deadline or the stop, which drop it.
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
/// Then there is no backup, and the stored files are deleted. [`Event::FilesRemain`] reports files that the
/// store keeps, and [`sweep`](super::SourceBackups::sweep) deletes them later.
pub async fn export(
    source: &Source,
    blobs: &Blobs,
    options: &Options,
    clock: &Clock,
    progress: &Progress,
    report: &(dyn Fn(Event) + Send + Sync),
) -> Result<Manifest, ExportError> {
    let until = Instant::now() + options.deadline;
    let (run, ..) = Uuid::new_v4().as_fields();
    let server = Server::new(&source.database);
    let watcher = options.bound(until, watcher(&server)).await?;
    let mut retries = options.retries;
    loop {
        progress.reset();
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
            progress,
        };
        // On the heap: its future has some 16 KB.
        let error = match Box::pin(attempt.run(until)).await {
            Ok(manifest) => return Ok(manifest),
            Err(error) => error,
        };
        if let Some(reason) = attempt.clear().await {
            let folder = attempt.writer.folder().to_owned();
            log::warn!("{folder}: files of the failed run remain: {reason}");
            report(Event::FilesRemain { folder, reason });
        }
        let time_left = until.saturating_duration_since(Instant::now());
        if !error.is_worth_a_retry() || retries == 0 || time_left <= options.pause {
            return Err(error);
        }
        retries -= 1;
        log::warn!(
            "backup {}/{id}: {error}; starts over in {:?}",
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

/// The session that watches all attempts. It keeps the lock of the only run, so that no other run starts
/// between two attempts.
async fn watcher(server: &Server) -> Result<Session, ExportError> {
    let session = snapshot::connect(server).await?;
    snapshot::lock(&session).await?;
    Ok(session)
}
