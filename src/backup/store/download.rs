//! Copies a backup to a folder, for stock `pg_restore`, and checks it on the way.

use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::error::StoreError;
use super::source_backups::{SourceBackups, Stored};
use super::walk::{Sink, each_file};
use pgarchive::manifest::MANIFEST;

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
    ) -> Result<PathBuf, StoreError> {
        let path = folder.join(stored.id.as_str());
        let here = |error| StoreError::Folder {
            path: path.clone(),
            error,
        };
        fs::create_dir_all(folder).await.map_err(here)?;
        fs::create_dir(&path).await.map_err(here)?;
        let lease = self.lease(stored, "download").await?;
        let copying = self.write_all_files(stored, &path, progress);
        let copied = lease.during(stop.run_until_cancelled(copying)).await;
        copied.unwrap_or_else(|| Err(StoreError::DownloadInterrupted(path.clone())))?;
        Ok(path)
    }

    async fn write_all_files(
        &self,
        stored: &Stored,
        path: &Path,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), StoreError> {
        let manifest = stored.readable()?;
        let here = |error| StoreError::Folder {
            path: path.to_owned(),
            error,
        };
        each_file(&manifest.files, 1, |file| async move {
            let mut local = Local::create(path.join(&file.name)).await?;
            let damage = self.read_through(&stored.id, file, &mut local, progress);
            if let Some(damage) = damage.await? {
                let path = path.to_owned();
                return Err(StoreError::Downloaded { damage, path });
            }
            local.file.flush().await.map_err(here)?;
            Ok(None)
        })
        .await?;
        let text = manifest.encode();
        fs::write(path.join(MANIFEST), text).await.map_err(here)
    }
}

/// A new file on this machine.
struct Local {
    path: PathBuf,
    file: fs::File,
}

impl Local {
    async fn create(path: PathBuf) -> Result<Local, StoreError> {
        match fs::File::create_new(&path).await {
            Ok(file) => Ok(Local { path, file }),
            Err(error) => Err(StoreError::Folder { path, error }),
        }
    }
}

impl Sink for Local {
    async fn write(&mut self, part: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all(part).await;
        written.map_err(|error| StoreError::Folder {
            path: self.path.clone(),
            error,
        })
    }
}
