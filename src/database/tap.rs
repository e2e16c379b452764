//! The rows of a COPY, taken from a connection before `tokio_postgres` sees them.
//!
//! `tokio_postgres` passes a COPY's rows on one by one through a channel, which costs more than all
//! other work of an export except compression. A [`Tap`] sits below it, on the decrypted
//! stream, and follows the messages by their headers (PostgreSQL's documentation, "Message
//! Formats": a type, then a length that counts itself). While an [`Outlet`] is open it takes out
//! `CopyOutResponse`, `CopyData` and `CopyDone`, and sends the bytes of the `CopyData` messages,
//! with their headers, on in large chunks that are cut anywhere. So `tokio_postgres` sees a
//! statement without rows, and its `CommandComplete` says how many they were. Login, errors,
//! notices and everything else pass as they are.
//!
//! While the outlet's channel is full, the tap reads nothing and the server waits. The tap discards the
//! rows of a COPY whose receiver has left, so that the connection can end in order.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{OwnedPermit, Sender};
use tokio_postgres::error::{DbError, SqlState};

/// The capacity of an inbox. Larger ones are not faster, and every job has a few.
const CAPACITY: usize = 256 * 1024;

/// With less free capacity than this, the tap sends the rows on and starts a new inbox.
const RESERVE: usize = 64 * 1024;

/// A message's type and its length.
const HEADER: usize = 5;

/// Receives the rows of a COPY while it is open. Clones are the same outlet.
#[derive(Clone, Default)]
pub(super) struct Outlet {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rows: Option<Sender<Bytes>>,
    messages: u64,
    /// The receiver left in the middle of a COPY. The tap discards its further rows.
    abandoned: bool,
    /// The connection, while it waits for the channel.
    waiting: Option<Waker>,
    /// The server's warnings about grants that had no effect.
    ineffective: Vec<String>,
}

impl Outlet {
    /// Opens it for one COPY; `None` after one that was abandoned, whose rows may still come.
    pub(super) fn open(&self, rows: Sender<Bytes>) -> Option<OpenOutlet<'_>> {
        let mut state = self.state();
        if state.abandoned {
            return None;
        }
        state.rows = Some(rows);
        state.messages = 0;
        Some(OpenOutlet { outlet: self })
    }

    /// Keeps a warning about a grant that had no effect.
    pub(super) fn note(&self, notice: &DbError) {
        let codes = [
            SqlState::WARNING_PRIVILEGE_NOT_GRANTED,
            SqlState::WARNING_PRIVILEGE_NOT_REVOKED,
        ];
        if codes.contains(notice.code()) {
            self.state().ineffective.push(notice.message().to_owned());
        }
    }

    /// The warnings about grants since the last call.
    pub(super) fn ineffective(&self) -> Vec<String> {
        mem::take(&mut self.state().ineffective)
    }

    /// Whether the rows of a COPY are kept from `tokio_postgres`.
    fn takes_rows(&self) -> bool {
        let state = self.state();
        state.abandoned || state.rows.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open outlet. Dropped before the COPY has ended, it is the last one of its connection.
pub(super) struct OpenOutlet<'a> {
    outlet: &'a Outlet,
}

impl OpenOutlet<'_> {
    /// Closes it after the COPY has ended or failed. Returns the number of `CopyData` messages.
    pub(super) fn close(self) -> u64 {
        let mut state = self.outlet.state();
        state.rows = None;
        state.messages
    }
}

impl Drop for OpenOutlet<'_> {
    fn drop(&mut self) {
        let mut state = self.outlet.state();
        if state.rows.take().is_some() {
            state.abandoned = true;
            if let Some(waiting) = state.waiting.take() {
                waiting.wake();
            }
        }
    }
}

/// A connection's stream with an outlet for rows.
pub(super) struct Tap<S> {
    pub(super) stream: S,
    outlet: Outlet,
    inbox: BytesMut,
    /// Bytes of rows at the start of the inbox.
    rows: usize,
    /// For the current message.
    fate: Fate,
    /// Bytes of the current message that come after `rows`.
    remaining: usize,
    /// `CopyData` messages that the outlet has not counted yet.
    messages: u64,
    sending: Option<Sending>,
}

type Sending = Pin<Box<dyn Future<Output = Result<OwnedPermit<Bytes>, SendError<()>>> + Send>>;

/// The receiver of a message: `tokio_postgres`, the outlet, or none.
#[derive(Clone, Copy)]
enum Fate {
    Passes,
    IsRow,
    Vanishes,
}

/// The next step, by the content of the inbox.
enum Next {
    /// Its start is for `tokio_postgres`.
    Pass,
    /// Its start is rows, and enough of them.
    Send,
    /// More is needed.
    Read,
}

impl<S> Tap<S> {
    /// On a stream whose next byte is the first one of a message.
    pub(super) fn new(stream: S, outlet: Outlet) -> Tap<S> {
        Tap {
            stream,
            outlet,
            inbox: BytesMut::new(),
            rows: 0,
            fate: Fate::Passes,
            remaining: 0,
            messages: 0,
            sending: None,
        }
    }

    /// Reads the headers of the messages in the inbox, up to the first one that needs a step.
    fn next_step(&mut self) -> io::Result<Next> {
        loop {
            let unseen = self.inbox.len() - self.rows;
            if self.remaining == 0 && unseen >= HEADER {
                self.begin_message()?;
            }
            let piece = self.remaining.min(unseen);
            if piece == 0 {
                let enough = self.rows > CAPACITY - RESERVE;
                return Ok(if enough { Next::Send } else { Next::Read });
            }
            match self.fate {
                Fate::IsRow => self.rows += piece,
                Fate::Passes | Fate::Vanishes if self.rows > 0 => return Ok(Next::Send),
                Fate::Passes => return Ok(Next::Pass),
                Fate::Vanishes => self.inbox.advance(piece),
            }
            self.remaining -= piece;
        }
    }

    fn begin_message(&mut self) -> io::Result<()> {
        let header = &self.inbox[self.rows..self.rows + HEADER];
        let length = i32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        let length = usize::try_from(length).ok().filter(|it| *it >= HEADER - 1);
        let length = length.ok_or_else(|| {
            let text = "the server sent a message of impossible length";
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        self.remaining = 1 + length;
        self.fate = match (header[0], self.fate) {
            // A row mostly follows a row, and a look at the outlet for each would cost more than the rest.
            (b'd', Fate::IsRow) => Fate::IsRow,
            (b'd', _) if self.outlet.takes_rows() => Fate::IsRow,
            (b'H' | b'c', _) if self.outlet.takes_rows() => Fate::Vanishes,
            _ => Fate::Passes,
        };
        self.messages += u64::from(matches!(self.fate, Fate::IsRow));
        Ok(())
    }

    fn pass(&mut self, to: &mut ReadBuf<'_>) {
        let piece = self.remaining.min(self.inbox.len()).min(to.remaining());
        to.put_slice(&self.inbox[..piece]);
        self.inbox.advance(piece);
        self.remaining -= piece;
    }

    /// Sends the rows on, once the channel takes them. Discards them if the receiver has left.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let permit = ready!(self.poll_permit(context));
        self.sending = None;
        let rows = self.inbox.split_to(self.rows);
        self.rows = 0;
        if let Some(permit) = permit {
            self.outlet.state().messages += std::mem::take(&mut self.messages);
            permit.send(rows.freeze());
        }
        Poll::Ready(())
    }

    /// `None` when the receiver has left.
    fn poll_permit(&mut self, context: &mut Context<'_>) -> Poll<Option<OwnedPermit<Bytes>>> {
        {
            let mut state = self.outlet.state();
            if state.abandoned {
                return Poll::Ready(None);
            }
            state.waiting = Some(context.waker().clone());
            if self.sending.is_none() {
                let Some(rows) = state.rows.clone() else {
                    return Poll::Ready(None);
                };
                self.sending = Some(Box::pin(rows.reserve_owned()));
            }
        }
        let sending = self.sending.as_mut().expect("it was just set");
        sending.as_mut().poll(context).map(Result::ok)
    }
}

impl<S: AsyncRead + Unpin> Tap<S> {
    /// Reads the available bytes and returns their number. Zero is the end.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.inbox.capacity() - self.inbox.len() < RESERVE {
            self.inbox.reserve(CAPACITY);
        }
        // The future keeps no state between two polls, so each poll may use a new one.
        std::pin::pin!(self.stream.read_buf(&mut self.inbox)).poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        loop {
            let passed = to.filled().len() > before;
            match self.next_step()? {
                // As many messages at once as `to` takes, which is far cheaper than one by one.
                Next::Pass if to.remaining() > 0 => self.pass(to),
                Next::Pass => return Poll::Ready(Ok(())),
                Next::Send | Next::Read if passed => return Poll::Ready(Ok(())),
                Next::Send => ready!(self.poll_send(context)),
                Next::Read => {
                    if ready!(self.poll_fill(context))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::mpsc;

    fn message(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = i32::try_from(content.len() + 4).expect("a short one");
        [&[kind], &length.to_be_bytes()[..], content].concat()
    }

    /// The bytes that pass, the bytes that the outlet receives, and the number of rows that it counts.
    async fn through(sent: Vec<u8>, piece: usize, open: bool) -> (Vec<u8>, Vec<u8>, u64) {
        let (mut server, client) = tokio::io::duplex(piece);
        let outlet = Outlet::default();
        let mut tap = Tap::new(client, outlet.clone());
        let (sender, mut receiver) = mpsc::channel(1);
        let opened = open.then(|| outlet.open(sender).expect("none was abandoned"));
        let serving = async move { server.write_all(&sent).await };
        let passing = async {
            let mut passed = Vec::new();
            tap.read_to_end(&mut passed).await.expect("it is read");
            (passed, opened.map_or(0, OpenOutlet::close))
        };
        let taking = async {
            let mut rows = Vec::new();
            while let Some(chunk) = receiver.recv().await {
                rows.extend_from_slice(&chunk);
            }
            rows
        };
        let (outcome, (passed, messages), rows) = tokio::join!(serving, passing, taking);
        outcome.expect("it is sent");
        (passed, rows, messages)
    }

    #[tokio::test]
    async fn rows_go_one_way_and_all_else_the_other_however_they_are_cut() {
        let long = vec![b'x'; 700_000];
        let rows = [
            message(b'd', b"1\n"),
            message(b'd', &long),
            message(b'd', b"\n"),
        ];
        let [login, notice, done] = [
            message(b'R', &[0; 4]),
            message(b'N', b"dHc"),
            [message(b'C', b"COPY 3\0"), message(b'Z', b"T")].concat(),
        ];
        let [first, last] = [message(b'H', &[0; 3]), message(b'c', b"")];
        let parts: [&[u8]; 8] = [
            &login, &first, &rows[0], &rows[1], &notice, &rows[2], &last, &done,
        ];
        let sent = parts.concat();
        for piece in [1, 3, 4096, 10_000_000] {
            let (passed, taken, messages) = through(sent.clone(), piece, true).await;
            assert!(passed == [&login[..], &notice, &done].concat(), "{piece}");
            assert!(taken == rows.concat(), "{piece}");
            assert_eq!(messages, 3);
            let (passed, taken, _) = through(sent.clone(), piece, false).await;
            assert!(passed == sent && taken.is_empty(), "{piece}");
        }
    }

    #[tokio::test]
    async fn a_length_that_cannot_be_is_an_error() {
        let (mut server, client) = tokio::io::duplex(64);
        server
            .write_all(b"d\xff\xff\xff\xff")
            .await
            .expect("it is sent");
        let read = Tap::new(client, Outlet::default()).read_u8().await;
        let error = read.expect_err("no message is so short");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
