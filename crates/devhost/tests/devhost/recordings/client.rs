//! The client of the recordings: raw bytes in steps.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{
    case::{Case, Step},
    message::count_responses,
};

/// Longer than any case takes.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long an open connection is watched for an end.
const OPEN: Duration = Duration::from_millis(60);

/// The bytes that the client got, and how the connection ended.
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: String,
    pub(crate) seconds: f64,
}

struct Client {
    reader: OwnedReadHalf,
    bytes: Vec<u8>,
    end: Option<&'static str>,
    is_head: bool,
}

/// Plays the steps of `case` and reads what comes.
pub(crate) async fn play(address: SocketAddr, case: &Case) -> Seen {
    let started = Instant::now();
    let stream = TcpStream::connect(address).await.expect("the host listens");
    let (reader, mut writer) = stream.into_split();
    let is_head = case.is_head();
    let mut client = Client {
        reader,
        bytes: Vec::new(),
        end: None,
        is_head,
    };
    for step in &case.sent {
        if let Some(end) = client.step(step, &mut writer).await {
            writer.forget();
            return client.seen(end, started);
        }
    }
    let expected = count_responses(&case.client_got, is_head);
    if case.client_end == "open" {
        client
            .read(PATIENCE, |client| {
                count_responses(&client.bytes, client.is_head) >= expected
            })
            .await;
        let seconds = started.elapsed();
        client.read(OPEN, |_| false).await;
        let mut seen = client.seen("open", started);
        seen.seconds = seconds.as_secs_f64();
        return seen;
    }
    client.read(PATIENCE, |_| false).await;
    client.seen("open", started)
}

impl Client {
    /// Does one step; the end of the connection if the client itself ends it.
    async fn step(&mut self, step: &Step, writer: &mut OwnedWriteHalf) -> Option<&'static str> {
        match step {
            // A host that does not read on is what some cases are about.
            Step::Send(data) => drop(timeout(PATIENCE, writer.write_all(data)).await),
            Step::Sleep(time) => tokio::time::sleep(*time).await,
            Step::AwaitResponses(count, time) => {
                self.read(*time, |client| {
                    count_responses(&client.bytes, client.is_head) >= *count
                })
                .await;
            }
            Step::AwaitBytes(count, time) => {
                self.read(*time, |client| client.bytes.len() >= *count)
                    .await;
            }
            Step::HalfClose => drop(writer.shutdown().await),
            Step::Close => return Some("client closed"),
            Step::Reset => {
                let _ = writer.as_ref().set_zero_linger();
                return Some("client closed");
            }
            _ => {}
        }
        None
    }

    /// Reads until `enough`, the end of the connection, or the end of `time`.
    async fn read(&mut self, time: Duration, enough: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + time;
        while self.end.is_none() && !enough(self) {
            let mut more = vec![0; 256 * 1024];
            match tokio::time::timeout_at(deadline, self.reader.read(&mut more)).await {
                Ok(Ok(0)) => self.end = Some("FIN"),
                Ok(Ok(count)) => self.bytes.extend_from_slice(&more[..count]),
                Ok(Err(_)) => self.end = Some("RST"),
                Err(_) => return,
            }
        }
    }

    fn seen(self, end: &'static str, started: Instant) -> Seen {
        Seen {
            bytes: self.bytes,
            end: self.end.unwrap_or(end).to_owned(),
            seconds: started.elapsed().as_secs_f64(),
        }
    }
}
