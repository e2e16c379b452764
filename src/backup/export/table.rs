//! The rows of one table: from the server, through the stages of the archive, to the store.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::contents::Data;
use super::error::TableError;
use super::writer::BackupWriter;
use crate::backup::progress::Progress;
use crate::blob::{BlobError, Upload};
use crate::database::Session;
use pgarchive::encryption::Recipients;
use pgarchive::{BufferPool, Compressed, Content, Cutter, FrameError, Member, Packed, Sealer};

/// Pieces that wait between two stages. With fewer, a stage pauses whenever its neighbour does; each
/// costs every job memory.
const WAITING: usize = 2;

#[derive(Clone, Copy)]
pub(super) struct Packing<'a> {
    pub(super) recipients: &'a Recipients,
    /// Members of one table that wait to be compressed or stored, beside one at either end.
    pub(super) at_once: usize,
    pub(super) pool: &'a BufferPool,
}

/// Stores the rows of a table.
pub(super) async fn store(
    session: &Session,
    data: &Data<'_>,
    packing: &Packing<'_>,
    writer: &BackupWriter,
    progress: &Progress,
) -> Result<Packed, TableError> {
    let file = packing.recipients.stored_name(&data.file());
    let mut upload = writer.upload(&file).await?;
    match fill(&mut upload, session, data, packing, progress).await {
        Ok(packed) => {
            upload.finish().await?;
            progress.add_table(packed.rows);
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
    packing: &Packing<'_>,
    progress: &Progress,
) -> Result<Packed, TableError> {
    let (rows, rows_to_cut) = mpsc::channel(WAITING);
    let (members, members_to_store) = mpsc::channel(packing.at_once);
    let cutter = Cutter::new(packing.pool);
    let mut sealer = Sealer::new(&data.file(), packing.recipients);
    let cutting = spawn_blocking(move || cut(cutter, rows_to_cut, &members));
    let sql = data.copy_out();
    let copying = session.copy_out(&sql, rows);
    let storing = write(upload, &mut sealer, members_to_store, progress);
    let (copied, cut, stored) = tokio::join!(copying, cutting, storing);
    // A stage that fails stops the others, so the last stage is asked first: its error can be the cause
    // of the errors before it.
    stored?;
    let content = cut.expect("cutting does not panic")?;
    let rows = copied?;
    let content = content.ok_or(TableError::Lost { rows, packed: 0 })?;
    let mut rest = Vec::new();
    let packed = sealer.finish(&content, &mut rest);
    upload.write(&rest).await?;
    if packed.rows == rows {
        Ok(packed)
    } else {
        let packed = packed.rows;
        Err(TableError::Lost { rows, packed })
    }
}

/// Cuts rows until there are no more, and has their members compressed, some at once. `None` when the
/// receiver of the members is gone.
fn cut(
    mut cutter: Cutter,
    mut rows: mpsc::Receiver<Bytes>,
    members: &mpsc::Sender<JoinHandle<Compressed>>,
) -> Result<Option<Content>, FrameError> {
    let mut full = Vec::new();
    let hand_on = |full: &mut Vec<Member>| {
        full.drain(..).all(|member| {
            let compressing = spawn_blocking(move || member.compress());
            members.blocking_send(compressing).is_ok()
        })
    };
    while let Some(chunk) = rows.blocking_recv() {
        cutter.push(&chunk, &mut full)?;
        if !hand_on(&mut full) {
            return Ok(None);
        }
    }
    let content = cutter.finish(&mut full)?;
    Ok(hand_on(&mut full).then_some(content))
}

/// Stores members in their order until there are no more.
async fn write(
    upload: &mut Upload,
    sealer: &mut Sealer,
    mut members: mpsc::Receiver<JoinHandle<Compressed>>,
    progress: &Progress,
) -> Result<(), BlobError> {
    let mut stored = Vec::new();
    while let Some(compressing) = members.recv().await {
        let member = compressing.await.expect("compressing does not panic");
        stored.clear();
        sealer.push(&member, &mut stored);
        upload.write(&stored).await?;
        progress.add_bytes(member.text_bytes() as u64);
    }
    Ok(())
}
