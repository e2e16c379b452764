//! One table's rows: from the server, through the packer, to the store.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::contents::Data;
use super::error::TableError;
use super::progress::Tally;
use super::shelf::Shelf;
use crate::backup::archive::{FrameError, Packed, Packer};
use crate::backup::encryption::Recipients;
use crate::blob::{BlobError, Upload};
use crate::database::Session;

/// How many pieces may wait between two stations? Enough that none stands still for the other's pauses;
/// each is memory that every job has.
const WAITING: usize = 2;

/// What the packer hands on.
struct Part {
    stored: Bytes,
    /// How much was read for it.
    read: u64,
}

/// Stores the rows of a table under `file`.
pub(super) async fn store(
    session: &Session,
    data: &Data<'_>,
    file: &str,
    recipients: &Recipients,
    shelf: &Shelf,
    tally: &Tally<'_>,
) -> Result<Packed, TableError> {
    let mut upload = shelf.upload(file).await?;
    match fill(&mut upload, session, data, recipients, tally).await {
        Ok(packed) => {
            upload.finish().await?;
            tally.stored(packed.rows);
            Ok(packed)
        }
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    }
}

async fn fill(
    upload: &mut Upload,
    session: &Session,
    data: &Data<'_>,
    recipients: &Recipients,
    tally: &Tally<'_>,
) -> Result<Packed, TableError> {
    let (rows, rows_to_pack) = mpsc::channel(WAITING);
    let (parts, parts_to_store) = mpsc::channel(WAITING);
    let recipients = recipients.clone();
    let packing = tokio::task::spawn_blocking(move || pack(&recipients, rows_to_pack, &parts));
    let sql = data.copy_out();
    let copying = session.copy_out(&sql, rows);
    let storing = write(upload, parts_to_store, tally);
    let (copied, packed, stored) = tokio::join!(copying, packing, storing);
    // Whoever fails stops the others. So the last one in the row is asked first: an error of those
    // before it may come of its own.
    stored?;
    let packed = packed.expect("packing does not panic")?;
    let rows = copied?;
    match packed {
        Some(packed) if packed.rows == rows => Ok(packed),
        packed => Err(TableError::Lost {
            rows,
            packed: packed.map_or(0, |packed| packed.rows),
        }),
    }
}

/// Packs rows until there are no more. `None` when nobody takes them.
fn pack(
    recipients: &Recipients,
    mut rows: mpsc::Receiver<Bytes>,
    parts: &mpsc::Sender<Part>,
) -> Result<Option<Packed>, FrameError> {
    let mut file = Packer::new(recipients);
    let mut stored = Vec::new();
    let mut read = 0;
    while let Some(chunk) = rows.blocking_recv() {
        file.push(&chunk, &mut stored)?;
        read += chunk.len() as u64;
        if stored.is_empty() {
            continue;
        }
        let part = Part {
            stored: std::mem::take(&mut stored).into(),
            read: std::mem::take(&mut read),
        };
        if parts.blocking_send(part).is_err() {
            return Ok(None);
        }
    }
    let packed = file.finish(&mut stored)?;
    let stored = stored.into();
    let sent = parts.blocking_send(Part { stored, read });
    Ok(sent.is_ok().then_some(packed))
}

async fn write(
    upload: &mut Upload,
    mut parts: mpsc::Receiver<Part>,
    tally: &Tally<'_>,
) -> Result<(), BlobError> {
    while let Some(part) = parts.recv().await {
        upload.write(part.stored).await?;
        tally.read(part.read);
    }
    Ok(())
}
