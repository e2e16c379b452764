//! The folder of a backup that is being made.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::blob::{BlobError, Blobs, Deletion, Upload};

/// The folder of a backup that is being made, and the names in it that may be taken.
pub(super) struct Shelf {
    blobs: Blobs,
    folder: String,
    names: Mutex<Vec<String>>,
}

impl Shelf {
    pub(super) fn new(blobs: &Blobs, folder: String) -> Shelf {
        Shelf {
            blobs: blobs.clone(),
            folder,
            names: Mutex::new(Vec::new()),
        }
    }

    /// Its name in the store.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    pub(super) async fn upload(&self, file: &str) -> Result<Upload, BlobError> {
        self.blobs.upload(&self.take(file)).await
    }

    pub(super) async fn create(&self, file: &str, content: Bytes) -> Result<(), BlobError> {
        self.blobs.create(&self.take(file), content).await
    }

    /// Stores what makes all the others a backup. After this, an error may be a lost answer, and
    /// nothing may be taken away any more.
    pub(super) async fn publish(&self, file: &str, content: Bytes) -> Result<(), BlobError> {
        self.names().clear();
        let name = format!("{}/{file}", self.folder);
        self.blobs.create(&name, content).await
    }

    /// Takes away what was stored. What the store keeps stays for the sweep.
    pub(super) async fn clear(&self) {
        let names = std::mem::take(&mut *self.names());
        for name in names {
            match self.blobs.delete(&name).await {
                Ok(Deletion::Done | Deletion::Missing) => {}
                Ok(Deletion::Refused(reason)) => log::info!("{name} stays for now: {reason}"),
                Err(error) => return log::info!("what a backup left stays for now: {error}"),
            }
        }
    }

    fn take(&self, file: &str) -> String {
        let name = format!("{}/{file}", self.folder);
        self.names().push(name.clone());
        name
    }

    fn names(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
