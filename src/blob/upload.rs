//! Storing a blob of unknown size with bounded memory.

use bytes::BytesMut;
use object_store::{
    Attribute, Attributes, GetOptions, MultipartUpload, ObjectStore, PutMultipartOptions,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{BlobError, Blobs};
use crate::telemetry::Context;

/// The size of a part. Azure takes 50,000 of them, so a blob can have 97 GiB.
const PART: usize = 2 << 20;

const MOST_PARTS: u64 = 50_000;

/// How many parts are under way at once. One more is being filled, so an upload holds 6 MiB.
const UNDER_WAY: usize = 2;

/// The name under which a blob in Azure carries the id of its upload.
const ID: &str = "upload";

/// A blob that is being stored. It is there after [`Upload::finish`]. Dropped before, it leaves
/// nothing that can be seen.
pub struct Upload {
    blobs: Blobs,
    name: String,
    id: String,
    /// `None` once it has failed.
    sink: Option<Box<dyn MultipartUpload>>,
    filling: BytesMut,
    under_way: JoinSet<object_store::Result<()>>,
    /// The size so far, as the caller sees it.
    bytes: u64,
    /// How much of it was handed to the store.
    sent: u64,
}

impl Upload {
    pub(super) async fn begin(blobs: &Blobs, name: &str) -> Result<Upload, BlobError> {
        let path = blobs.place.path(name)?;
        let id = Uuid::new_v4().to_string();
        let mut attributes = Attributes::new();
        // A folder takes none, and answers directly.
        if blobs.place.root().is_none() {
            attributes.insert(Attribute::Metadata(ID.into()), id.clone().into());
        }
        let options = PutMultipartOptions {
            attributes,
            ..Default::default()
        };
        let begun = blobs.store.put_multipart_opts(&path, options).await;
        Ok(Upload {
            sink: Some(begun.map_err(|error| blobs.place.error(name, &error))?),
            blobs: blobs.clone(),
            name: name.to_owned(),
            id,
            filling: BytesMut::new(),
            under_way: JoinSet::new(),
            bytes: 0,
            sent: 0,
        })
    }

    /// Takes the blob's next bytes, and waits while the store is behind. After an error there is
    /// nothing left to finish.
    pub async fn write(&mut self, mut part: &[u8]) -> Result<(), BlobError> {
        self.bytes += part.len() as u64;
        if self.bytes > MOST_PARTS * PART as u64 {
            self.give_up().await;
            return Err(BlobError::TooLarge {
                place: self.blobs.place.of_blob(&self.name),
                limit: MOST_PARTS * PART as u64,
            });
        }
        while !part.is_empty() {
            if self.filling.capacity() == 0 {
                // At once: one that grows leaves holes behind.
                self.filling.reserve(PART);
            }
            let room = PART - self.filling.len();
            let (fits, rest) = part.split_at(room.min(part.len()));
            self.filling.extend_from_slice(fits);
            part = rest;
            if self.filling.len() == PART {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// Stores the rest and makes the blob appear, durably.
    pub async fn finish(mut self) -> Result<(), BlobError> {
        if !self.filling.is_empty() {
            self.send().await?;
        }
        self.have_at_most(0).await?;
        // A write that was dropped half-way has taken bytes with it.
        if self.sent != self.bytes {
            self.give_up().await;
        }
        let mut sink = self.sink.take().ok_or_else(|| self.given_up())?;
        match sink.complete().await {
            Ok(_) => Ok(()),
            Err(_) if self.is_stored().await => Ok(()),
            Err(error) => Err(self.blobs.place.error(&self.name, &error)),
        }
    }

    /// Ends the upload without a blob.
    pub async fn abort(mut self) {
        self.give_up().await;
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        self.have_at_most(UNDER_WAY - 1).await?;
        let part = self.filling.split().freeze();
        self.sent += part.len() as u64;
        let Some(sink) = &mut self.sink else {
            return Err(self.given_up());
        };
        self.under_way
            .spawn(Context::inherited(sink.put_part(part.into())));
        Ok(())
    }

    /// Waits until so many parts are under way at most.
    async fn have_at_most(&mut self, number: usize) -> Result<(), BlobError> {
        while self.under_way.len() > number {
            let Some(sent) = self.under_way.join_next().await else {
                break;
            };
            if let Err(error) = sent.map_err(Into::into).flatten() {
                self.give_up().await;
                return Err(self.blobs.place.error(&self.name, &error));
            }
        }
        Ok(())
    }

    async fn give_up(&mut self) {
        self.under_way.shutdown().await;
        if let Some(mut sink) = self.sink.take()
            && let Err(error) = sink.abort().await
        {
            let error = self.blobs.place.error(&self.name, &error);
            log::warn!("an upload that was given up left something behind: {error}");
        }
    }

    fn given_up(&self) -> BlobError {
        let place = self.blobs.place.of_blob(&self.name);
        BlobError::GivenUp { place }
    }

    /// Whether this very upload is there. When the answer to its end is lost, the end is told again,
    /// and the store refuses that: the parts are no longer loose.
    async fn is_stored(&mut self) -> bool {
        let Ok(path) = self.blobs.place.path(&self.name) else {
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
