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
    /// Writes every file of a backup into a new folder of its name in `folder`, the manifest last, after all others are
    /// on the disk. Returns the new folder. A lease keeps the backup from being pruned meanwhile. `progress` counts the bytes. The
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
            local.sync_all().await.map_err(at(&name))?;
            Ok(None)
        })
        .await?;
        write_durably(&path.join(MANIFEST), &manifest.encode()).await
    }
}

/// Makes a file and its name outlast a power loss: only a complete folder has a manifest.
async fn write_durably(name: &Path, content: &[u8]) -> Result<(), StoreError> {
    let writing = async {
        let mut file = fs::File::create_new(name).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        let folder = name.parent().unwrap_or(Path::new("."));
        fs::File::open(folder).await?.sync_all().await
    };
    writing.await.map_err(at(name))
}

/// Fails if it exists.
async fn create_folder(path: &Path) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).await.map_err(at(path))?;
    }
    fs::create_dir(path).await.map_err(at(path))
}
