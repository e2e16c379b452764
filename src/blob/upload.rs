//! Storing a blob of unknown size with bounded memory.

use bytes::BytesMut;
use object_store::{
    Attribute, Attributes, GetOptions, MultipartUpload, ObjectStore, PutMultipartOptions,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::place::Parts;
use super::{BlobError, Blobs};
use crate::telemetry::Context;

/// Parts that are sent at the same time. One more is being filled, so an upload holds 6 MiB, or 24 for S3.
const CONCURRENT: usize = 2;

/// The name of the metadata with the id of the upload, except in a folder.
const ID: &str = "upload";

/// A blob that is being stored. It exists after [`Upload::finish`]. An upload that is dropped before
/// leaves no blob.
pub struct Upload {
    blobs: Blobs,
    name: String,
    id: String,
    /// `None` after a failure.
    sink: Option<Box<dyn MultipartUpload>>,
    parts: Parts,
    filling: BytesMut,
    sending: JoinSet<object_store::Result<()>>,
    /// Bytes that the caller has written.
    bytes: u64,
    /// Bytes that were passed to the store.
    sent: u64,
}

impl Blobs {
    /// Starts to store a blob of any size, which exists once [`Upload::finish`] returns. The caller must
    /// not use a name twice.
    pub async fn upload(&self, name: &str) -> Result<Upload, BlobError> {
        let path = self.address.path(name)?;
        let id = Uuid::new_v4().to_string();
        let mut attributes = Attributes::new();
        // A folder stores no attributes, and loses no response.
        if self.address.root().is_none() {
            attributes.insert(Attribute::Metadata(ID.into()), id.clone().into());
        }
        let options = PutMultipartOptions {
            attributes,
            ..Default::default()
        };
        let begun = self.store.put_multipart_opts(&path, options).await;
        Ok(Upload {
            sink: Some(begun.map_err(|error| self.address.error(name, &error))?),
            blobs: self.clone(),
            name: name.to_owned(),
            id,
            parts: self.address.parts(),
            filling: BytesMut::new(),
            sending: JoinSet::new(),
            bytes: 0,
            sent: 0,
        })
    }
}

impl Upload {
    /// Takes the next bytes, and waits while the store is behind. After an error, the upload is aborted.
    pub async fn write(&mut self, mut part: &[u8]) -> Result<(), BlobError> {
        self.bytes += part.len() as u64;
        let limit = self.parts.most * self.parts.bytes as u64;
        if self.bytes > limit {
            self.abort_sink().await;
            let place = self.blobs.address.of_blob(&self.name);
            return Err(BlobError::TooLarge { place, limit });
        }
        while !part.is_empty() {
            if self.filling.capacity() == 0 {
                // A buffer that grows would fragment the memory.
                self.filling.reserve(self.parts.bytes);
            }
            let free = self.parts.bytes - self.filling.len();
            let (fits, rest) = part.split_at(free.min(part.len()));
            self.filling.extend_from_slice(fits);
            part = rest;
            if self.filling.len() == self.parts.bytes {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// Stores the rest, and the blob durably.
    pub async fn finish(mut self) -> Result<(), BlobError> {
        if !self.filling.is_empty() {
            self.send().await?;
        }
        self.wait_for_at_most(0).await?;
        // A write that was dropped before its end has lost bytes.
        if self.sent != self.bytes {
            self.abort_sink().await;
        }
        let mut sink = self.sink.take().ok_or_else(|| self.aborted())?;
        match sink.complete().await {
            Ok(_) => Ok(()),
            Err(_) if self.is_stored().await => Ok(()),
            Err(error) => Err(self.blobs.address.error(&self.name, &error)),
        }
    }

    /// Ends the upload without a blob.
    pub async fn abort(mut self) {
        self.abort_sink().await;
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        self.wait_for_at_most(CONCURRENT - 1).await?;
        let part = self.filling.split().freeze();
        self.sent += part.len() as u64;
        let Some(sink) = &mut self.sink else {
            return Err(self.aborted());
        };
        self.sending
            .spawn(Context::inherited(sink.put_part(part.into())));
        Ok(())
    }

    /// Waits until at most this many parts are being sent.
    async fn wait_for_at_most(&mut self, number: usize) -> Result<(), BlobError> {
        while self.sending.len() > number {
            let Some(sent) = self.sending.join_next().await else {
                break;
            };
            if let Err(error) = sent.map_err(Into::into).flatten() {
                self.abort_sink().await;
                return Err(self.blobs.address.error(&self.name, &error));
            }
        }
        Ok(())
    }

    async fn abort_sink(&mut self) {
        self.sending.shutdown().await;
        if let Some(mut sink) = self.sink.take()
            && let Err(error) = sink.abort().await
        {
            let error = self.blobs.address.error(&self.name, &error);
            log::warn!(
                "cannot abort an upload, so its parts remain until the store discards them: {error}"
            );
        }
    }

    fn aborted(&self) -> BlobError {
        let place = self.blobs.address.of_blob(&self.name);
        BlobError::Aborted { place }
    }

    /// Whether the blob of this upload exists. If the response to its completion is lost, the client sends
    /// the completion again, and the store rejects it because the parts are committed.
    async fn is_stored(&mut self) -> bool {
        let Ok(path) = self.blobs.address.path(&self.name) else {
            return false;
        };
        let head = GetOptions {
            head: true,
            ..Default::default()
        };
        let Ok(found) = self.blobs.store.get_opts(&path, head).await else {
            return false;
        };
        let id = found.attributes.get(&Attribute::Metadata(ID.into()));
        id.is_some_and(|id| id.as_ref() == self.id) && found.meta.size == self.bytes
    }
}
