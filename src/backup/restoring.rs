//! Restores a stored backup to a database: connects the store's files with [`restore`].

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::progress::Progress;
use super::restore::{self, Backup, Content, Failure, Options, Report, RestoreError};
use super::store::{SourceBackups, StoreError, Stored};
use crate::database::{self, Server};
use crate::telemetry::Context;
use pgarchive::encryption::Identities;
use pgarchive::manifest::{File, Manifest, Table};
use pgarchive::{Entry, Toc, UnpackError, Unpacker, unpack_small};

impl SourceBackups {
    /// Restores a backup to the database that `target` names.
    pub async fn restore(
        &self,
        stored: &Stored,
        target: &database::Settings,
        options: &Options,
        identities: Option<&Identities>,
        progress: &Progress,
    ) -> Result<Report, RestoreError> {
        let lease = self.lease(stored, "restore").await?;
        let notice = lease.notice.clone();
        let work = async {
            let opened = Opened::open(self, stored, identities).await?;
            let server = Server::new(target);
            let database = target.address.config.get_dbname().unwrap_or("postgres");
            let backup = opened.backup();
            let restoring = restore::restore(&backup, &server, database, options, progress);
            let mut report = restoring.await?;
            report.notices.extend(notice);
            Ok(report)
        };
        lease.during(Box::pin(work)).await
    }

    /// Restores a backup to a database that is made for that on the server of `target`, compares
    /// all rows, and drops it.
    pub async fn prove(
        &self,
        stored: &Stored,
        target: &database::Settings,
        options: &Options,
        identities: Option<&Identities>,
        progress: &Progress,
    ) -> Result<Report, RestoreError> {
        let lease = self.lease(stored, "drill").await?;
        let work = async {
            let opened = Opened::open(self, stored, identities).await?;
            let server = Server::new(target);
            let backup = opened.backup();
            restore::prove(&backup, &server, options, progress).await
        };
        lease.during(Box::pin(work)).await
    }
}

/// A stored backup whose table of contents has been read.
struct Opened<'a> {
    entries: Vec<Entry>,
    manifest: &'a Manifest,
    files: Files<'a>,
}

impl<'a> Opened<'a> {
    async fn open(
        source_backups: &'a SourceBackups,
        stored: &'a Stored,
        identities: Option<&Identities>,
    ) -> Result<Opened<'a>, RestoreError> {
        let manifest = stored.readable()?;
        let identities = Identities::opening(&manifest.recipients, identities);
        let identities = identities.map_err(|error| {
            RestoreError::Failed(format!("{error}, with --identity or in DRILL_IDENTITY"))
        })?;
        let is_toc = |file: &&File| matches!(file.name.as_str(), "toc.dat" | "toc.dat.age");
        let toc = manifest.files.iter().find(is_toc);
        let toc = toc.ok_or_else(|| damaged("the manifest names no toc.dat"))?;
        let path = source_backups.path(&stored.id, &toc.name);
        let blob = source_backups.blobs.read(&path, toc.stored_bytes).await;
        let blob = blob.map_err(StoreError::from)?;
        let content = unpack_small(&blob, toc, identities).map_err(damaged)?;
        Ok(Opened {
            entries: Toc::decode(&content).map_err(damaged)?.entries,
            manifest,
            files: Files {
                source_backups,
                stored,
                identities: identities.cloned().map(Arc::new),
            },
        })
    }

    fn backup(&self) -> Backup<'_> {
        Backup {
            entries: &self.entries,
            manifest: self.manifest,
            content: &self.files,
        }
    }
}

fn damaged(reason: impl Into<Failure>) -> RestoreError {
    RestoreError::Damaged(reason.into())
}

/// The files of one stored backup.
struct Files<'a> {
    source_backups: &'a SourceBackups,
    stored: &'a Stored,
    identities: Option<Arc<Identities>>,
}

/// Pieces of rows that may wait to be loaded. One is unpacked while another is loaded.
const WAITING: usize = 4;

impl Files<'_> {
    fn file(&self, table: &Table) -> Result<File, Failure> {
        let files = &self.stored.readable()?.files;
        let file = files.iter().find(|file| file.name == table.file);
        let missing = || format!("the manifest names no file {}", table.file);
        Ok(file.cloned().ok_or_else(missing)?)
    }
}

impl Content for Files<'_> {
    fn check(&self) -> BoxFuture<'_, Result<(), Failure>> {
        let checking = async {
            let progress = Progress::default();
            let damages = self.source_backups.damages(self.stored, &progress);
            let damages = damages.await?;
            if damages.is_empty() {
                return Ok(());
            }
            let damages: Vec<String> = damages.iter().map(ToString::to_string).collect();
            Err(damages.join("; ").into())
        };
        checking.boxed()
    }

    fn rows(&self, table: &Table) -> Receiver<Result<Bytes, Failure>> {
        let (sender, receiver) = channel(WAITING);
        let file = self.file(table);
        let blobs = self.source_backups.blobs.clone();
        let path = self.source_backups.path(&self.stored.id, &table.file);
        let identities = self.identities.clone();
        let table = table.clone();
        tokio::spawn(Context::inherited(async move {
            let stream = async { Ok::<_, Failure>((file?, blobs.stream(&path).await?)) };
            let (file, stored) = match stream.await {
                Ok(found) => found,
                // An error says that the restore has ended.
                Err(failure) => return drop(sender.send(Err(failure)).await),
            };
            let stored = StreamReader::new(Box::pin(stored.map_err(io::Error::other)));
            let stored = SyncIoBridge::new(stored);
            let unpacking = move || {
                let unpacker = Unpacker::new(stored, &file, &table, identities.as_deref());
                let done = unpacker.and_then(|it| send(it, &sender));
                if let Err(error) = done {
                    // As above.
                    let _ = sender.blocking_send(Err(error.into()));
                }
            };
            tokio::task::spawn_blocking(unpacking);
        }));
        receiver
    }
}

/// Sends rows until the last one, or until the restore has ended.
fn send(
    mut unpacker: Unpacker<'_>,
    sender: &Sender<Result<Bytes, Failure>>,
) -> Result<(), UnpackError> {
    while let Some(text) = unpacker.text()? {
        let text = Bytes::copy_from_slice(text);
        if sender.blocking_send(Ok(text)).is_err() {
            break;
        }
    }
    Ok(())
}
