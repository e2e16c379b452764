//! When the handler is ready: as soon as anything answers `GET /`.
//!
//! Source: Azure/azure-functions-host, `DefaultHttpWorkerService.cs` (`IsWorkerReady`).

use std::{error::Error as _, io, net::Ipv4Addr, time::Duration};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The pause between two tries (`WorkerConstants.cs`).
const PAUSE: Duration = Duration::from_millis(25);

/// Returns when the handler on `port` has answered.
pub(super) async fn wait(port: u16) {
    while !answers(port).await {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Any status will do. A socket that refuses or resets is a handler that is not there yet; the
/// host takes every other failure for an answer.
async fn answers(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return false;
    };
    match get_root(stream, port).await {
        Ok(()) => true,
        Err(error) => !is_socket_error(&error),
    }
}

async fn get_root(stream: TcpStream, port: u16) -> Result<(), hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/")
        .header(HOST, format!("127.0.0.1:{port}"))
        .body(Empty::<Bytes>::new())
        .expect("a request of fixed parts is well formed");
    let answer = sender.send_request(request).await;
    connection.abort();
    answer.map(drop)
}

fn is_socket_error(error: &hyper::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset};
    error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| {
            matches!(
                error.kind(),
                BrokenPipe | ConnectionRefused | ConnectionReset
            )
        })
}
