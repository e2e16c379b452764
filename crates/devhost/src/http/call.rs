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
    client::{Answer, Body},
    log::Level,
    shared::{Deadline, Shared},
    wire::{BodyReader, Framing, Request, Response, chunk},
};

/// How a call ended without a response of the handler.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// It gets nothing.
    #[error("the client is gone")]
    Gone,
    /// An empty 500. The host says no more to the outside (`ExceptionMiddleware.cs`).
    #[error("{0}")]
    Error(String),
    /// The same, and the end of the connection: the rest of the request's body is not wanted.
    #[error("{problem}")]
    Bad { problem: String, says_close: bool },
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
    let mut deadline = shared.deadline(name, &invocation);
    let called = Call {
        shared,
        function,
        request,
        path,
        invocation: &invocation,
    };
    let result = match called.answer(connection, reader, &mut deadline).await {
        Ok(answer) => called.stream(connection, answer, &mut deadline).await,
        Err(failed) => Err(failed),
    };
    drop(deadline);
    let what = format!("{} {}", request.method, request.path);
    let took = started.elapsed().as_millis();
    let failed = match result {
        Ok((status, keeps_alive)) => {
            let text = format!("{what} -> {status} in {took} ms");
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
    let text = format!("{what} failed after {took} ms: {failed}");
    shared
        .journal
        .function(name, &invocation, Level::Error, text);
    let response = Response::empty(500);
    match failed {
        Failed::Gone => End::Close,
        Failed::Error(_) => connection.respond(shared, request, response, reader).await,
        Failed::Bad { says_close, .. } => {
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
    /// The response of the handler. A body with a length is read to its end before the handler
    /// hears of the request; one in chunks goes on while it comes.
    async fn answer(
        &self,
        connection: &mut Connection,
        reader: &mut BodyReader,
        deadline: &mut Deadline,
    ) -> Result<Answer, Failed> {
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
        mut exchange: JoinHandle<Result<Answer, String>>,
        deadline: &mut Deadline,
    ) -> Result<Answer, Failed> {
        let abort = exchange.abort_handle();
        tokio::select! {
            biased;
            broken = self.pump(connection, reader, sender) => {
                abort.abort();
                if let Failed::Bad { .. } = broken {
                    // The host tries again, without the body that it has not got.
                    tokio::time::sleep(proxy::all_pauses()).await;
                }
                Err(broken)
            }
            answer = &mut exchange => match answer {
                Ok(answer) => answer.map_err(Failed::Error),
                Err(error) => Err(Failed::Error(error.to_string())),
            },
            // The exchange goes on, and gives the request to the next process.
            () = deadline.killed() => Err(Failed::Error("functionTimeout is over".to_owned())),
        }
    }

    /// Hands the chunks of the body on, and watches the client. Returns when it is gone or sends
    /// nonsense.
    async fn pump(
        &self,
        connection: &mut Connection,
        reader: &mut BodyReader,
        sender: Option<mpsc::Sender<Bytes>>,
    ) -> Failed {
        if let Some(sender) = sender {
            let mut pace = Pace::new(self.shared.limits.body_grace);
            loop {
                match pace.next(reader, &mut connection.source).await {
                    // Without a receiver the exchange has failed; the client still sends the rest.
                    Ok(Some(data)) => drop(sender.send(data).await),
                    Ok(None) => break drop(sender.send(Bytes::new()).await),
                    Err(error) => return error.into(),
                }
            }
        }
        connection.source.closed().await;
        Failed::Gone
    }

    /// Logs that the handler gets the request once more.
    fn reporter(&self) -> impl Fn(String) + Send + use<> {
        let journal = self.shared.journal.clone();
        let (function, invocation) = (self.function.name.to_string(), self.invocation.to_owned());
        let what = format!("{} {}", self.request.method, self.request.path);
        move |problem| {
            let text = format!("{what} is sent again: {problem}");
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

    /// Sends `answer` as it comes. The result is its status, and whether the connection stays open.
    /// The head waits for the first byte of the body, and functionTimeout counts to the last one.
    async fn stream(
        &self,
        connection: &mut Connection,
        mut answer: Answer,
        deadline: &mut Deadline,
    ) -> Result<(u16, bool), Failed> {
        let in_chunks = matches!(answer.head.framing, Framing::Chunked | Framing::UntilEnd);
        let keeps = connection.keeps_alive(self.request) && !(in_chunks && self.request.is_http10);
        let in_chunks = in_chunks && !self.request.is_http10;
        let status = answer.head.status;
        let mut waiting = self
            .head(connection, &answer, in_chunks, keeps)
            .into_bytes();
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
                next = answer.next(self.shared.limits.idle) => next,
                () = connection.source.closed() => return Err(Failed::Gone),
                () = deadline.killed() => return Err(failed(begun, "functionTimeout is over".to_owned())),
            };
            let data = next.map_err(|error| failed(begun, error.to_string()))?;
            match &data {
                Some(data) if in_chunks => waiting.extend(chunk(data, false)),
                Some(data) => waiting.extend_from_slice(data),
                None if in_chunks => waiting.extend_from_slice(b"0\r\n\r\n"),
                None => {}
            }
            tokio::select! {
                written = connection.writer.write_all(&waiting) => written.map_err(|_| Failed::Gone)?,
                () = deadline.killed() => return Err(Failed::Broken("functionTimeout is over".to_owned())),
            }
            begun = true;
            waiting.clear();
            if data.is_none() {
                answer.finish();
                return Ok((status, keeps));
            }
        }
    }

    fn head(
        &self,
        connection: &Connection,
        answer: &Answer,
        in_chunks: bool,
        keeps_alive: bool,
    ) -> String {
        let mut headers = answer.head.headers.clone();
        for name in proxy::DROPPED_FROM_RESPONSES {
            headers.remove(name);
        }
        if matches!(answer.head.framing, Framing::Chunked | Framing::UntilEnd) {
            headers.remove("content-length");
        }
        if in_chunks {
            headers.push("Transfer-Encoding", "chunked");
        }
        connection.complete(self.shared, self.request, keeps_alive, &mut headers);
        let (status, reason) = (answer.head.status, &answer.head.reason);
        format!("HTTP/1.1 {status} {reason}\r\n{}\r\n", headers.to_wire())
    }
}

impl From<BodyError> for Failed {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Gone => Self::Gone,
            BodyError::Bad {
                problem,
                says_close,
            } => Self::Bad {
                problem,
                says_close,
            },
        }
    }
}
