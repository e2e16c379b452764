//! One run, from the first connection to the manifest.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::contents;
use super::error::{ExportError, when};
use super::snapshot::{self, Moment};
use super::tables::Destination;
use super::writer::BackupWriter;
use super::{Options, lock_watch, readme, tables};
use crate::backup::catalog::{self, Catalog, Table};
use crate::backup::progress::Progress;
use crate::backup::settings::SourceName;
use crate::clock::Clock;
use crate::database::{Server, Session};
use crate::version;
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{self, FORMAT, MANIFEST, Manifest, Timings, Tool};
use pgarchive::{BackupId, Toc, pack_small};

/// A store that takes longer to delete what a failed run stored leaves the rest to the sweep.
const CLEARING: Duration = Duration::from_secs(5);

/// One run, under a name of its own.
pub(super) struct Attempt<'a> {
    pub(super) source: &'a SourceName,
    pub(super) id: &'a BackupId,
    pub(super) started: Timestamp,
    pub(super) server: &'a Server,
    /// The session that looks for sessions that wait for the export's locks.
    pub(super) watcher: &'a Session,
    pub(super) writer: BackupWriter,
    pub(super) options: &'a Options,
    pub(super) clock: &'a Clock,
    pub(super) progress: &'a Progress,
}

struct Sessions {
    leader: Session,
    workers: Vec<Session>,
}

impl Attempt<'_> {
    /// Makes the backup. Once everything else is stored, neither the deadline nor the stop prevents that
    /// the manifest is stored.
    pub(super) async fn run(&self, until: Instant) -> Result<Manifest, ExportError> {
        log::info!("backup {}: begins", self.writer.folder());
        let begun = Instant::now();
        let reading = self.read_all(begun);
        let manifest = self.options.bound(until, reading).await?;
        self.publish(manifest).await
    }

    /// Deletes the stored files. Returns why some of them are still there, if any are.
    pub(super) async fn clear(&self) -> Option<String> {
        let cleared = tokio::time::timeout(CLEARING, self.writer.clear()).await;
        cleared.unwrap_or_else(|_| Some(format!("the store did not respond within {CLEARING:?}")))
    }

    async fn read_all(&self, begun: Instant) -> Result<Manifest, ExportError> {
        let sessions = self.connect().await?;
        let ours = sessions.processes().await?;
        tokio::select! {
            read = self.read(&sessions, begun) => read,
            error = lock_watch::run(self.watcher, &ours, self.options.yield_after) => Err(error),
        }
    }

    async fn connect(&self) -> Result<Sessions, ExportError> {
        let workers = (0..self.options.jobs.max(1)).map(|_| snapshot::connect(self.server));
        Ok(Sessions {
            leader: snapshot::connect(self.server).await?,
            workers: try_join_all(workers).await?,
        })
    }

    /// Reads and stores everything but the manifest, and returns that.
    async fn read(&self, sessions: &Sessions, begun: Instant) -> Result<Manifest, ExportError> {
        let moment = snapshot::lead(&sessions.leader).await?;
        let catalog = catalog::read(&sessions.leader, self.options.lock_timeout).await?;
        let beside = sessions.workers.first().expect("there is at least one");
        snapshot::read_again(beside, &catalog, self.options.lock_timeout).await?;
        let catalog_took = begun.elapsed();
        let all = &catalog.tables;
        let workers = &sessions.workers[..sessions.workers.len().min(all.len())];
        let following = workers
            .iter()
            .map(|worker| snapshot::follow(worker, &moment, self.options.lock_timeout));
        try_join_all(following).await?;
        let destination = Destination {
            writer: &self.writer,
            compression: self.options.compression,
            recipients: &self.options.recipients,
            progress: self.progress,
        };
        let version = moment.server.version_number;
        let packed = tables::store(destination, workers, version, all).await?;
        let data_took = begun.elapsed().saturating_sub(catalog_took);
        let stored = all.iter().zip(&packed);
        let tables = stored.clone().map(|(table, packed)| table.listed(packed));
        let tables = tables.collect();
        let counted: Vec<(&Table, u64)> = stored.map(|(it, packed)| (it, packed.rows)).collect();
        let mut files = self.store_small_files(&moment, &catalog, &counted).await?;
        files.splice(0..0, packed.into_iter().map(|it| it.file));
        Ok(Manifest {
            format: FORMAT,
            source: self.source.to_string(),
            id: self.id.clone(),
            started: self.started,
            finished: (self.clock)(),
            tool: Tool {
                version: version::VERSION.to_owned(),
                commit: version::COMMIT.to_owned(),
            },
            server: moment.server,
            snapshot: moment.snapshot,
            schema_migrations: catalog.schema_migrations,
            findings: catalog.findings,
            not_examined: catalog.not_examined,
            recipients: self.options.recipients.keys(),
            files,
            tables,
            milliseconds: Timings {
                catalog: milliseconds(catalog_took),
                data: milliseconds(data_took),
                total: milliseconds(begun.elapsed()),
            },
        })
    }

    /// Stores the files beside those of the tables.
    async fn store_small_files(
        &self,
        moment: &Moment,
        catalog: &Catalog,
        counted: &[(&Table, u64)],
    ) -> Result<Vec<manifest::File>, ExportError> {
        let recipients = &self.options.recipients;
        let algorithm = self.options.compression.algorithm;
        let toc = Toc {
            database: moment.server.database.clone(),
            server_version: moment.server.version.clone(),
            created: self.started,
            entries: contents::entries(&catalog.entries, counted),
        };
        let folder = self.writer.folder();
        let readme = readme::text(
            folder,
            &moment.server,
            &moment.snapshot,
            algorithm,
            recipients,
        );
        let mut files = Vec::new();
        for (name, content) in [
            (
                "toc.dat",
                toc.encode(&format!("MagnusAPI {}", version::VERSION), algorithm),
            ),
            (
                "schema.sql",
                contents::schema(&catalog.entries).into_bytes(),
            ),
        ] {
            let (content, file) = pack_small(name, &content, recipients);
            self.writer.create(&file.name, content).await?;
            files.push(file);
        }
        // It says how the others are decrypted, so it is not encrypted.
        let (content, file) = pack_small(README, readme.as_bytes(), &Recipients::default());
        self.writer.create(&file.name, content).await?;
        files.push(file);
        Ok(files)
    }

    async fn publish(&self, manifest: Manifest) -> Result<Manifest, ExportError> {
        let bytes = Bytes::from(manifest.encode());
        let (size, limit) = (bytes.len() as u64, self.options.manifest_limit);
        if size > limit {
            let tables = manifest.tables.len();
            return Err(ExportError::ManifestTooLarge {
                size,
                limit,
                tables,
            });
        }
        self.writer.publish(MANIFEST, bytes).await?;
        self.log(&manifest);
        Ok(manifest)
    }

    fn log(&self, manifest: &Manifest) {
        log::info!(
            tables = manifest.tables.len(), rows = manifest.rows(), bytes = manifest.content_bytes(),
            stored_bytes = manifest.stored_bytes(), milliseconds = manifest.milliseconds.total,
            findings = manifest.findings.len();
            "backup {}: stored", self.writer.folder()
        );
    }
}

const README: &str = "README.txt";

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Sessions {
    /// The server's processes that hold the export's locks.
    async fn processes(&self) -> Result<Vec<i32>, ExportError> {
        let all = self.workers.iter().chain([&self.leader]);
        let asking = all.map(async |session| {
            let row = session
                .query_one("SELECT pg_backend_pid() AS pid", &[])
                .await;
            row.map(|row| row.get("pid"))
        });
        let processes = try_join_all(asking).await;
        processes.map_err(when("name the processes of the export"))
    }
}
