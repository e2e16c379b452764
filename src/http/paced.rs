//! A request's body with time limits.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep};

/// Limit for a whole body. The invocation lasts as long as its body, and at `functionTimeout` (ten minutes
/// in `host.json`) the host kills this process with all its requests.
const WHOLE: Duration = Duration::from_mins(5);

/// A body that fails when its sender pauses for too long.
pub struct Paced<B> {
    body: B,
    pause: Duration,
    end: Instant,
    /// Runs while the next piece is awaited. Most bodies arrive with their head and never need it.
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the body did not arrive in time")]
struct TooSlow;

type BoxError = Box<dyn Error + Send + Sync>;

impl<B> Paced<B> {
    /// At most `pause` passes between two pieces.
    pub fn new(body: B, pause: Duration) -> Paced<B> {
        Paced {
            body,
            pause,
            end: Instant::now() + WHOLE,
            timer: None,
        }
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.timer = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = (Instant::now() + self.pause).min(self.end);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether a slow sender caused `error`.
pub(super) fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.any(<dyn Error>::is::<TooSlow>)
}
