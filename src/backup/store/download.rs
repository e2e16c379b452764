//! A backup as files in a folder, checked on the way, for stock `pg_restore`.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use thiserror::Error;
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::source_backups::{SourceBackups, SourceBackupsError, Stored};
use super::verify::{Comparison, Damage};
use crate::blob::BlobError;
use pgarchive::manifest::{File, MANIFEST};

/// A backup could not be downloaded.
#[derive(Debug, Error)]
pub enum DownloadError {
    /// It could not be found or read.
    #[error(transparent)]
    SourceBackups(#[from] SourceBackupsError),
    /// A file or folder here.
    #[error("{path}: {error}")]
    Here {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is not what was stored.
    #[error("{damage}; what was downloaded so far is in {path}")]
    Damaged {
        /// What differs.
        damage: Damage,
        /// Where the other files are.
        path: PathBuf,
    },
    /// SIGINT or SIGTERM came.
    #[error("interrupted; {} is incomplete: delete it", .0.display())]
    Interrupted(PathBuf),
}

impl From<BlobError> for DownloadError {
    fn from(error: BlobError) -> Self {
        DownloadError::SourceBackups(error.into())
    }
}

impl SourceBackups {
    /// Writes every file of a backup, which cannot be pruned meanwhile, into a new folder of its name in
    /// `folder`, the manifest last. Returns that folder. `progress` gets the number of bytes of each
    /// piece. The cancellation of `stop` ends it early.
    pub async fn download(
        &self,
        stored: &Stored,
        folder: &Path,
        stop: &CancellationToken,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<PathBuf, DownloadError> {
        let path = folder.join(stored.id.as_str());
        let here = |error| DownloadError::Here {
            path: path.clone(),
            error,
        };
        fs::create_dir_all(folder).await.map_err(here)?;
        fs::create_dir(&path).await.map_err(here)?;
        let lease = self.lease(stored, "download").await?;
        let fetching = self.fetch_all(stored, &path, progress);
        let fetched = lease.during(stop.run_until_cancelled(fetching)).await;
        fetched.unwrap_or_else(|| Err(DownloadError::Interrupted(path.clone())))?;
        Ok(path)
    }

    async fn fetch_all(
        &self,
        stored: &Stored,
        path: &Path,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), DownloadError> {
        let manifest = stored.readable()?;
        let here = |error| DownloadError::Here {
            path: path.to_owned(),
            error,
        };
        for file in &manifest.files {
            let target = path.join(&file.name);
            let damage = self.fetch(stored, file, &target, progress);
            if let Some(damage) = damage.await? {
                let path = path.to_owned();
                return Err(DownloadError::Damaged { damage, path });
            }
        }
        let text = manifest.encode();
        fs::write(path.join(MANIFEST), text).await.map_err(here)
    }

    async fn fetch(
        &self,
        stored: &Stored,
        file: &File,
        path: &Path,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<Damage>, DownloadError> {
        let here = |error| DownloadError::Here {
            path: path.to_owned(),
            error,
        };
        let mut comparison = Comparison::new(file);
        let reading = self.blobs.stream(&self.path(&stored.id, &file.name)).await;
        let mut reading = match reading {
            Err(BlobError::Missing { .. }) => return Ok(Some(comparison.missing())),
            reading => std::pin::pin!(reading?),
        };
        let mut written = fs::File::create_new(path).await.map_err(here)?;
        while let Some(part) = reading.try_next().await? {
            comparison.add(&part);
            progress(part.len() as u64);
            written.write_all(&part).await.map_err(here)?;
        }
        written.flush().await.map_err(here)?;
        Ok(comparison.damage())
    }
}
