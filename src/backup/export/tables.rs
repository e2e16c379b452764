//! The rows of all tables, some at a time.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Instant;

use super::contents::Data;
use super::error::ExportError;
use super::table::{self, Packing};
use super::writer::BackupWriter;
use crate::backup::progress::Progress;
use crate::backup::work_queue;
use crate::database::Session;
use pgarchive::encryption::Recipients;
use pgarchive::{BufferPool, Packed};

/// The size of a page of the server.
const PAGE_BYTES: u64 = 8192;

/// More threads than this would wait for the rows of one connection.
const MAX_CONCURRENT: usize = 8;

#[derive(Clone, Copy)]
pub(super) struct Destination<'a> {
    pub(super) writer: &'a BackupWriter,
    pub(super) recipients: &'a Recipients,
    pub(super) progress: &'a Progress,
}

/// Stores the rows of all tables, each on the next free session. Returns the packed files in the order of
/// `tables`. The largest tables are read first, so that no session works alone at the end.
pub(super) async fn store(
    destination: Destination<'_>,
    sessions: &[Session],
    tables: &[Data<'_>],
) -> Result<Vec<Packed>, ExportError> {
    let pages = |data: &Data| u64::try_from(data.table.pages).unwrap_or_default();
    let estimate: u64 = tables.iter().map(|data| pages(data) * PAGE_BYTES).sum();
    destination.progress.expect(tables.len() as u64, estimate);
    let mut largest_first: Vec<(usize, &Data)> = tables.iter().enumerate().collect();
    largest_first.sort_by_key(|(_, data)| std::cmp::Reverse(pages(data)));
    let packing = &Packing {
        recipients: destination.recipients,
        at_once: at_once(sessions.len()),
        pool: &BufferPool::default(),
    };
    let storing = work_queue::run(sessions, &largest_first, |session, (_, data)| {
        store_one(destination, session, data, packing)
    });
    let mut stored: Vec<_> = largest_first.iter().zip(storing.await?).collect();
    stored.sort_by_key(|((place, _), _)| *place);
    Ok(stored.into_iter().map(|(_, packed)| packed).collect())
}

/// All tables share the cores and the memory of this program.
fn at_once(tables: usize) -> usize {
    let cores = available_parallelism().map_or(1, NonZero::get);
    (cores.min(MAX_CONCURRENT) / tables.max(1)).max(1)
}

async fn store_one(
    destination: Destination<'_>,
    session: &Session,
    data: &Data<'_>,
    packing: &Packing<'_>,
) -> Result<Packed, ExportError> {
    let begun = Instant::now();
    let stored = table::store(
        session,
        data,
        packing,
        destination.writer,
        destination.progress,
    );
    let packed = stored.await.map_err(|error| ExportError::Table {
        table: data.name(),
        error,
    })?;
    log::debug!(
        table = data.name(), rows = packed.rows, bytes = packed.file.content_bytes,
        stored_bytes = packed.file.stored_bytes, milliseconds = begun.elapsed().as_millis();
        "{}: a table is stored", destination.writer.folder()
    );
    Ok(packed)
}
