//! Copies a backup to a folder, for stock `pg_restore`, and checks it on the way.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::error::StoreError;
use super::source_backups::{SourceBackups, Stored};
use super::walk::{Sink, each_file};
use crate::backup::progress::Progress;
use pgarchive::manifest::{MANIFEST, Manifest};

impl SourceBackups {
    /// Writes every file of a backup into a new folder of its name in `folder`, the manifest last. Returns
    /// the new folder. A lease keeps the backup from being pruned meanwhile. `progress` counts the bytes. The
    /// cancellation of `stop` ends it early.
    pub async fn download(
        &self,
        stored: &Stored,
        folder: &Path,
        stop: &CancellationToken,
        progress: &Progress,
    ) -> Result<PathBuf, StoreError> {
        let path = folder.join(stored.id.as_str());
        let manifest = stored.readable()?;
        let lease = self.lease(stored, "download").await?;
        let copying = async {
            create_folder(&path).await?;
            let writing = self.write_all_files(manifest, &path, progress);
            let written = stop.run_until_cancelled(writing).await;
            written.unwrap_or_else(|| Err(StoreError::DownloadInterrupted(path.clone())))
        };
        lease.during(copying).await?;
        Ok(path)
    }

    async fn write_all_files(
        &self,
        manifest: &Manifest,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        each_file(&manifest.files, 1, |file| async move {
            let mut local = Local::create(path.join(&file.name)).await?;
            let damage = self.read_through(&manifest.id, file, &mut local, progress);
            if let Some(damage) = damage.await? {
                let path = path.to_owned();
                return Err(StoreError::Downloaded { damage, path });
            }
            local.file.flush().await.map_err(at(path))?;
            Ok(None)
        })
        .await?;
        let text = manifest.encode();
        fs::write(path.join(MANIFEST), text).await.map_err(at(path))
    }
}

/// Fails if it exists.
async fn create_folder(path: &Path) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).await.map_err(at(path))?;
    }
    fs::create_dir(path).await.map_err(at(path))
}

/// Names the file or folder.
fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::Folder { path, error }
}

/// A new file on this machine.
struct Local {
    path: PathBuf,
    file: fs::File,
}

impl Local {
    async fn create(path: PathBuf) -> Result<Local, StoreError> {
        let file = fs::File::create_new(&path).await.map_err(at(&path))?;
        Ok(Local { path, file })
    }
}

impl Sink for Local {
    async fn write(&mut self, part: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(part).await.map_err(at(&self.path))
    }
}
