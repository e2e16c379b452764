//! The rows of all tables, some ranges at a time.

use std::cmp::Reverse;

use super::error::ExportError;
use super::table::{Packing, TableFile};
use super::writer::BackupWriter;
use crate::backup::catalog::Table;
use crate::backup::progress::Progress;
use crate::backup::work_queue;
use crate::database::Session;
use pgarchive::encryption::Recipients;
use pgarchive::{Compression, Packed};

/// The size of a page of the server.
const PAGE_BYTES: u64 = 8192;

#[derive(Clone, Copy)]
pub(super) struct Destination<'a> {
    pub(super) writer: &'a BackupWriter,
    pub(super) compression: Compression,
    pub(super) recipients: &'a Recipients,
    pub(super) progress: &'a Progress,
}

/// Stores the rows of all tables on these sessions of a server of this version. Returns the packed files in the
/// order of `tables`. The largest tables are read first, and each in ranges, so that no session works alone at
/// the end.
pub(super) async fn store(
    destination: Destination<'_>,
    sessions: &[Session],
    version: i32,
    tables: &[Table],
) -> Result<Vec<Packed>, ExportError> {
    let pages = |table: &Table| u64::try_from(table.pages).unwrap_or_default();
    let estimate: u64 = tables.iter().map(|it| pages(it) * PAGE_BYTES).sum();
    destination.progress.expect(tables.len() as u64, estimate);
    let packing = &Packing::new(destination.compression, sessions.len());
    let files = tables
        .iter()
        .map(|table| TableFile::new(table, destination, version));
    let files: Vec<TableFile> = files.collect();
    let mut largest_first: Vec<&TableFile> = files.iter().collect();
    largest_first.sort_by_key(|file| Reverse(pages(file.table)));
    let pieces = largest_first.into_iter();
    let pieces = pieces.flat_map(|file| (0..file.ranges()).map(move |range| (file, range)));
    let pieces: Vec<(&TableFile, usize)> = pieces.collect();
    let storing = work_queue::run(sessions, &pieces, |session, (file, range)| async move {
        let stored = file.store(session, *range, packing).await;
        stored.map_err(|error| ExportError::Table {
            table: file.table.title(),
            error,
        })
    });
    if let Err(error) = storing.await {
        for file in files {
            file.abort().await;
        }
        return Err(error);
    }
    let packed = files.into_iter().map(TableFile::packed);
    Ok(packed.collect())
}
