//! Reading a blob through connections that break.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore};
use tokio::time::Instant;

use super::{BlobError, Blobs, PAUSE};

/// Bytes of a file that are read at once.
const PIECE: usize = 256 << 10;

/// A blob that is being read. The client resumes a broken response only within its time limit for the
/// whole response, which is too short for a blob that takes an hour.
struct Download {
    blobs: Blobs,
    name: String,
    path: Path,
    e_tag: Option<String>,
    size: u64,
    read: u64,
    /// The time since which no connection has delivered bytes. It excludes the time that the reader takes
    /// to use them.
    broken: Option<Instant>,
    body: Body,
}

type Body = BoxStream<'static, object_store::Result<Bytes>>;

impl Blobs {
    /// The bytes of a blob. The stream ends with an error unless it is complete.
    pub async fn stream(
        &self,
        name: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + 'static, BlobError> {
        let path = self.address.path(name)?;
        let response = self.store.get_opts(&path, GetOptions::default()).await;
        let response = response.map_err(|error| self.address.error(name, &error))?;
        let download = Download {
            blobs: self.clone(),
            name: name.to_owned(),
            path,
            e_tag: response.meta.e_tag.clone(),
            size: response.meta.size,
            read: 0,
            broken: None,
            body: body(response),
        };
        Ok(stream::try_unfold(download, async |mut download| {
            let piece = download.next().await?;
            Ok(piece.map(|piece| (piece, download)))
        }))
    }
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        while self.read < self.size {
            match self.body.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    self.broken = None;
                    self.read += piece.len() as u64;
                    return Ok(Some(piece));
                }
                Some(Err(error)) => self.resume(Some(error)).await?,
                None => self.resume(None).await?,
            }
        }
        Ok(None)
    }

    /// Requests the rest of the same blob. A response that is too short counts as broken.
    async fn resume(&mut self, broke: Option<object_store::Error>) -> Result<(), BlobError> {
        let broken = *self.broken.get_or_insert_with(Instant::now);
        if broken.elapsed() >= self.blobs.address.wait {
            return Err(match broke {
                Some(error) => self.blobs.address.error(&self.name, &error),
                None => self.short(),
            });
        }
        tokio::time::sleep(PAUSE).await;
        let rest = GetOptions {
            if_match: self.e_tag.clone(),
            range: Some(GetRange::Offset(self.read)),
            ..Default::default()
        };
        let response = self.blobs.store.get_opts(&self.path, rest).await;
        match response.map_err(|error| self.blobs.address.error(&self.name, &error)) {
            Ok(response) => self.body = body(response),
            Err(BlobError::Exists { place }) => return Err(BlobError::Changed { place }),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn short(&self) -> BlobError {
        BlobError::Unavailable {
            place: self.blobs.address.of_blob(&self.name),
            reason: format!("it ends after {} of {} bytes", self.read, self.size),
            advice: "try again".into(),
        }
    }
}

fn body(response: GetResult) -> Body {
    match response.payload {
        GetResultPayload::Stream(body) => body,
        GetResultPayload::File(file, _) => pieces(file, response.range.start),
    }
}

/// The client's own reader reads 8 KiB at a time, and never ends if the file became shorter.
fn pieces(file: File, start: u64) -> Body {
    let begin = (Arc::new(file), start);
    stream::try_unfold(begin, async |(file, start)| {
        let source = file.clone();
        let piece = tokio::task::spawn_blocking(move || piece(&source, start)).await?;
        let piece = piece.map_err(|error| object_store::Error::Generic {
            store: "folder",
            source: Box::new(error),
        })?;
        let next = start + piece.len() as u64;
        Ok((!piece.is_empty()).then_some((piece, (file, next))))
    })
    .boxed()
}

fn piece(file: &File, start: u64) -> std::io::Result<Bytes> {
    let mut piece = vec![0; PIECE];
    let length = file.read_at(&mut piece, start)?;
    piece.truncate(length);
    Ok(piece.into())
}
