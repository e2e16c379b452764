//! A request's body, with Kestrel's limits of pace and length.
//!
//! Source: ASP.NET Core, `KestrelServerLimits.cs`, `TimeoutControl.cs`.

use std::{io, time::Duration};

use bytes::Bytes;
use tokio::{
    net::tcp::OwnedReadHalf,
    time::{Instant, timeout_at},
};

use crate::wire::{BodyReader, Framing, Source};

/// `MinRequestBodyDataRate`, after a time of grace.
const BYTES_PER_SECOND: u64 = 240;
/// `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`, as it is by default.
const MOST: u64 = 104_857_600;

/// The reading of one body.
pub(super) struct Pace {
    started: Instant,
    grace: Duration,
    received: u64,
}

/// The reason for which a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the client is gone")]
    Gone,
    /// The body is too slow, too long, or not in chunks. The connection ends then, and only where
    /// the body is too long the response reports it.
    #[error("{problem}")]
    Bad { problem: String, says_close: bool },
}

/// Rejects a body whose length alone is too much.
pub(super) fn check_length(framing: Framing) -> Result<(), BodyError> {
    match framing {
        Framing::Length(length) if length > MOST => Err(too_long()),
        _ => Ok(()),
    }
}

impl Pace {
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            started: Instant::now(),
            grace,
            received: 0,
        }
    }

    /// The next part of the body; `None` at its end. Dropping the future loses nothing.
    pub(super) async fn next(
        &mut self,
        reader: &mut BodyReader,
        source: &mut Source<OwnedReadHalf>,
    ) -> Result<Option<Bytes>, BodyError> {
        let due = Duration::from_secs(self.received / BYTES_PER_SECOND).max(self.grace);
        let next = timeout_at(self.started + due, reader.next(source)).await;
        let slow = |_| bad("the request's body is too slow");
        let next = next.map_err(slow)?.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => bad(&error.to_string()),
            _ => BodyError::Gone,
        })?;
        self.received += next.as_ref().map_or(0, |data| data.len() as u64);
        if self.received > MOST {
            return Err(too_long());
        }
        Ok(next)
    }
}

fn bad(problem: &str) -> BodyError {
    BodyError::Bad {
        problem: problem.to_owned(),
        says_close: false,
    }
}

fn too_long() -> BodyError {
    BodyError::Bad {
        problem: format!("the request's body is longer than {MOST} bytes"),
        says_close: true,
    }
}
