//! Requests as bytes, which an HTTP client library would not send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{TIMEOUT, eventually};

/// The bytes of a response.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// The status line's code; 0 if the connection closed without a response.
    pub(crate) status: u16,
    /// Head and body.
    pub(crate) text: String,
}

/// Sends `bytes` to `127.0.0.1:<port>` and reads one response, up to its length or until the server closes the
/// connection.
pub(crate) async fn send_raw(address: &str, bytes: &[u8]) -> RawResponse {
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    // The server may respond and close the connection before it has read everything.
    let _ = socket.write_all(bytes).await;
    let mut response = Vec::new();
    let reading = async {
        while !is_whole(&response) {
            match socket.read_buf(&mut response).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    tokio::time::timeout(TIMEOUT, reading)
        .await
        .expect("a response arrives in time");
    let text = String::from_utf8_lossy(&response).into_owned();
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    RawResponse {
        status: status.unwrap_or(0),
        text,
    }
}

/// Waits until `127.0.0.1:<port>` refuses connections.
pub(crate) async fn end_of_listening(address: &str) {
    eventually("the end of listening", || async {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
}

fn is_whole(response: &[u8]) -> bool {
    let text = String::from_utf8_lossy(response);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}
