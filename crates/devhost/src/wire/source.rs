//! Bytes from a connection, line by line or as they come.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much may wait unread while nothing asks for it.
const MOST_AHEAD: usize = 64 * 1024;

/// The bytes of one direction of a connection.
pub(crate) struct Source<R> {
    stream: R,
    buffer: BytesMut,
}

/// The reason for a missing head of a message.
#[derive(Debug)]
pub(crate) enum HeadError {
    /// The connection ended before its first byte.
    Closed,
    /// The connection ended or broke within it.
    Broken(io::Error),
    /// Its first line is longer than allowed.
    LongStart,
    /// All of it is longer than allowed.
    LongHeaders,
}

impl<R: AsyncRead + Unpin> Source<R> {
    pub(crate) fn new(stream: R) -> Self {
        let buffer = BytesMut::new();
        Self { stream, buffer }
    }

    pub(crate) fn stream(&self) -> &R {
        &self.stream
    }

    /// Whether nothing has come that was not taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The lines of a head without their ends, the empty one left out. Empty lines before it are
    /// skipped. `\n` alone ends a line, too.
    pub(crate) async fn head(
        &mut self,
        most_start: usize,
        most: usize,
    ) -> Result<Vec<Bytes>, HeadError> {
        loop {
            while let [b'\r', b'\n', ..] | [b'\n', ..] = self.buffer[..] {
                let _ = self.line();
            }
            let start = self.buffer.iter().position(|byte| *byte == b'\n');
            if start.unwrap_or(self.buffer.len()) > most_start {
                return Err(HeadError::LongStart);
            }
            if let Some(end) = end_of_head(&self.buffer) {
                if end - start.unwrap_or_default() > most {
                    return Err(HeadError::LongHeaders);
                }
                return Ok(self.lines());
            }
            if self.buffer.len() > most_start + most {
                return Err(HeadError::LongHeaders);
            }
            match self.fill().await {
                Ok(true) => {}
                Ok(false) if self.buffer.is_empty() => return Err(HeadError::Closed),
                Ok(false) => return Err(HeadError::Broken(io::ErrorKind::UnexpectedEof.into())),
                Err(error) => return Err(HeadError::Broken(error)),
            }
        }
    }

    /// Reads more; false at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(16 * 1024);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// The next line without its end, if all of it has come.
    pub(crate) fn line(&mut self) -> Option<Bytes> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let line = self.buffer.split_to(end + 1).freeze();
        let end = if line.ends_with(b"\r\n") {
            end - 1
        } else {
            end
        };
        Some(line.slice(..end))
    }

    /// Up to `most` of the bytes that have come.
    pub(crate) fn take(&mut self, most: u64) -> Bytes {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        self.buffer.split_to(most.min(self.buffer.len())).freeze()
    }

    /// Returns when the other side has closed or reset the connection.
    pub(crate) async fn closed(&mut self) {
        while self.buffer.len() < MOST_AHEAD {
            if !matches!(self.fill().await, Ok(true)) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    fn lines(&mut self) -> Vec<Bytes> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().filter(|line| !line.is_empty()) {
            lines.push(line);
        }
        lines
    }
}

/// Where the head that `buffer` begins with ends.
fn end_of_head(buffer: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = buffer[from..].iter().position(|byte| *byte == b'\n') {
        from += at + 1;
        if let [b'\n', ..] | [b'\r', b'\n', ..] = buffer[from..] {
            return Some(from);
        }
    }
    None
}
