//! A receiver of messages and heartbeats, whose behaviour a test controls.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::harness::eventually;

/// The reaction to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// A status line's rest and headers, such as `200 OK`.
    Respond(String),
    /// The same, with a body that never ends.
    RespondForever(String),
    /// A failure whose body is this part of the request: its path, or the last word of the path.
    Echo { last_word: bool },
    /// No response.
    Stall,
    /// The connection closes.
    Close,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The server. Clones share it. It stops when its runtime ends.
#[derive(Clone)]
pub(crate) struct Receiver {
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    reaction: Reaction,
    deliveries: Vec<Delivery>,
    serving: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Accepts every request.
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let receiver = Receiver {
            url: format!("http://{}", listener.local_addr().expect("it is bound")),
            state: Arc::new(Mutex::new(State {
                reaction: Reaction::Respond("200 OK".to_owned()),
                deliveries: Vec::new(),
                serving: None,
            })),
        };
        receiver.serve(listener);
        receiver
    }

    /// Closes its port.
    pub(crate) async fn stop(&self) {
        let serving = self.state().serving.take().expect("it serves");
        serving.abort();
        let _ = serving.await;
    }

    /// Opens its port again.
    pub(crate) async fn restart(&self) {
        let address = self.url.trim_start_matches("http://");
        let listener = eventually("the port", || async {
            TcpListener::bind(address).await.ok()
        });
        self.serve(listener.await);
    }

    pub(crate) fn reacts(&self, reaction: Reaction) {
        self.state().reaction = reaction;
    }

    /// Responds with this status and these headers.
    pub(crate) fn responds(&self, status: &str) {
        self.reacts(Reaction::Respond(status.to_owned()));
    }

    /// The requests so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state().deliveries.clone()
    }

    /// Waits until there are this many requests, and returns all.
    pub(crate) async fn received(&self, number: usize) -> Vec<Delivery> {
        eventually(&format!("{number} deliveries"), || async {
            let deliveries = self.deliveries();
            (deliveries.len() >= number).then_some(deliveries)
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panicked with it")
    }

    fn serve(&self, listener: TcpListener) {
        let receiver = self.clone();
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let receiver = receiver.clone();
                // An error is a client that has gone.
                tokio::spawn(async move { receiver.react(socket).await });
            }
        });
        self.state().serving = Some(serving);
    }

    async fn react(&self, mut socket: TcpStream) -> io::Result<()> {
        let delivery = read(&mut socket).await?;
        let reaction = {
            let mut state = self.state();
            state.deliveries.push(delivery.clone());
            state.reaction.clone()
        };
        match reaction {
            Reaction::Close => Ok(()),
            Reaction::Stall => wait_for_the_end(&mut socket).await,
            Reaction::Respond(status) => {
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                socket.write_all(head.as_bytes()).await
            }
            Reaction::Echo { last_word } => {
                let path = delivery.path.as_str();
                let word = path.rsplit(|it: char| !it.is_ascii_lowercase()).next();
                let body = if last_word {
                    word.unwrap_or(path)
                } else {
                    path
                };
                let length = body.len();
                let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {length}\r\n");
                let response = format!("{head}Connection: close\r\n\r\n{body}");
                socket.write_all(response.as_bytes()).await
            }
            Reaction::RespondForever(status) => {
                let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
                socket.write_all(head.as_bytes()).await?;
                loop {
                    socket.write_all(&[b'x'; 8192]).await?;
                }
            }
        }
    }
}

impl Delivery {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }
}

async fn wait_for_the_end(socket: &mut TcpStream) -> io::Result<()> {
    while socket.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

async fn read(socket: &mut TcpStream) -> io::Result<Delivery> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1));
    let path = path.unwrap_or_default().to_owned();
    let headers: HeaderMap = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let name: HeaderName = name.parse().ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect();
    let length = headers.get("content-length");
    let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
    while body.len() < length.unwrap_or(0) {
        if socket.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Delivery {
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
