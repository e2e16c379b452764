//! All items as one answer of any length, with constant memory.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use tokio::sync::mpsc;
use tokio_postgres::RowStream;
use warp::Reply;
use warp::http::{HeaderValue, header};

use super::Item;
use super::store::StreamPermit;
use crate::http::Response;
use crate::telemetry::Context;

/// How much is sent at once? Sending each row by itself costs five times the processor time.
const CHUNK: usize = 32 * 1024;

/// How many chunks may wait for the reader? Enough that the database and the reader overlap.
const CHUNKS: usize = 4;

/// How long may a reader take for one chunk? It holds a connection and a snapshot meanwhile.
const PATIENCE: Duration = Duration::from_mins(1);

/// `{"data":[…]}`, sent while it is read. When the database fails half-way, the answer breaks off
/// instead of ending well.
pub(super) fn response(permit: StreamPermit, rows: RowStream) -> Response {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    tokio::spawn(Context::inherited(async move {
        match send_all(&sender, rows).await {
            Ok(()) => drop(permit),
            Err(reason) => {
                log::warn!("a listing broke off: {reason}");
                permit.connection.discard();
                // Without a reader there is nobody to tell.
                let _ = sender.try_send(Err(reason));
            }
        }
    }));
    let chunks = unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let mut response = warp::reply::stream(chunks).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

type Sender = mpsc::Sender<Result<Bytes, String>>;

async fn send_all(sender: &Sender, rows: RowStream) -> Result<(), String> {
    let mut rows = pin!(rows);
    let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 8);
    chunk.extend_from_slice(b"{\"data\":[");
    let mut first = true;
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| error.to_string())?;
        if !first {
            chunk.push(b',');
        }
        first = false;
        Item::borrowed(&row).write_json(&mut chunk);
        if chunk.len() >= CHUNK {
            send(sender, &mut chunk).await?;
        }
    }
    chunk.extend_from_slice(b"]}");
    send(sender, &mut chunk).await
}

async fn send(sender: &Sender, chunk: &mut Vec<u8>) -> Result<(), String> {
    let full = std::mem::replace(chunk, Vec::with_capacity(CHUNK + CHUNK / 8));
    match tokio::time::timeout(PATIENCE, sender.send(Ok(full.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err("the reader has gone".into()),
        Err(_) => Err(format!("the reader took nothing for {PATIENCE:?}")),
    }
}
