//! Copies a backup to a folder, for stock `pg_restore`, and checks it on the way.

use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::error::StoreError;
use super::source_backups::{SourceBackups, Stored};
use super::walk::{Sink, at, each_file};
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
            let name = path.join(&file.name);
            let mut local = fs::File::create_new(&name).await.map_err(at(&name))?;
            let sink = Sink::Local(&name, &mut local);
            let damage = self.read_through(&manifest.id, file, sink, progress);
            if let Some(damage) = damage.await? {
                let path = path.to_owned();
                return Err(StoreError::Downloaded { damage, path });
            }
            local.flush().await.map_err(at(path))?;
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
