//! Connections to the handler, and one exchange on one of them.
//!
//! Source: .NET, `HttpConnectionPool.cs` and `HttpConnection.cs`.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::AsyncWriteExt as _,
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::timeout,
};

use crate::wire::{BodyReader, HeadError, ResponseHead, Source, chunk};

/// Sent in `X-Azure-Functions-HostVersion`.
pub(crate) const HOST_VERSION: &str = "4.1052.200.0";

/// The delay of the body of a request with `Expect: 100-continue`.
const EXPECT: Duration = Duration::from_secs(1);
/// Chunks are forwarded in blocks of this size, and at the end of the body.
const WRITE_BUFFER: usize = 4096;

/// Connections to the port of the handler, kept while they are idle.
pub(crate) struct Client {
    port: u16,
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    source: Source<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

/// A request to the handler.
pub(crate) struct Onward {
    pub(crate) method: String,
    /// The request line and the headers, with the empty line at their end.
    pub(crate) head: String,
    pub(crate) body: Body,
    pub(crate) expects_continue: bool,
}

/// The body of a request to the handler.
pub(crate) enum Body {
    /// No content. .NET sends such a request again if the connection closes without a response.
    None,
    Whole(Bytes),
    /// Sent in chunks. The request is aborted if the sender is dropped before the empty chunk.
    Chunked(mpsc::Receiver<Bytes>),
    /// Sent, at least in part, so it cannot be sent again.
    Consumed,
}

/// A response whose body is still to be read.
pub(crate) struct Reply {
    pub(crate) head: ResponseHead,
    reader: BodyReader,
    connection: Connection,
    client: Arc<Client>,
}

/// The reason for a missing response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the handler closed the connection without a response")]
    Closed,
    #[error("{0}")]
    Broken(io::Error),
    #[error("the handler sent nothing for {0:?}")]
    Idle(Duration),
}

impl Failure {
    /// Whether the handler may have received the request.
    pub(crate) fn came_late(&self) -> bool {
        !matches!(self, Self::Broken(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Client {
    pub(crate) fn new(port: u16) -> Arc<Self> {
        let idle = Mutex::new(Vec::new());
        Arc::new(Self { port, idle })
    }

    /// Sends `request` once and reads the head of the response. The whole body is sent first, also if a response arrives
    /// earlier.
    pub(crate) async fn send(
        self: &Arc<Self>,
        request: &mut Onward,
        idle: Duration,
    ) -> Result<Reply, Failure> {
        let mut connection = self.connection().await?;
        if matches!(request.body, Body::Consumed) {
            let text = "the request's body was sent already and cannot be sent again";
            return Err(io::Error::other(text).into());
        }
        connection.writer.write_all(request.head.as_bytes()).await?;
        if request.expects_continue {
            // The body follows any response, and none.
            let _ = timeout(EXPECT, connection.source.fill()).await;
        }
        connection.send_body(&mut request.body).await?;
        let head = ResponseHead::read(&mut connection.source, &request.method);
        let head = timeout(idle, head).await.map_err(|_| Failure::Idle(idle))?;
        let head = head.map_err(|error| match error {
            HeadError::Closed => Failure::Closed,
            HeadError::Broken(error) => Failure::Broken(error),
            HeadError::LongStart | HeadError::LongHeaders => Failure::Broken(io::Error::other(
                "the response's head is longer than 64 KiB",
            )),
        })?;
        Ok(Reply {
            reader: BodyReader::new(head.framing),
            head,
            connection,
            client: self.clone(),
        })
    }

    /// An idle connection that the handler has not closed, or a new one.
    async fn connection(&self) -> Result<Connection, Failure> {
        while let Some(connection) = self.idle().pop() {
            let mut byte = [0];
            let state = connection.source.stream().try_read(&mut byte);
            if state.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let source = Source::new(reader);
        Ok(Connection { source, writer })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    async fn send_body(&mut self, body: &mut Body) -> io::Result<()> {
        match std::mem::replace(body, Body::Consumed) {
            Body::None => *body = Body::None,
            // An empty body can be sent again.
            Body::Whole(bytes) if bytes.is_empty() => *body = Body::Whole(bytes),
            Body::Whole(bytes) => self.writer.write_all(&bytes).await?,
            Body::Chunked(mut chunks) => self.send_chunks(&mut chunks).await?,
            Body::Consumed => {}
        }
        Ok(())
    }

    async fn send_chunks(&mut self, chunks: &mut mpsc::Receiver<Bytes>) -> io::Result<()> {
        let mut waiting = Vec::new();
        loop {
            let data = chunks.recv().await;
            let data = data.ok_or_else(|| io::Error::other("the client broke off its body"))?;
            waiting.extend(chunk(&data, true));
            if data.is_empty() || waiting.len() >= WRITE_BUFFER {
                self.writer.write_all(&waiting).await?;
                waiting.clear();
            }
            if data.is_empty() {
                return Ok(());
            }
        }
    }
}

impl Reply {
    /// The next piece of the body; `None` at its end. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self, idle: Duration) -> Result<Option<Bytes>, Failure> {
        let next = self.reader.next(&mut self.connection.source);
        let next = timeout(idle, next).await.map_err(|_| Failure::Idle(idle))?;
        Ok(next?)
    }

    pub(crate) async fn body(&mut self, idle: Duration) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(data) = self.next(idle).await? {
            body.extend_from_slice(&data);
        }
        Ok(body)
    }

    /// Keeps the connection for another request, if this one has ended.
    pub(crate) fn finish(self) {
        let ended = self.reader.is_done() && self.connection.source.is_empty();
        if ended && self.head.keep_alive {
            self.client.idle().push(self.connection);
        }
    }
}
