//! The folder of a backup that is being made.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::blob::{BlobError, Blobs, Deletion, Upload};

/// The folder of a backup that is being made, and the names of the files that it may contain.
pub(super) struct BackupWriter {
    blobs: Blobs,
    folder: String,
    /// `None` after the manifest was sent.
    names: Mutex<Option<Vec<String>>>,
}

impl BackupWriter {
    pub(super) fn new(blobs: &Blobs, folder: String) -> BackupWriter {
        BackupWriter {
            blobs: blobs.clone(),
            folder,
            names: Mutex::new(Some(Vec::new())),
        }
    }

    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    pub(super) async fn upload(&self, file: &str) -> Result<Upload, BlobError> {
        self.blobs.upload(&self.reserve(file)).await
    }

    pub(super) async fn create(&self, file: &str, content: Bytes) -> Result<(), BlobError> {
        self.blobs.create(&self.reserve(file), content).await
    }

    /// Stores the manifest. An error can be a lost response to a successful request, so no file may be
    /// deleted after this.
    pub(super) async fn publish(&self, file: &str, content: Bytes) -> Result<(), BlobError> {
        self.names().take();
        let name = format!("{}/{file}", self.folder);
        self.blobs.create(&name, content).await
    }

    /// Deletes the stored files. Returns why some of them are still there, if any are.
    pub(super) async fn clear(&self) -> Option<String> {
        let Some(names) = self.names().take() else {
            return Some("its manifest may be stored: see `magnusapi backup list`".to_owned());
        };
        let unfinished = self.blobs.discard_unfinished(&self.folder).await;
        let mut remaining = unfinished.err().map(|error| error.to_string());
        for name in names {
            match self.blobs.delete(&name).await {
                Ok(Deletion::Done | Deletion::Missing) => {}
                Ok(Deletion::Refused(reason)) => remaining = Some(format!("{name}: {reason}")),
                Err(error) => return Some(error.to_string()),
            }
        }
        remaining
    }

    fn reserve(&self, file: &str) -> String {
        let name = format!("{}/{file}", self.folder);
        if let Some(names) = self.names().as_mut() {
            names.push(name.clone());
        }
        name
    }

    fn names(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
