//! Copies a backup to a folder, for stock `pg_restore`, and checks it on the way.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use thiserror::Error;
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::source_backups::{SourceBackups, SourceBackupsError, Stored};
use super::verify::Comparison;
use crate::backup::mismatch::Mismatch;
use crate::blob::BlobError;
use pgarchive::manifest::{File, MANIFEST};

/// Why a backup was not downloaded.
#[derive(Debug, Error)]
pub enum DownloadError {
    #[error(transparent)]
    SourceBackups(#[from] SourceBackupsError),
    #[error("{path}: {error}")]
    Here { path: PathBuf, error: io::Error },
    #[error("{damage}; the files that were downloaded before are in {path}")]
    Damaged { damage: Mismatch, path: PathBuf },
    #[error("interrupted; {} is incomplete: delete it", .0.display())]
    Interrupted(PathBuf),
}

impl From<BlobError> for DownloadError {
    fn from(error: BlobError) -> Self {
        DownloadError::SourceBackups(error.into())
    }
}

impl SourceBackups {
    /// Writes every file of a backup into a new folder of its name in `folder`, the manifest last. Returns
    /// the new folder. A lease keeps the backup from being pruned meanwhile. `progress` gets the number of
    /// bytes of each piece. The cancellation of `stop` ends it early.
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
        let copying = self.copy_all(stored, &path, progress);
        let copied = lease.during(stop.run_until_cancelled(copying)).await;
        copied.unwrap_or_else(|| Err(DownloadError::Interrupted(path.clone())))?;
        Ok(path)
    }

    async fn copy_all(
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
            let damage = self.copy(stored, file, &target, progress);
            if let Some(damage) = damage.await? {
                let path = path.to_owned();
                return Err(DownloadError::Damaged { damage, path });
            }
        }
        let text = manifest.encode();
        fs::write(path.join(MANIFEST), text).await.map_err(here)
    }

    async fn copy(
        &self,
        stored: &Stored,
        file: &File,
        path: &Path,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<Mismatch>, DownloadError> {
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
