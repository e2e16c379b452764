//! Clients of a scenario: one request, or one every so often.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::stage::{self, NoReply, exchange, with_json};

/// The pause between two requests of [`Clients`].
const PAUSE: Duration = Duration::from_millis(150);

/// A response, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Got {
    Status(u16, String),
    Refused,
    Broken,
}

impl Got {
    /// As the recordings write it.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Status(status, _) => json!(status),
            Self::Refused | Self::Broken => json!("error"),
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Status(status, _) => status.to_string(),
            Self::Refused => "refused".to_owned(),
            Self::Broken => "broken".to_owned(),
        }
    }
}

/// Sends one request with this body, if any, and reads the response.
pub(super) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> (Got, Duration) {
    let started = Instant::now();
    let rest = body.map_or_else(|| "\r\n".to_owned(), with_json);
    let got = match exchange(address, &format!("{method} {path}"), &rest).await {
        Ok(reply) => Got::Status(reply.status, reply.body),
        Err(NoReply::Refused) => Got::Refused,
        Err(NoReply::Broken) => Got::Broken,
    };
    (got, started.elapsed())
}

/// Runs `function` by hand; the status as the recordings write it.
pub(super) async fn by_hand(address: SocketAddr, function: &str) -> Value {
    match stage::by_hand(address, function, r#"{"input":""}"#).await {
        Ok(status) => json!(status),
        Err(_) => json!("error"),
    }
}

/// A new request for one path every so often, whatever becomes of those before.
pub(super) struct Clients {
    address: SocketAddr,
    path: &'static str,
    sent: usize,
    running: JoinSet<(usize, Got)>,
    got: Vec<(usize, Got)>,
}

impl Clients {
    pub(super) fn new(address: SocketAddr, path: &'static str) -> Self {
        Self {
            address,
            path,
            sent: 0,
            running: JoinSet::new(),
            got: Vec::new(),
        }
    }

    /// Sends one more request, and takes the responses that have come.
    pub(super) async fn step(&mut self) {
        let (address, path, number) = (self.address, self.path, self.sent);
        self.running
            .spawn(async move { (number, send(address, "GET", path, None).await.0) });
        self.sent += 1;
        tokio::time::sleep(PAUSE).await;
        while let Some(got) = self.running.try_join_next() {
            self.got.push(got.expect("a client ends"));
        }
    }

    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    /// The responses in words, in the order of the requests.
    pub(super) fn words(&self) -> Vec<String> {
        let mut got: Vec<_> = self.got.iter().collect();
        got.sort_by_key(|(number, _)| *number);
        got.into_iter().map(|(_, got)| got.word()).collect()
    }
}

/// The words for what recorded clients got, such as `0.9..3.7s n=15 -> 200 len=2`; `waiting` where no
/// response came at all.
pub(super) fn recorded_words(clients: &Value) -> Vec<String> {
    let lines = clients.as_array().map_or(&[][..], Vec::as_slice);
    let word = |line: &Value| {
        let (_, got) = line.as_str()?.split_once("-> ")?;
        Some(match got.split(' ').next()? {
            "error" if got.contains("ConnectionRefused") => "refused".to_owned(),
            "error" => "broken".to_owned(),
            status => status.to_owned(),
        })
    };
    let words: Vec<String> = lines.iter().filter_map(word).collect();
    if words.is_empty() {
        vec!["waiting".to_owned()]
    } else {
        words
    }
}
