//! The rows of all tables, some ranges at a time.

use std::cmp::Reverse;

use super::contents::Data;
use super::error::{ExportError, TableError};
use super::ranges::Range;
use super::table::{Packing, TableFile};
use super::writer::BackupWriter;
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

/// A range of a table.
struct Piece<'a> {
    file: &'a TableFile<'a>,
    /// Its place among the ranges of the table, from 0.
    number: usize,
    range: Range,
}

/// Stores the rows of all tables on these sessions of a server of this version. Returns the packed files in the
/// order of `tables`. The largest tables are read first, and each in ranges, so that no session works alone at
/// the end.
pub(super) async fn store(
    destination: Destination<'_>,
    sessions: &[Session],
    version: i32,
    tables: &[Data<'_>],
) -> Result<Vec<Packed>, ExportError> {
    let pages = |data: &Data| u64::try_from(data.table.pages).unwrap_or_default();
    let estimate: u64 = tables.iter().map(|data| pages(data) * PAGE_BYTES).sum();
    destination.progress.expect(tables.len() as u64, estimate);
    let packing = &Packing::new(destination.compression, sessions.len());
    let files = tables.iter().map(|data| TableFile::new(data, destination));
    let files: Vec<TableFile> = files.collect();
    let mut largest_first: Vec<&TableFile> = files.iter().collect();
    largest_first.sort_by_key(|file| Reverse(pages(file.data)));
    let pieces = largest_first.into_iter().flat_map(|file| {
        let table = file.data.table;
        let ranges = Range::of(table.pages, &table.columns, version);
        ranges
            .into_iter()
            .enumerate()
            .map(move |(number, range)| Piece {
                file,
                number,
                range,
            })
    });
    let pieces: Vec<Piece> = pieces.collect();
    let storing = work_queue::run(sessions, &pieces, |session, piece| async {
        let stored = piece
            .file
            .store(session, piece.number, piece.range, packing);
        let stored = stored.await;
        stored.map_err(|error| failed(piece.file.data, error))
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

fn failed(data: &Data<'_>, error: TableError) -> ExportError {
    ExportError::Table {
        table: data.name(),
        error,
    }
}
