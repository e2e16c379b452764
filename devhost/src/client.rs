//! The way to the handler: connections, bodies, and what went wrong.

use std::{
    io,
    net::Ipv4Addr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::Uri;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpStream;
use tower_service::Service;

/// The version this host claims to be, in `X-Azure-Functions-HostVersion`.
pub(crate) const HOST_VERSION: &str = "4.1052.200.0";

/// A body from anywhere.
pub(crate) type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// A body whose length is known.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A client with kept-alive connections.
pub(crate) type HandlerClient = Client<LoopbackConnector, Body>;

/// Connects to a port of 127.0.0.1.
#[derive(Debug, Clone)]
pub(crate) struct LoopbackConnector {
    tries: u32,
}

/// The proxy's tries (`RetryProxyHandler.cs`): ten, 50 to 250 ms apart.
const TRIES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A client that takes the first refusal for an answer.
pub(crate) fn connecting_once() -> HandlerClient {
    client(LoopbackConnector { tries: 1 })
}

/// A client that tries again while the handler refuses, for about two seconds.
pub(crate) fn connecting_patiently() -> HandlerClient {
    client(LoopbackConnector { tries: TRIES })
}

fn client(connector: LoopbackConnector) -> HandlerClient {
    Client::builder(TokioExecutor::new()).build(connector)
}

/// What a failed exchange with the handler was, with its cause: hyper's own text names only the
/// stage.
pub(crate) fn client_error(error: &hyper_util::client::legacy::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Service<Uri> for LoopbackConnector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tries = self.tries;
        Box::pin(async move {
            let port = uri
                .port_u16()
                .ok_or_else(|| io::Error::other("the URI has no port"))?;
            connect(port, tries).await.map(TokioIo::new)
        })
    }
}

async fn connect(port: u16, tries: u32) -> io::Result<TcpStream> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..tries {
        if let Ok(stream) = connect_once(port).await {
            return Ok(stream);
        }
        tokio::time::sleep(pause).await;
        pause = (pause + FIRST_PAUSE).min(LONGEST_PAUSE);
    }
    connect_once(port).await
}

async fn connect_once(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_patient_client_gets_through_to_a_handler_that_binds_late() {
        let port = crate::handler::free_port().expect("a free port");
        assert!(connect(port, 1).await.is_err());
        // The first try goes out, and is refused, before the second future is polled at all.
        let late = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let (connected, listener) = tokio::join!(connect(port, TRIES), late);
        assert!(listener.is_ok());
        assert!(connected.is_ok());
    }
}
