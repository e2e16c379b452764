//! One connection that stays open, and is replaced if the server closes it.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::scenario::Ask;

/// A client with one connection at most.
pub(crate) struct Client {
    port: u16,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client of the server on 127.0.0.1 at `port`; it connects when it sends.
    pub(crate) fn new(port: u16) -> Client {
        Client {
            port,
            connection: None,
        }
    }

    /// Sends one request and returns the whole body of the response.
    ///
    /// # Errors
    /// If the connection fails, or the response has another status than expected.
    pub(crate) async fn send(&mut self, ask: &Ask) -> anyhow::Result<Bytes> {
        let mut response = self.begin(ask).await?;
        let closes = closes(&response);
        let body = response
            .body_mut()
            .collect()
            .await
            .context("the response is incomplete")?;
        let body = body.to_bytes();
        if closes {
            self.connection = None;
        }
        ensure!(
            response.status() == ask.status,
            "{} {} returned {} instead of {}: {}",
            ask.method,
            ask.path,
            response.status(),
            ask.status,
            String::from_utf8_lossy(&body[..body.len().min(500)])
        );
        Ok(body)
    }

    /// Sends one request and returns when the head of the response has arrived.
    pub(crate) async fn begin(&mut self, ask: &Ask) -> anyhow::Result<Response<Incoming>> {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            self.connection = Some(connect(self.port).await?);
        }
        let connection = self.connection.as_mut().context("it was created above")?;
        connection
            .ready()
            .await
            .context("the server closed the connection")?;
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = ask
            .path
            .parse()
            .context("the path of a request is not valid")?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        if !ask.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let sent = connection.send_request(request).await;
        sent.with_context(|| format!("{} {} has no response", ask.method, ask.path))
    }
}

async fn connect(port: u16) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .with_context(|| format!("cannot connect to 127.0.0.1:{port}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Requests report its errors.
    tokio::spawn(connection);
    Ok(sender)
}

fn closes(response: &Response<Incoming>) -> bool {
    let connection = response.headers().get(CONNECTION);
    connection.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}
