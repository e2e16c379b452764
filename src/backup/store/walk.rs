//! Reads the files of a backup, and compares each with its line in the manifest on the way.

use std::io;
use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::error::StoreError;
use super::source_backups::SourceBackups;
use crate::backup::mismatch::Mismatch;
use crate::backup::progress::Progress;
use crate::blob::{BlobError, Upload};
use pgarchive::digest::Digest;
use pgarchive::manifest::File;
use pgarchive::{BackupId, Difference};

/// Where the bytes of a file go.
pub(super) enum Sink<'a> {
    /// They are only compared.
    Nowhere,
    Upload(&'a mut Upload),
    /// A file on this machine.
    Local(&'a Path, &'a mut fs::File),
}

/// Does `one` with every file, some of them at the same time. Returns the differences.
pub(super) async fn each_file<'a, F>(
    files: &'a [File],
    at_a_time: usize,
    one: impl Fn(&'a File) -> F,
) -> Result<Vec<Mismatch>, StoreError>
where
    F: Future<Output = Result<Option<Mismatch>, StoreError>>,
{
    let work: Vec<F> = files.iter().map(one).collect();
    let done = stream::iter(work).buffered(at_a_time);
    let found: Vec<Option<Mismatch>> = done.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

impl SourceBackups {
    /// Reads one file of a backup into `sink`, and returns its difference from the manifest. `progress` counts
    /// the bytes.
    pub(super) async fn read_through(
        &self,
        id: &BackupId,
        file: &File,
        mut sink: Sink<'_>,
        progress: &Progress,
    ) -> Result<Option<Mismatch>, StoreError> {
        let differs = |text: String| Mismatch {
            object: file.name.clone(),
            text,
        };
        let mut reading = match self.blobs.stream(&self.path(id, &file.name)).await {
            Err(BlobError::Missing { .. }) => return Ok(Some(differs("it is missing".to_owned()))),
            reading => std::pin::pin!(reading?),
        };
        let mut read = Digest::default();
        while let Some(part) = reading.try_next().await? {
            read.update(&part);
            progress.add_bytes(part.len() as u64);
            match &mut sink {
                Sink::Nowhere => {}
                Sink::Upload(upload) => upload.write(&part).await?,
                Sink::Local(path, file) => file.write_all(&part).await.map_err(at(path))?,
            }
        }
        let difference = Difference::of_stored(&read, file);
        Ok(difference.map(|it| differs(it.to_string())))
    }
}

/// Names the file or folder on this machine.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::Folder { path, error }
}
