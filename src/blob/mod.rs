//! The store of backups and schedules: a container in Azure Blob Storage, a bucket of S3, or a folder.
//!
//! All are a store of named blobs, through the crate `object_store`. This module adds:
//!
//! - A blob is stored whole or not at all. [`Blobs::create`] never overwrites. A blob with the same bytes
//!   counts as success, because a lost response must not fail a complete backup.
//! - An [`Upload`] holds a few parts in memory, never the blob. [`Blobs::stream`] resumes after a broken
//!   connection.
//! - A request to a store that is unreachable or busy is retried for the time of a setting.
//! - Errors name the blob and the remedy, and no key or token.
//!
//! | module | purpose |
//! |---|---|
//! | `download`, `upload` | a blob of any size, read and stored |
//! | `place` | names of blobs: as paths in the store, and in errors |
//! | `error` | why the store could not be used |
//! | `address` | the address of a store |
//! | `container`, `bucket`, `folder` | each kind of store |
//! | `identity` | tokens for a container |
//! | `refusal`, `requests` | HTTP to a container or a bucket |
//! | `settings` | the names of the settings of a store |

mod address;
mod bucket;
mod container;
mod download;
mod error;
mod folder;
mod identity;
mod place;
mod refusal;
mod requests;
mod settings;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};
use tokio::time::Instant;

pub use address::BlobAddress;
pub use error::BlobError;
pub use settings::BlobSettings;
pub use upload::Upload;

use address::Location;

/// The pause before a request is retried whose response broke off. The client itself retries requests
/// without a response, with growing pauses.
const PAUSE: Duration = Duration::from_millis(200);

/// A store of blobs. Clones share its connections.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    address: Arc<BlobAddress>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its name, with `/` between folders.
    pub name: String,
    pub bytes: u64,
}

/// The outcome of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deletion {
    Done,
    Missing,
    /// The store keeps the blob, for this reason: a policy of immutability, a legal hold, a missing role.
    Refused(String),
}

impl Blobs {
    /// The store at this address. Creates a folder; sends no request.
    pub fn open(address: &BlobAddress) -> Result<Blobs, BlobError> {
        let store: object_store::Result<Arc<dyn ObjectStore>> = match &address.location {
            Location::Container(container) => {
                container.open(address.wait).map(|it| Arc::new(it) as _)
            }
            Location::Bucket(bucket) => bucket.open(address.wait).map(|it| Arc::new(it) as _),
            Location::Folder(folder) => folder::open(folder).map(|it| Arc::new(it) as _),
        };
        Ok(Blobs {
            store: store.map_err(|error| address.error("", &error))?,
            address: Arc::new(address.clone()),
        })
    }

    /// Stores a small blob durably. Fails with [`BlobError::Exists`] if there is a blob of this name with
    /// other bytes.
    pub async fn create(&self, name: &str, content: Bytes) -> Result<(), BlobError> {
        let path = self.address.path(name)?;
        let put = || {
            let content = content.clone().into();
            self.store.put_opts(&path, content, PutMode::Create.into())
        };
        match self.retry(name, put).await {
            Err(BlobError::Exists { .. }) if self.contains(name, &content).await? => Ok(()),
            stored => stored.map(drop),
        }
    }

    async fn contains(&self, name: &str, content: &Bytes) -> Result<bool, BlobError> {
        match self.read(name, content.len() as u64).await {
            Ok(stored) => Ok(stored == content),
            Err(BlobError::TooLarge { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A small blob, whole. One of more than `limit` bytes is [`BlobError::TooLarge`].
    pub async fn read(&self, name: &str, limit: u64) -> Result<Bytes, BlobError> {
        let mut parts = std::pin::pin!(self.stream(name).await?);
        let mut content = Vec::new();
        while let Some(part) = parts.try_next().await? {
            if (content.len() + part.len()) as u64 > limit {
                let place = self.address.of_blob(name);
                return Err(BlobError::TooLarge { place, limit });
            }
            content.extend_from_slice(&part);
        }
        Ok(content.into())
    }

    /// All blobs in `folder` and below, in the order of their names; "" is the whole store.
    pub async fn list(&self, folder: &str) -> Result<Vec<Blob>, BlobError> {
        let path = self.address.folder_path(folder)?;
        let found: Vec<ObjectMeta> = self
            .retry(folder, || self.store.list(Some(&path)).try_collect())
            .await?;
        let mut blobs: Vec<Blob> = found.iter().filter_map(|it| self.blob(it)).collect();
        blobs.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(blobs)
    }

    fn blob(&self, found: &ObjectMeta) -> Option<Blob> {
        Some(Blob {
            name: self.address.name(&found.location)?,
            bytes: found.size,
        })
    }

    /// The names of the folders right below `folder`, without it, in order.
    pub async fn folders(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        let path = self.address.folder_path(folder)?;
        let found = self
            .retry(folder, || self.store.list_with_delimiter(Some(&path)))
            .await?;
        let folders = found.common_prefixes.iter();
        let mut names: Vec<String> = folders
            .filter_map(|it| it.filename().map(str::to_owned))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Deletes a blob. [`Deletion::Refused`] is not an error. A bucket does not tell [`Deletion::Missing`] from
    /// [`Deletion::Done`].
    pub async fn delete(&self, name: &str) -> Result<Deletion, BlobError> {
        let path = self.address.path(name)?;
        match self.retry(name, || self.store.delete(&path)).await {
            Ok(()) => Ok(Deletion::Done),
            Err(BlobError::Missing { .. }) => Ok(Deletion::Missing),
            Err(BlobError::Kept { reason, .. } | BlobError::Denied { reason, .. }) => {
                Ok(Deletion::Refused(reason))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the files of killed uploads in `folder` and below, which [`Blobs::list`] does not show.
    /// Azure discards them after a week, and a bucket by a rule of its own; a folder keeps them. No upload may
    /// be running there.
    pub async fn discard_unfinished(&self, folder: &str) -> Result<(), BlobError> {
        let Some(root) = self.address.root() else {
            return Ok(());
        };
        let path = self.address.folder_path(folder)?;
        let below = root.join(path.as_ref());
        folder::discard_unfinished(below)
            .await
            .map_err(|error| self.address.io_error(folder, &error))
    }

    /// Retries an idempotent request whose response broke off.
    async fn retry<T, F>(&self, name: &str, mut send: impl FnMut() -> F) -> Result<T, BlobError>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let deadline = Instant::now() + self.address.wait;
        loop {
            let result = send().await;
            match result.map_err(|error| self.address.error(name, &error)) {
                Err(BlobError::Unavailable { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await;
                }
                result => return result,
            }
        }
    }
}
