//! One connection: reading requests, and writing responses.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    io::AsyncWriteExt as _,
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{
    cors,
    pace::{self, BodyError, Pace},
};
use crate::{
    shared::Shared,
    site::Site,
    wire::{BodyReader, Headers, Request, Response, Source},
};

/// How long the rest of a request's body is read after the response.
const DRAIN: Duration = Duration::from_secs(5);

/// A connection of a client.
pub(super) struct Connection {
    pub(super) site: Arc<Site>,
    pub(super) source: Source<OwnedReadHalf>,
    pub(super) writer: OwnedWriteHalf,
    pub(super) peer: IpAddr,
}

/// The state of a connection after a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    KeepAlive,
    Close,
    /// The response broke off: the client must not take it for whole.
    Reset,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, peer: IpAddr, site: Arc<Site>) -> Connection {
        let (reader, writer) = stream.into_split();
        Connection {
            site,
            source: Source::new(reader),
            writer,
            peer,
        }
    }

    /// Ends the connection with a response that no job host makes.
    pub(super) async fn hang_up(&mut self, status: u16, body: &str) -> End {
        let response = format!(
            "HTTP/1.1 {status} {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            Response::empty(status).reason(),
            body.len()
        );
        // A client that is gone needs no response.
        let _ = self.writer.write_all(response.as_bytes()).await;
        End::Close
    }

    /// The body of `request`, at least as fast as Kestrel wants it.
    pub(super) async fn body(
        &mut self,
        shared: &Shared,
        request: &Request,
        reader: &mut BodyReader,
    ) -> Result<Bytes, BodyError> {
        pace::check_length(request.framing)?;
        self.expect(request).await;
        let mut pace = Pace::new(shared.limits.body_grace);
        let mut body = Vec::new();
        while let Some(data) = pace.next(reader, &mut self.source).await? {
            body.extend_from_slice(&data);
        }
        Ok(body.into())
    }

    /// Tells a client that waits for it to send its body.
    pub(super) async fn expect(&mut self, request: &Request) {
        let waits = request
            .headers
            .get("expect")
            .is_some_and(|it| it == "100-continue");
        if waits && self.source.is_empty() {
            // A client that is gone is noticed at its body.
            let _ = self
                .writer
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .await;
        }
    }

    /// Sends a response of the host itself, and reads the rest of the request.
    pub(super) async fn respond(
        &mut self,
        shared: &Shared,
        request: &Request,
        response: Response,
        reader: &mut BodyReader,
    ) -> End {
        let keeps = self.keeps_alive(request);
        let sent = self.send(shared, request, response, keeps).await;
        if keeps && sent.is_ok() {
            self.rest(reader).await
        } else {
            End::Close
        }
    }

    /// Reads the rest of a request after its response.
    pub(super) async fn rest(&mut self, reader: &mut BodyReader) -> End {
        let rest = async { while let Ok(Some(_)) = reader.next(&mut self.source).await {} };
        // A body that does not end takes the connection with it.
        let _ = timeout(DRAIN, rest).await;
        if reader.is_done() {
            End::KeepAlive
        } else {
            End::Close
        }
    }

    /// Sends a response of the host itself and ends the connection, with or without saying so.
    pub(super) async fn refuse(
        &mut self,
        shared: &Shared,
        request: &Request,
        response: Response,
        says_close: bool,
    ) -> End {
        let keeps_alive = self.keeps_alive(request) && !says_close;
        // A client that is gone needs no response.
        let _ = self.send(shared, request, response, keeps_alive).await;
        End::Close
    }

    async fn send(
        &mut self,
        shared: &Shared,
        request: &Request,
        response: Response,
        keeps_alive: bool,
    ) -> io::Result<()> {
        let is_head = request.method == "HEAD";
        let mut headers = response.headers.clone();
        if response.status != 204 && !(is_head && response.body.is_empty()) {
            headers.push("Content-Length", response.body.len().to_string());
        }
        self.complete(shared, request, keeps_alive, &mut headers);
        let mut bytes = format!("HTTP/1.1 {} {}\r\n", response.status, response.reason());
        bytes += &(headers.to_wire() + "\r\n");
        let mut bytes = bytes.into_bytes();
        if !is_head {
            bytes.extend_from_slice(&response.body);
        }
        self.writer.write_all(&bytes).await
    }

    /// Whether the connection stays open after the response to `request`.
    pub(super) fn keeps_alive(&self, request: &Request) -> bool {
        request.keep_alive && !self.site.stopping.is_cancelled()
    }

    /// Completes the headers of a response: the state of the connection where it is not the one that
    /// the client's version of HTTP implies, CORS, and host.json's customHeaders.
    pub(super) fn complete(
        &self,
        shared: &Shared,
        request: &Request,
        keeps_alive: bool,
        headers: &mut Headers,
    ) {
        if !keeps_alive {
            headers.push("Connection", "close");
        } else if request.is_http10 {
            headers.push("Connection", "keep-alive");
        }
        cors::allow(&self.site.cors, request, headers);
        shared.fill_custom_headers(headers);
    }

    /// Closes the connection when the client has received the response: with unread bytes the system
    /// would reset it.
    pub(super) async fn close(mut self) {
        let closed = async {
            self.writer.shutdown().await?;
            while self.source.fill().await? {
                self.source.take(u64::MAX);
            }
            io::Result::Ok(())
        };
        // A client that does not close its side loses it.
        let _ = timeout(DRAIN, closed).await;
    }

    pub(super) fn reset(self) {
        // Where the system refuses, the client gets an end instead of a reset.
        let _ = self.source.stream().as_ref().set_zero_linger();
        self.writer.forget();
    }
}
