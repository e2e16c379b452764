//! One request for a function, from its body to the last byte of the response.
//!
//! Source: Azure/azure-functions-host, `DefaultHttpProxyService.cs`; YARP's `HttpForwarder.cs`.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use funcapp::Function;
use tokio::{io::AsyncWriteExt as _, sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use super::{
    connection::{Connection, End},
    pace::{BodyError, Pace},
    proxy,
};
use crate::{
    client::{Body, Reply},
    log::Level,
    shared::{Deadline, Shared},
    wire::{BodyReader, Framing, Request, Response, chunk},
};

/// How a call ended without a response of the handler.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("{0}")]
    Error(String),
    /// The response had begun.
    #[error("{0}")]
    Broken(String),
}

/// Calls `function` and sends its response to the client.
pub(super) async fn call(
    connection: &mut Connection,
    shared: &Arc<Shared>,
    function: &Function,
    request: &Request,
    path: &str,
    reader: &mut BodyReader,
) -> End {
    let name = function.name.as_str();
    let invocation = Uuid::new_v4().to_string();
    let started = Instant::now();
    let deadline = shared.deadline(name, &invocation);
    let called = Call {
        shared,
        function,
        request,
        path,
        invocation: &invocation,
    };
    let result = match called.reply(connection, reader, &deadline).await {
        Ok(reply) => called.stream(connection, reply, &deadline).await,
        Err(failed) => Err(failed),
    };
    drop(deadline);
    let line = format!("{} {}", request.method, request.path);
    let took = started.elapsed().as_millis();
    let failed = match result {
        Ok((status, keeps_alive)) => {
            let text = format!("{line} -> {status} in {took} ms");
            shared
                .journal
                .function(name, &invocation, Level::Information, text);
            return if keeps_alive {
                connection.rest(reader).await
            } else {
                End::Close
            };
        }
        Err(failed) => failed,
    };
    let text = format!("{line} failed after {took} ms: {failed}");
    shared
        .journal
        .function(name, &invocation, Level::Error, text);
    let response = Response::empty(500);
    match failed {
        Failed::Body(BodyError::Gone) => End::Close,
        Failed::Error(_) => connection.respond(shared, request, response, reader).await,
        Failed::Body(BodyError::Bad { says_close, .. }) => {
            connection
                .refuse(shared, request, response, says_close)
                .await
        }
        Failed::Broken(_) => End::Reset,
    }
}

struct Call<'a> {
    shared: &'a Arc<Shared>,
    function: &'a Function,
    request: &'a Request,
    path: &'a str,
    invocation: &'a str,
}

impl Call<'_> {
    /// The response of the handler. A body with a length is read completely before the handler gets the request; a chunked
    /// one is forwarded as it arrives.
    async fn reply(
        &self,
        connection: &mut Connection,
        reader: &mut BodyReader,
        deadline: &Deadline,
    ) -> Result<Reply, Failed> {
        let shared = self.shared;
        let (sender, receiver) = mpsc::channel(1);
        let mut sender = Some(sender);
        let body = match self.request.framing {
            Framing::Chunked => {
                connection.expect(self.request).await;
                Body::Chunked(receiver)
            }
            Framing::Length(_) => {
                sender = None;
                Body::Whole(connection.body(shared, self.request, reader).await?)
            }
            Framing::None | Framing::UntilEnd => {
                sender = None;
                Body::None
            }
        };
        shared
            .handler
            .ready()
            .await
            .map_err(|failure| Failed::Error(failure.to_string()))?;
        self.check_mode()?;
        let port = shared.handler.port;
        let onward = proxy::onward(
            self.request,
            self.path,
            body,
            port,
            self.invocation,
            connection.peer,
        );
        let Some(onward) = onward else {
            tokio::time::sleep(proxy::all_pauses()).await;
            return Err(Failed::Error(
                "Request headers must contain only ASCII characters".to_owned(),
            ));
        };
        let resent = self.reporter();
        let client = shared.client.clone();
        let exchange = proxy::exchange(client, onward, shared.limits.idle, resent);
        let exchange = tokio::spawn(exchange);
        self.wait(connection, reader, sender, exchange, deadline)
            .await
    }

    async fn wait(
        &self,
        connection: &mut Connection,
        reader: &mut BodyReader,
        sender: Option<mpsc::Sender<Bytes>>,
        mut exchange: JoinHandle<Result<Reply, String>>,
        deadline: &Deadline,
    ) -> Result<Reply, Failed> {
        let abort = exchange.abort_handle();
        tokio::select! {
            biased;
            broken = self.pump(connection, reader, sender) => {
                abort.abort();
                if let BodyError::Bad { .. } = broken {
                    // The host retries without a body.
                    tokio::time::sleep(proxy::all_pauses()).await;
                }
                Err(broken.into())
            }
            reply = &mut exchange => match reply {
                Ok(reply) => reply.map_err(Failed::Error),
                Err(error) => Err(Failed::Error(error.to_string())),
            },
            // The exchange continues, and sends the request to the next process.
            () = deadline.killed.cancelled() => Err(Failed::Error("functionTimeout is over".to_owned())),
        }
    }

    /// Forwards the chunks of the body. Returns when the client has disconnected or the body is bad.
    async fn pump(
        &self,
        connection: &mut Connection,
        reader: &mut BodyReader,
        sender: Option<mpsc::Sender<Bytes>>,
    ) -> BodyError {
        if let Some(sender) = sender {
            let mut pace = Pace::new(self.shared.limits.body_grace);
            loop {
                match pace.next(reader, &mut connection.source).await {
                    // Without a receiver the exchange has failed; the client still sends the rest.
                    Ok(Some(data)) => drop(sender.send(data).await),
                    Ok(None) => break drop(sender.send(Bytes::new()).await),
                    Err(error) => return error,
                }
            }
        }
        connection.source.closed().await;
        BodyError::Gone
    }

    /// Logs that the handler gets the request again.
    fn reporter(&self) -> impl Fn(String) + Send + use<> {
        let journal = self.shared.journal.clone();
        let (function, invocation) = (self.function.name.to_string(), self.invocation.to_owned());
        let line = format!("{} {}", self.request.method, self.request.path);
        move |problem| {
            let text = format!("{line} is sent again: {problem}");
            journal.function(&function, &invocation, Level::Warning, text);
        }
    }

    fn check_mode(&self) -> Result<(), Failed> {
        if self.request.headers.get("host").is_none_or(str::is_empty) {
            return Err(Failed::Error("the request has no Host".to_owned()));
        }
        let handler = &self.shared.app.host.custom_handler;
        if self.function.is_proxied(handler) {
            return Ok(());
        }
        Err(Failed::Error(format!(
            "this host only proxies requests, and {} would get its requests in another form: set \
             enableProxyingHttpRequest in host.json, and give the function one httpTrigger and one \
             http output and nothing else",
            self.function.name
        )))
    }

    /// Forwards `reply` as it arrives. Returns its status, and whether the connection stays open.
    /// The head waits for the first byte of the body, and functionTimeout counts to the last one.
    async fn stream(
        &self,
        connection: &mut Connection,
        mut reply: Reply,
        deadline: &Deadline,
    ) -> Result<(u16, bool), Failed> {
        let in_chunks = matches!(reply.head.framing, Framing::Chunked | Framing::UntilEnd);
        let keeps = connection.keeps_alive(self.request) && !(in_chunks && self.request.is_http10);
        let in_chunks = in_chunks && !self.request.is_http10;
        let status = reply.head.status;
        let mut waiting = self.head(connection, &reply, in_chunks, keeps).into_bytes();
        let mut begun = false;
        let failed = |begun, problem| {
            if begun {
                Failed::Broken(problem)
            } else {
                Failed::Error(problem)
            }
        };
        loop {
            let next = tokio::select! {
                biased;
                next = reply.next(self.shared.limits.idle) => next,
                () = connection.source.closed() => return Err(BodyError::Gone.into()),
                () = deadline.killed.cancelled() => return Err(failed(begun, "functionTimeout is over".to_owned())),
            };
            let data = next.map_err(|error| failed(begun, error.to_string()))?;
            match &data {
                Some(data) if in_chunks => waiting.extend(chunk(data, false)),
                Some(data) => waiting.extend_from_slice(data),
                None if in_chunks => waiting.extend_from_slice(b"0\r\n\r\n"),
                None => {}
            }
            tokio::select! {
                written = connection.writer.write_all(&waiting) => written.map_err(|_| BodyError::Gone)?,
                () = deadline.killed.cancelled() => return Err(Failed::Broken("functionTimeout is over".to_owned())),
            }
            begun = true;
            waiting.clear();
            if data.is_none() {
                reply.finish();
                return Ok((status, keeps));
            }
        }
    }

    fn head(
        &self,
        connection: &Connection,
        reply: &Reply,
        in_chunks: bool,
        keeps_alive: bool,
    ) -> String {
        let mut headers = reply.head.headers.clone();
        for name in proxy::DROPPED_FROM_RESPONSES {
            headers.remove(name);
        }
        if matches!(reply.head.framing, Framing::Chunked | Framing::UntilEnd) {
            headers.remove("content-length");
        }
        if in_chunks {
            headers.push("Transfer-Encoding", "chunked");
        }
        connection.complete(self.shared, self.request, keeps_alive, &mut headers);
        let (status, reason) = (reply.head.status, &reply.head.reason);
        format!("HTTP/1.1 {status} {reason}\r\n{}\r\n", headers.to_wire())
    }
}
