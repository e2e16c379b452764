//! Whether a connection is busy or waits for its client.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::http::Hangup;

pub(super) struct Activity {
    state: Mutex<State>,
}

struct State {
    /// Unfinished requests and responses.
    unfinished: usize,
    wait: Wait,
}

/// The next data that an idle connection waits for, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The rest of a request's head; for the first request, its whole head.
    Head(Instant),
    /// The next request.
    Request(Instant),
}

impl Activity {
    /// The activity of a new connection.
    pub(super) fn new() -> Arc<Activity> {
        Arc::new(Activity {
            state: Mutex::new(State {
                unfinished: 0,
                wait: Wait::Head(Instant::now()),
            }),
        })
    }

    /// The data that the connection waits for; `None` while it is busy.
    pub(super) fn wait(&self) -> Option<Wait> {
        let state = self.state();
        (state.unfinished == 0).then_some(state.wait)
    }

    /// The connection is busy until the returned value is dropped.
    pub(super) fn begin(self: &Arc<Activity>) -> Work {
        self.state().unfinished += 1;
        Work(self.clone())
    }

    fn arrived(&self) {
        let mut state = self.state();
        if state.unfinished == 0 && matches!(state.wait, Wait::Request(_)) {
            state.wait = Wait::Head(Instant::now());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

pub(super) struct Work(Arc<Activity>);

impl Clone for Work {
    fn clone(&self) -> Work {
        self.0.begin()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.unfinished -= 1;
        if state.unfinished == 0 {
            state.wait = Wait::Request(Instant::now());
        }
    }
}

/// A body that counts as work until it is dropped.
pub(super) struct Counted<B> {
    body: B,
    _work: Work,
}

impl<B> Counted<B> {
    pub(super) fn new(body: B, work: Work) -> Counted<B> {
        Counted { body, _work: work }
    }
}

impl<B: Body + Unpin> Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket whose incoming bytes are activity.
pub(super) struct Watched {
    pub(super) stream: TcpStream,
    pub(super) activity: Arc<Activity>,
    pub(super) hangup: Option<Hangup>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.hangup.as_ref().is_some_and(Hangup::is_hung_up) {
            // An error means that the connection has already ended.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.arrived();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
