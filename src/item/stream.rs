//! All items as one response of any length, with constant memory.
//!
//! A task reads page after page and queues the pieces; the response's body takes them. A listing
//! that is not complete never gets its last chunk: only [`Part::End`] ends the body well, and where
//! the task ends without it, for whatever reason, the connection breaks off. Where the reader has
//! stopped reading, the server does not poll the body, so the task resets the connection as well.
//!
//! The Functions host counts its `functionTimeout` to the last byte, and kills this process when
//! it is over. So a listing has a deadline well before that, and its reader a least rate.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use futures_util::stream::unfold;
use log::Level;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::ItemId;
use super::pages::{Page, Pages, Piece};
use crate::database::Error;
use crate::http::{Hangup, Response, stream};
use crate::telemetry::Context;

/// Whole listings that may be open at once. Each holds some 2 MiB, and no connection while its
/// reader is slow.
const OPEN: usize = 32;

/// Pieces that may wait for the reader: a page of usual names, so that the database reads the next
/// page while this one is sent.
const WAITING: usize = 24;

/// A page is to have this size. Pages much smaller cost more for their statements than for their
/// rows.
const PAGE_BYTES: u64 = WAITING as u64 * 32 * 1024;

/// Rows of the first page, before it is known how long names are, and of any page.
const FIRST_ROWS: u16 = 1024;
const FEWEST_ROWS: u64 = 64;
const MOST_ROWS: u64 = 8192;

/// The fewest bytes that a reader must take in each [`Limits::interval`].
const LEAST_BYTES: u64 = 1024 * 1024;

/// The whole listings that are open.
pub(super) struct Streams {
    pages: Pages,
    open: Arc<Semaphore>,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    whole: Duration,
    interval: Duration,
}

impl Streams {
    pub(super) fn open(&self) -> usize {
        OPEN - self.open.available_permits()
    }

    /// Each listing ends after `deadline`, complete or not.
    pub(super) fn new(pages: Pages, deadline: Duration) -> Streams {
        Streams {
            pages,
            open: Arc::new(Semaphore::new(OPEN)),
            limits: Limits {
                whole: deadline,
                interval: (deadline / 9).min(Duration::from_mins(1)),
            },
        }
    }

    /// `{"data":[…]}` of all items after an id. `None` when too many listings are open already.
    ///
    /// # Errors
    /// When not even the first page can be read. Later the response breaks off.
    pub(super) async fn begin(&self, after: Option<ItemId>) -> Result<Option<Response>, Error> {
        let started = Instant::now();
        let Ok(permit) = self.open.clone().try_acquire_owned() else {
            return Ok(None);
        };
        let first = self.pages.page_of_all(FIRST_ROWS, after).await?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let listing = Listing {
            pages: self.pages.clone(),
            limits: self.limits,
            sent: Arc::new(Sent::default()),
            sender,
            _permit: permit,
        };
        let body = body(receiver, listing.sent.clone());
        tokio::spawn(Context::inherited(listing.run(
            first,
            started,
            Hangup::current(),
        )));
        Ok(Some(body))
    }
}

/// The part of a listing that its reader has taken.
#[derive(Default)]
struct Sent {
    rows: AtomicU64,
    bytes: AtomicU64,
    complete: AtomicBool,
}

enum Part {
    Piece(Piece),
    End,
}

fn body(receiver: mpsc::Receiver<Part>, sent: Arc<Sent>) -> Response {
    let chunks = unfold((receiver, sent), |(mut receiver, sent)| async move {
        let chunk: Result<Bytes, &str> = match receiver.recv().await {
            Some(Part::Piece(piece)) => {
                sent.rows.fetch_add(piece.rows, Ordering::Relaxed);
                let bytes = piece.json.len() as u64;
                sent.bytes.fetch_add(bytes, Ordering::Relaxed);
                Ok(piece.json)
            }
            Some(Part::End) => {
                sent.complete.store(true, Ordering::Relaxed);
                return None;
            }
            None => Err("the listing broke off"),
        };
        Some((chunk, (receiver, sent)))
    });
    stream("application/json", chunks)
}

enum Ending {
    Complete,
    ReaderLeft,
    ReaderTooSlow(Duration),
    OutOfTime(Duration),
    Failed(Error),
    Panicked,
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Complete => write!(formatter, "is complete"),
            Ending::ReaderLeft => write!(formatter, "broke off: the reader left"),
            Ending::ReaderTooSlow(interval) => write!(
                formatter,
                "broke off: the reader took less than {LEAST_BYTES} bytes in {interval:.1?}"
            ),
            Ending::OutOfTime(limit) => {
                write!(formatter, "broke off: it took more than {limit:.1?}")
            }
            Ending::Failed(error) => write!(formatter, "broke off: {error}"),
            Ending::Panicked => write!(formatter, "broke off: its task panicked"),
        }
    }
}

impl Ending {
    fn level(&self) -> Level {
        match self {
            Ending::Complete | Ending::ReaderLeft => Level::Info,
            Ending::ReaderTooSlow(_) | Ending::OutOfTime(_) => Level::Warn,
            Ending::Failed(_) | Ending::Panicked => Level::Error,
        }
    }
}

/// The task behind one response.
struct Listing {
    pages: Pages,
    limits: Limits,
    sent: Arc<Sent>,
    sender: mpsc::Sender<Part>,
    _permit: OwnedSemaphorePermit,
}

impl Listing {
    async fn run(self, first: Page, started: Instant, hangup: Option<Hangup>) {
        let work = async {
            tokio::select! {
                ending = self.send_all(first) => ending,
                ending = self.cut_off() => ending,
            }
        };
        let ending = AssertUnwindSafe(work).catch_unwind().await;
        let ending = ending.unwrap_or(Ending::Panicked);
        if !matches!(ending, Ending::Complete | Ending::ReaderLeft)
            && let Some(hangup) = hangup
        {
            hangup.hang_up();
        }
        log::log!(
            ending.level(),
            rows = self.sent.rows.load(Ordering::Relaxed),
            bytes = self.sent.bytes.load(Ordering::Relaxed),
            duration_ms = started.elapsed().as_secs_f64() * 1e3;
            "a whole listing {ending}"
        );
    }

    /// Queues everything, and waits until the reader has taken it.
    async fn send_all(&self, first: Page) -> Ending {
        match self.queue_all(first).await {
            Err(ending) => return ending,
            Ok(()) => self.sender.closed().await,
        }
        if self.sent.complete.load(Ordering::Relaxed) {
            Ending::Complete
        } else {
            Ending::ReaderLeft
        }
    }

    async fn queue_all(&self, first: Page) -> Result<(), Ending> {
        self.queue(text(b"{\"data\":[")).await?;
        let mut page = first;
        let mut begins = true;
        loop {
            let next = page.next.map(|last| (rows_of_next(&page), last));
            for mut piece in page.pieces {
                if std::mem::take(&mut begins) {
                    // Every element has its comma before it, and the first one needs none.
                    piece.json.advance(1);
                }
                self.queue(Part::Piece(piece)).await?;
            }
            let Some((rows, last)) = next else { break };
            let read = self.pages.page_of_all(rows, Some(last)).await;
            page = read.map_err(Ending::Failed)?;
        }
        self.queue(text(b"]}")).await?;
        self.queue(Part::End).await
    }

    async fn queue(&self, part: Part) -> Result<(), Ending> {
        let queued = self.sender.send(part).await;
        queued.map_err(|_| Ending::ReaderLeft)
    }

    /// Completes when the listing must end: at its deadline, or when its reader is too slow. While
    /// nothing waits for the reader, the reader is not the slow one.
    async fn cut_off(&self) -> Ending {
        let Limits { whole, interval } = self.limits;
        let ends = Instant::now() + whole;
        loop {
            let before = self.sent.bytes.load(Ordering::Relaxed);
            let looks = Instant::now() + interval;
            if looks >= ends {
                tokio::time::sleep_until(ends.into()).await;
                return Ending::OutOfTime(whole);
            }
            tokio::time::sleep_until(looks.into()).await;
            let taken = self.sent.bytes.load(Ordering::Relaxed) - before;
            let waits = self.sender.capacity() < self.sender.max_capacity();
            if taken < LEAST_BYTES && waits {
                return Ending::ReaderTooSlow(interval);
            }
        }
    }
}

fn text(json: &'static [u8]) -> Part {
    let json = Bytes::from_static(json);
    Part::Piece(Piece { json, rows: 0 })
}

fn rows_of_next(page: &Page) -> u16 {
    let rows = PAGE_BYTES * page.rows() / (page.bytes() as u64).max(1);
    let rows = rows.clamp(FEWEST_ROWS, MOST_ROWS);
    u16::try_from(rows).expect("the most rows are fewer than 65536")
}
