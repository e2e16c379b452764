//! The handler is ready as soon as a process listens, and responds or closes the connection.
//!
//! Source: Azure/azure-functions-host, `DefaultHttpWorkerService.cs` (`IsWorkerReady`).

use std::{
    io,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The pause between two tries (`WorkerConstants.cs`).
const PAUSE: Duration = Duration::from_millis(25);

/// Waits for the handler on `port`, and returns whether it was ready in time. The host checks `limit` only between two
/// attempts, so a later response still counts.
pub(super) async fn wait(port: u16, limit: Duration) -> bool {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            // A reset, an end and garbage count as a response; a refused connection does not.
            let _ = get_root(stream, port).await;
            return true;
        }
        tokio::time::sleep(PAUSE).await;
    }
    false
}

async fn get_root(mut stream: TcpStream, port: u16) -> io::Result<()> {
    let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.read_u8().await.map(drop)
}
