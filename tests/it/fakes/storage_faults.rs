//! Faults between the program and Azure Storage: a proxy that forwards requests to Azurite, except those for which
//! a test requests a fault.
//!
//! One connection carries one request, so the response ends with the connection.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::eventually;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A whole small blob.
    Put,
    /// A part of a large blob.
    Part,
    /// The list of a blob's parts, which creates it.
    Commit,
    Get,
    List,
    Delete,
}

#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is forwarded, so that a later one can have a fault.
    Pass,
    /// Azurite does not receive it, and there is no response.
    Stall,
    /// Azurite receives it, and there is no response.
    StallAnswer,
    /// The connection breaks after this many bytes of the request's body; Azurite does not receive it.
    CutRequest(u64),
    /// The connection breaks after this many bytes of the response's body.
    CutAnswer(u64),
    /// Azurite receives it, and the connection breaks before the response.
    LoseAnswer,
    /// Azurite does not receive it, and this is the response: status, headers, body.
    Answer(String),
}

impl Fault {
    /// A response with this status, Azure's code and one more header.
    pub(crate) fn status(status: &str, code: &str, header: &str) -> Fault {
        Fault::Answer(format!(
            "HTTP/1.1 {status}\r\nx-ms-error-code: {code}\r\n{header}\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n"
        ))
    }
}

/// The proxy. It ends with the runtime that it was started in.
#[derive(Clone)]
pub(crate) struct StorageFaults {
    /// `127.0.0.1:<port>`.
    pub(crate) address: String,
    azurite: String,
    state: Arc<Mutex<State>>,
    held: watch::Sender<Option<Call>>,
}

#[derive(Default)]
struct State {
    once: VecDeque<(Call, Fault)>,
    always: Option<(Call, Fault)>,
    seen: Vec<Call>,
    stalled: usize,
}

impl StorageFaults {
    /// Before the Azurite at this address, without faults.
    pub(crate) async fn before(azurite: &str) -> StorageFaults {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let faults = StorageFaults {
            address: address.to_string(),
            azurite: azurite.to_owned(),
            state: Arc::default(),
            held: watch::Sender::new(None),
        };
        let serving = faults.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let faults = serving.clone();
                // An error is a client that has gone.
                tokio::spawn(async move { faults.serve(socket).await });
            }
        });
        faults
    }

    /// Before the Azurite at this address. The request of this kind and number gets this fault.
    pub(crate) async fn at(
        azurite: &str,
        (call, number): (Call, usize),
        fault: Fault,
    ) -> StorageFaults {
        let faults = StorageFaults::before(azurite).await;
        for _ in 1..number {
            faults.once(call, Fault::Pass);
        }
        faults.once(call, fault);
        faults
    }

    /// Waits for a request that gets no response.
    pub(crate) async fn stalls(&self) {
        let stalled = async || (self.state().stalled > 0).then_some(());
        eventually("a request without a response", stalled).await;
    }

    /// Waits for a request of this kind.
    pub(crate) async fn sees(&self, call: Call) {
        let seen = async || (self.seen(call) > 0).then_some(());
        eventually("a request on its way", seen).await;
    }

    /// The next request of this kind without a fault gets this one.
    pub(crate) fn once(&self, call: Call, fault: Fault) {
        self.state().once.push_back((call, fault));
    }

    /// All requests of this kind get this fault from now on.
    pub(crate) fn always(&self, call: Call, fault: Fault) {
        self.state().always = Some((call, fault));
    }

    /// Accepts requests of this kind and forwards none until [`Self::release`].
    pub(crate) fn hold(&self, call: Call) {
        self.held.send_replace(Some(call));
    }

    /// Forwards the requests that were held.
    pub(crate) fn release(&self) {
        self.held.send_replace(None);
    }

    /// The number of requests of this kind so far.
    pub(crate) fn seen(&self, call: Call) -> usize {
        self.state().seen.iter().filter(|it| **it == call).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panicked with it")
    }

    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let (head, begun) = read_head(&mut client).await?;
        let call = call(&head);
        let fault = self.fault_for(call);
        let length = content_length(&head);
        let (mut reading, mut writing) = client.split();
        let mut body = begun.as_slice().chain(&mut reading).take(length);
        let mut hold = self.held.subscribe();
        let released = hold.wait_for(|held| call.is_none() || *held != call);
        if released.await.is_err() {
            return Ok(());
        }
        match fault {
            Some(Fault::CutRequest(bytes)) => {
                copy(&mut body.take(bytes), &mut sink()).await?;
                return Ok(());
            }
            Some(Fault::Answer(response)) => {
                copy(&mut body, &mut sink()).await?;
                return writing.write_all(response.as_bytes()).await;
            }
            Some(Fault::Stall) => return self.stall(client).await,
            _ => {}
        }
        let mut azurite = TcpStream::connect(&self.azurite).await?;
        let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        azurite.write_all(head.as_bytes()).await?;
        copy(&mut body, &mut azurite).await?;
        let (head, begun) = read_head(&mut azurite).await?;
        let mut response = begun.as_slice().chain(azurite);
        match fault {
            Some(Fault::LoseAnswer) => {
                copy(&mut response, &mut sink()).await?;
            }
            Some(Fault::StallAnswer) => {
                copy(&mut response, &mut sink()).await?;
                return self.stall(client).await;
            }
            Some(Fault::CutAnswer(bytes)) => {
                writing.write_all(head.as_bytes()).await?;
                copy(&mut response.take(bytes), &mut writing).await?;
            }
            _ => {
                writing.write_all(head.as_bytes()).await?;
                copy(&mut response, &mut writing).await?;
            }
        }
        Ok(())
    }

    /// Waits without a response until the client has gone.
    async fn stall(&self, mut client: TcpStream) -> io::Result<()> {
        self.state().stalled += 1;
        copy(&mut client, &mut sink()).await.map(|_| ())
    }

    fn fault_for(&self, call: Option<Call>) -> Option<Fault> {
        let call = call?;
        let mut state = self.state();
        state.seen.push(call);
        let next = state.once.iter().position(|(of, _)| *of == call);
        if let Some((_, fault)) = next.and_then(|next| state.once.remove(next)) {
            return Some(fault);
        }
        let always = state.always.as_ref().filter(|(of, _)| *of == call);
        always.map(|(_, fault)| fault.clone())
    }
}

/// The head up to and with the empty line, and the bytes of the body that arrived with it.
async fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&read).into_owned(), body));
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn call(head: &str) -> Option<Call> {
    let mut words = head.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let has = |pair| {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        query.split('&').any(|it| it == pair)
    };
    match method {
        "PUT" if has("comp=block") => Some(Call::Part),
        "PUT" if has("comp=blocklist") => Some(Call::Commit),
        "PUT" => Some(Call::Put),
        "GET" if has("comp=list") => Some(Call::List),
        "GET" => Some(Call::Get),
        "POST" if has("comp=batch") => Some(Call::Delete),
        _ => None,
    }
}

fn content_length(head: &str) -> u64 {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let mut lengths = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths
        .next()
        .map_or(0, |(_, length)| length.parse().expect("a number"))
}
