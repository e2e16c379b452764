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

/// Sends `bytes` to `127.0.0.1:<port>` and reads one answer: as long as it says that it is, or until
/// the server closes.
pub(crate) async fn send_raw(address: &str, bytes: &[u8]) -> RawAnswer {
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    // The server may answer and close before it has read everything; what it said still counts.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let reading = async {
        while !is_whole(&answer) {
            match socket.read_buf(&mut answer).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("an answer comes in time");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    RawAnswer {
        status: status.unwrap_or(0),
        text,
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}
