//! A body by its framing.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncRead;

use super::Source;

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The message has no body.
    None,
    /// By its length.
    Length(u64),
    /// By a chunk of length 0. Trailers are dropped.
    Chunked,
    /// By the end of the connection.
    UntilEnd,
}

#[derive(Debug)]
pub(crate) struct BodyReader {
    framing: Framing,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data(u64),
    ChunkSize,
    ChunkEnd,
    Trailer,
    Done,
}

impl BodyReader {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Data(length),
            Framing::UntilEnd => State::Data(u64::MAX),
            Framing::Chunked => State::ChunkSize,
        };
        Self { framing, state }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The next part, as much as has come; `None` at the end. Dropping the future loses nothing.
    pub(crate) async fn next<R: AsyncRead + Unpin>(
        &mut self,
        source: &mut Source<R>,
    ) -> io::Result<Option<Bytes>> {
        loop {
            if self.is_done() {
                return Ok(None);
            }
            let data = self.decode(source)?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
            if self.is_done() || source.fill().await? {
                continue;
            }
            if self.framing == Framing::UntilEnd {
                self.state = State::Done;
                continue;
            }
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }

    fn decode<R: AsyncRead + Unpin>(&mut self, source: &mut Source<R>) -> io::Result<Bytes> {
        if self.framing != Framing::Chunked {
            let State::Data(left) = &mut self.state else {
                return Ok(Bytes::new());
            };
            let data = source.take(*left);
            *left -= data.len() as u64;
            if *left == 0 {
                self.state = State::Done;
            }
            return Ok(data);
        }
        let mut data = BytesMut::new();
        while self.step(source, &mut data)? {}
        Ok(data.freeze())
    }

    /// One step through a chunked body; false where more must come.
    fn step<R: AsyncRead + Unpin>(
        &mut self,
        source: &mut Source<R>,
        data: &mut BytesMut,
    ) -> io::Result<bool> {
        self.state = match self.state {
            State::Done => return Ok(false),
            State::Data(left) => {
                let part = source.take(left);
                if part.is_empty() {
                    return Ok(false);
                }
                data.extend_from_slice(&part);
                match left - part.len() as u64 {
                    0 => State::ChunkEnd,
                    left => State::Data(left),
                }
            }
            line => {
                let Some(text) = source.line() else {
                    return Ok(false);
                };
                match line {
                    State::ChunkSize => match chunk_size(&text)? {
                        0 => State::Trailer,
                        size => State::Data(size),
                    },
                    State::ChunkEnd if text.is_empty() => State::ChunkSize,
                    State::ChunkEnd => return Err(invalid("a chunk is longer than its size")),
                    _ if text.is_empty() => State::Done,
                    _ => State::Trailer,
                }
            }
        };
        Ok(true)
    }
}

/// `data` as one chunk, the way the peer of this direction writes its size.
pub(crate) fn chunk(data: &[u8], upper_case: bool) -> Vec<u8> {
    let size = if upper_case {
        format!("{:X}\r\n", data.len())
    } else {
        format!("{:x}\r\n", data.len())
    };
    [size.as_bytes(), data, b"\r\n"].concat()
}

fn chunk_size(line: &[u8]) -> io::Result<u64> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let size = std::str::from_utf8(size).ok().map(str::trim);
    let size = size.filter(|size| size.bytes().all(|byte| byte.is_ascii_hexdigit()));
    size.and_then(|size| u64::from_str_radix(size, 16).ok())
        .ok_or_else(|| invalid("a chunk's size is not a number"))
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
