//! The rows of one table: from the server, through the stages of the archive, to the store.
//!
//! Sessions read ranges of the table at the same time and store them in their order. While a session waits for
//! its turn, the rows of its range are packed in memory.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard, Notify, Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};

use super::error::TableError;
use super::ranges::Range;
use super::tables::Destination;
use crate::backup::catalog::Table;
use crate::blob::{BlobError, Upload};
use crate::database::Session;
use pgarchive::{
    BufferPool, Compressed, Compression, Content, Cutter, End, FrameError, Member, Packed, Sealer,
};

/// Chunks of rows that wait to be cut. With fewer, a stage pauses whenever its neighbour does; each costs every
/// session memory.
const WAITING: usize = 2;

/// Members that all sessions together have in memory: some 22 MiB.
const MEMBERS: usize = 32;

/// More threads than this would wait for the rows.
const MAX_THREADS: usize = 8;

/// Shared by all sessions.
pub(super) struct Packing {
    pool: BufferPool,
    /// A permit for each member that is being compressed.
    threads: Arc<Semaphore>,
    /// Members of one session that wait to be compressed or stored.
    members: usize,
}

impl Packing {
    pub(super) fn new(compression: Compression, sessions: usize) -> Packing {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Packing {
            pool: BufferPool::new(compression),
            threads: Arc::new(Semaphore::new(cores.min(MAX_THREADS))),
            members: (MEMBERS / sessions.max(1)).max(1),
        }
    }
}

/// The file of a table, to which sessions append ranges.
pub(super) struct TableFile<'a> {
    pub(super) table: &'a Table,
    destination: Destination<'a>,
    /// Locked by the session whose turn it is.
    file: Mutex<File>,
    ranges: Vec<Turn>,
}

/// A range, and the notice that the ranges before it are stored.
struct Turn {
    range: Range,
    begins: Notify,
}

#[derive(Default)]
struct File {
    /// From the first range to the last.
    open: Option<Open>,
    /// After the last range.
    packed: Option<Packed>,
}

struct Open {
    begun: Instant,
    upload: Upload,
    sealer: Sealer,
    content: Content,
}

impl<'a> TableFile<'a> {
    /// The file of a table of a server of this version.
    pub(super) fn new(
        table: &'a Table,
        destination: Destination<'a>,
        version: i32,
    ) -> TableFile<'a> {
        let ranges = Range::of(table.pages, &table.columns, version);
        let turns = ranges.into_iter().map(|range| Turn {
            range,
            begins: Notify::new(),
        });
        let file = TableFile {
            table,
            destination,
            file: Mutex::default(),
            ranges: turns.collect(),
        };
        file.begin(0);
        file
    }

    pub(super) fn ranges(&self) -> usize {
        self.ranges.len()
    }

    /// Wakes the session of this range, if there is such a range.
    fn begin(&self, number: usize) {
        if let Some(turn) = self.ranges.get(number) {
            turn.begins.notify_one();
        }
    }

    /// The complete file. All ranges must be stored.
    pub(super) fn packed(self) -> Packed {
        let packed = self.file.into_inner().packed;
        packed.expect("the last range completes the file")
    }

    /// Ends the file without a blob.
    pub(super) async fn abort(self) {
        if let Some(open) = self.file.into_inner().open {
            open.upload.abort().await;
        }
    }

    /// Reads a range and stores it after the ranges with lower numbers, which must be read at the same time or
    /// before. After an error the file is incomplete.
    pub(super) async fn store(
        &self,
        session: &Session,
        number: usize,
        packing: &Packing,
    ) -> Result<(), TableError> {
        let range = self.ranges[number].range;
        let (rows, rows_to_cut) = mpsc::channel(WAITING);
        let (members, members_to_store) = mpsc::channel(packing.members);
        let cutter = Cutter::new(&packing.pool);
        let threads = packing.threads.clone();
        let end = if range.is_last() {
            End::OfTable
        } else {
            End::OfRange
        };
        let hand_on = move |full: &mut Vec<Member>| hand_on(full, &threads, &members);
        let cutting = spawn_blocking(move || cut(cutter, end, rows_to_cut, hand_on));
        let Table {
            schema,
            name,
            columns,
            ..
        } = self.table;
        let sql = range.copy_out(schema, name, columns);
        let copying = session.copy_out(&sql, rows);
        let storing = self.append(number, members_to_store);
        let (copied, cut, stored) = tokio::join!(copying, cutting, storing);
        // A stage that fails stops the others, so the last stage is asked first: its error can be the cause
        // of the errors before it.
        let mut file = stored?;
        let content = cut.expect("cutting does not panic")?;
        let rows = copied?;
        let packed = content.map_or(0, |content| content.rows);
        let Some(content) = content.filter(|_| packed == rows) else {
            return Err(TableError::Lost { rows, packed });
        };
        self.open(&mut file).await?.content.add(content);
        if range.is_last() {
            self.finish(&mut file).await?;
        }
        drop(file);
        self.begin(number + 1);
        Ok(())
    }

    /// Stores the members of a range in their order, when it is the turn of the range. Returns the file, which
    /// stays locked.
    async fn append(
        &self,
        number: usize,
        mut members: mpsc::Receiver<JoinHandle<Compressed>>,
    ) -> Result<MutexGuard<'_, File>, BlobError> {
        self.ranges[number].begins.notified().await;
        let mut file = self.file.lock().await;
        let open = self.open(&mut file).await?;
        let mut stored = Vec::new();
        while let Some(compressing) = members.recv().await {
            let member = compressing.await.expect("compressing does not panic");
            stored.clear();
            open.sealer.push(&member, &mut stored);
            open.upload.write(&stored).await?;
            let bytes = member.text_bytes() as u64;
            self.destination.progress.add_bytes(bytes);
        }
        Ok(file)
    }

    async fn open<'f>(&self, file: &'f mut File) -> Result<&'f mut Open, BlobError> {
        if file.open.is_none() {
            let recipients = self.destination.recipients;
            let name = self.table.file(self.destination.compression.algorithm);
            let stored_name = recipients.stored_name(&name);
            file.open = Some(Open {
                begun: Instant::now(),
                upload: self.destination.writer.upload(&stored_name).await?,
                sealer: Sealer::new(&name, recipients),
                content: Content::default(),
            });
        }
        Ok(file.open.as_mut().expect("it was opened above"))
    }

    async fn finish(&self, file: &mut File) -> Result<(), BlobError> {
        let mut open = file.open.take().expect("the range opened it");
        let mut rest = Vec::new();
        let packed = open.sealer.finish(open.content, &mut rest);
        open.upload.write(&rest).await?;
        open.upload.finish().await?;
        self.destination.progress.add_table(packed.rows);
        log::debug!(
            table = self.table.title(), rows = packed.rows, bytes = packed.file.content_bytes,
            stored_bytes = packed.file.stored_bytes, milliseconds = open.begun.elapsed().as_millis();
            "{}: a table is stored", self.destination.writer.folder()
        );
        file.packed = Some(packed);
        Ok(())
    }
}

/// Cuts rows until there are no more. `None` when the receiver of the members is gone.
fn cut(
    mut cutter: Cutter,
    end: End,
    mut rows: mpsc::Receiver<Bytes>,
    hand_on: impl Fn(&mut Vec<Member>) -> bool,
) -> Result<Option<Content>, FrameError> {
    let mut full = Vec::new();
    while let Some(chunk) = rows.blocking_recv() {
        cutter.push(&chunk, &mut full)?;
        if !hand_on(&mut full) {
            return Ok(None);
        }
    }
    let content = cutter.finish(end, &mut full)?;
    Ok(hand_on(&mut full).then_some(content))
}

/// Has members compressed, some at once. False when their receiver is gone.
fn hand_on(
    full: &mut Vec<Member>,
    threads: &Arc<Semaphore>,
    members: &mpsc::Sender<JoinHandle<Compressed>>,
) -> bool {
    full.drain(..).all(|member| {
        let permit = Handle::current().block_on(threads.clone().acquire_owned());
        let compressing = spawn_blocking(move || {
            let _permit = permit;
            member.compress()
        });
        members.blocking_send(compressing).is_ok()
    })
}
