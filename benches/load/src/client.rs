//! One connection that is kept, and made anew where the server closes it.

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

    /// Sends one request and answers the whole body of its answer.
    ///
    /// # Errors
    /// When the connection fails, or the answer has another status than it must.
    pub(crate) async fn send(&mut self, ask: &Ask) -> anyhow::Result<Bytes> {
        let mut answer = self.begin(ask).await?;
        let closes = closes(&answer);
        let body = answer
            .body_mut()
            .collect()
            .await
            .context("the answer broke off")?;
        let body = body.to_bytes();
        if closes {
            self.connection = None;
        }
        ensure!(
            answer.status() == ask.status,
            "{} {} was answered {} instead of {}: {}",
            ask.method,
            ask.path,
            answer.status(),
            ask.status,
            String::from_utf8_lossy(&body[..body.len().min(500)])
        );
        Ok(body)
    }

    /// Sends one request and answers as soon as the head of its answer is there.
    pub(crate) async fn begin(&mut self, ask: &Ask) -> anyhow::Result<Response<Incoming>> {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            self.connection = Some(connect(self.port).await?);
        }
        let connection = self.connection.as_mut().context("it was made just now")?;
        connection
            .ready()
            .await
            .context("the server closed the connection")?;
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = ask.path.parse().context("a request's path is no path")?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        if !ask.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let sent = connection.send_request(request).await;
        sent.with_context(|| format!("{} {} was not answered", ask.method, ask.path))
    }
}

async fn connect(port: u16) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .with_context(|| format!("cannot connect to 127.0.0.1:{port}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its errors come out of the requests that meet them.
    tokio::spawn(connection);
    Ok(sender)
}

fn closes(answer: &Response<Incoming>) -> bool {
    let connection = answer.headers().get(CONNECTION);
    connection.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}
