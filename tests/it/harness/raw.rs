//! Bytes on a socket, for what no client library would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::PATIENCE;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    /// The status line's code; 0 when the connection ended without an answer.
    pub(crate) status: u16,
    /// Everything, head and body.
    pub(crate) text: String,
}

/// Sends `bytes` to `127.0.0.1:<port>` and reads until the server closes. The bytes should ask it
/// to (`Connection: close`).
pub(crate) async fn send_raw(address: &str, bytes: &[u8]) -> RawAnswer {
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    // The server may answer and close before it has read everything; what it said still counts.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let reading = socket.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the server closes in time");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    RawAnswer {
        status: status.unwrap_or(0),
        text,
    }
}
