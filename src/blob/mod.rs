//! Where backups and schedules lie: a container in Azure Blob Storage, or a folder.
//!
//! Both are one store of named blobs, through the crate `object_store`. What it leaves open is
//! settled here:
//!
//! - A blob is there whole or not at all. [`Blobs::create`] never overwrites, and takes a repetition
//!   of itself for success: an answer that got lost must not fail a backup that is complete.
//! - An [`Upload`] holds a few parts in memory, never the blob; [`Blobs::stream`] goes on where a
//!   connection broke off.
//! - A store that does not answer, or says that it is busy, is tried again for
//!   a time that a setting says, and then the error says why.
//! - Errors name the blob and what to do. No key and no token is in them.

mod address;
mod azure_container;
mod container;
mod download;
mod error;
mod folder;
mod identity;
mod place;
mod refusal;
mod requests;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use jiff::Timestamp;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};
use tokio::time::Instant;

pub use address::{BlobAddress, BlobAddressError, BlobSettings};
pub use error::BlobError;
pub use upload::Upload;

use address::Location;
use place::Place;

/// The pause before a question is put again whose answer broke off. One that was not answered at all
/// has been put again by the client, with pauses that grow.
const PAUSE: Duration = Duration::from_millis(200);

/// A store of blobs. Clones share its connections.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    place: Arc<Place>,
}

/// A stored blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was stored.
    pub modified: Timestamp,
}

/// What became of a blob that was to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Done,
    /// It was not there.
    Missing,
    /// The store keeps it, for this reason: a policy of immutability, a legal hold, a missing right.
    Refused(String),
}

impl Blobs {
    /// The store at this address. Nothing is asked of Azure yet; a folder is made.
    pub fn open(address: &BlobAddress) -> Result<Blobs, BlobError> {
        let place = Place::of(address);
        let store: Arc<dyn ObjectStore> = match &address.location {
            Location::Container(container) => {
                let opened = azure_container::open(container, address.wait);
                Arc::new(opened.map_err(|error| place.error("", &error))?)
            }
            Location::Folder(folder) => {
                Arc::new(folder::open(folder).map_err(|error| place.error("", &error))?)
            }
        };
        Ok(Blobs {
            store,
            place: Arc::new(place),
        })
    }

    /// Stores a small blob of this name, durably. It must not be there: [`BlobError::Exists`], unless
    /// the very same bytes are.
    pub async fn create(&self, name: &str, content: Bytes) -> Result<(), BlobError> {
        let path = self.place.path(name)?;
        let deadline = Instant::now() + self.place.wait;
        loop {
            let put = self
                .store
                .put_opts(&path, content.clone().into(), PutMode::Create.into());
            let error = match put.await {
                Ok(_) => return Ok(()),
                Err(error) => self.place.error(name, &error),
            };
            match error {
                BlobError::Exists { .. } if self.holds(name, &content).await? => return Ok(()),
                BlobError::Unavailable { .. } if Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                error => return Err(error),
            }
        }
    }

    async fn holds(&self, name: &str, content: &Bytes) -> Result<bool, BlobError> {
        match self.read(name, content.len() as u64).await {
            Ok(stored) => Ok(stored == content),
            Err(BlobError::TooLarge { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Begins to store a blob of any size. It is there when [`Upload::finish`] says so, and not
    /// before. The caller sees to it that no name is used twice.
    pub async fn upload(&self, name: &str) -> Result<Upload, BlobError> {
        Upload::begin(self, name).await
    }

    /// A small blob, whole. One of more than `limit` bytes is [`BlobError::TooLarge`].
    pub async fn read(&self, name: &str, limit: u64) -> Result<Bytes, BlobError> {
        let mut parts = std::pin::pin!(self.stream(name).await?);
        let mut content = Vec::new();
        while let Some(part) = parts.try_next().await? {
            if (content.len() + part.len()) as u64 > limit {
                let place = self.place.of_blob(name);
                return Err(BlobError::TooLarge { place, limit });
            }
            content.extend_from_slice(&part);
        }
        Ok(content.into())
    }

    /// A blob's bytes, as they come. They end well only after the last one.
    pub async fn stream(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + 'static, BlobError> {
        download::open(self.clone(), name).await
    }

    /// All blobs in `folder` and below, in the order of their names; "" is all there are.
    pub async fn list(&self, folder: &str) -> Result<Vec<Blob>, BlobError> {
        let path = self.place.folder(folder)?;
        let found: Vec<ObjectMeta> = self
            .insist(folder, || self.store.list(Some(&path)).try_collect())
            .await?;
        let mut blobs: Vec<Blob> = found.iter().filter_map(|it| self.blob(it)).collect();
        blobs.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(blobs)
    }

    fn blob(&self, found: &ObjectMeta) -> Option<Blob> {
        let modified = found.last_modified;
        Some(Blob {
            name: self.place.name(&found.location)?,
            bytes: found.size,
            modified: Timestamp::from_millisecond(modified.timestamp_millis()).ok()?,
        })
    }

    /// The names of the folders right below `folder`, without it, in order.
    pub async fn folders(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        let path = self.place.folder(folder)?;
        let found = self
            .insist(folder, || self.store.list_with_delimiter(Some(&path)))
            .await?;
        let folders = found.common_prefixes.iter();
        let mut names: Vec<String> = folders
            .filter_map(|it| it.filename().map(str::to_owned))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Deletes a blob. A store that keeps it is no error.
    pub async fn delete(&self, name: &str) -> Result<Deletion, BlobError> {
        let path = self.place.path(name)?;
        match self.insist(name, || self.store.delete(&path)).await {
            Ok(()) => Ok(Deletion::Done),
            Err(BlobError::Missing { .. }) => Ok(Deletion::Missing),
            Err(BlobError::Kept { reason, .. } | BlobError::Denied { reason, .. }) => {
                Ok(Deletion::Refused(reason))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes what uploads have left in `folder` and below that were killed half-way, and says how
    /// many there were. [`Blobs::list`] does not show these. Azure forgets them by itself after a
    /// week; a folder never would. No upload may be under way there.
    pub async fn discard_unfinished(&self, folder: &str) -> Result<u64, BlobError> {
        let Some(root) = self.place.root() else {
            return Ok(0);
        };
        let path = self.place.folder(folder)?;
        let below = root.join(path.as_ref());
        folder::discard_unfinished(below)
            .await
            .map_err(|error| self.place.io_error(folder, &error))
    }

    /// Puts a question again that may be put twice and whose answer broke off.
    async fn insist<T, F>(&self, name: &str, mut ask: impl FnMut() -> F) -> Result<T, BlobError>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let deadline = Instant::now() + self.place.wait;
        loop {
            let asked = ask().await.map_err(|error| self.place.error(name, &error));
            match asked {
                Err(BlobError::Unavailable { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }
}
