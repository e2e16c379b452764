//! The handler of the recordings: it writes down what it gets and does what a case says.
//!
//! It runs in the test itself, at the port of a handler process that only sleeps.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use super::{
    case::{Got, Script, Step, json_response},
    message::find,
};

/// The state of one recorder.
#[derive(Default)]
pub(crate) struct Recorder {
    state: Mutex<State>,
    /// Asks the stage to kill the process.
    pub(crate) exit: Notify,
    /// Ends [`listen`].
    pub(crate) close: Notify,
}

#[derive(Default)]
struct State {
    script: Script,
    got: Vec<Got>,
    begun: usize,
}

impl Recorder {
    /// Begins a case.
    pub(crate) fn play(&self, script: Script) {
        *self.state() = State {
            script,
            ..State::default()
        };
    }

    /// The requests of this case so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.state().got.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens on `port` until [`Recorder::close`]; then all its connections are closed.
pub(crate) async fn listen(port: u16, recorder: Arc<Recorder>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .expect("the port is free");
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                connections.spawn(connection(stream, recorder.clone()));
            }
            () = recorder.close.notified() => break,
        }
    }
    drop(listener);
    // A connection that closes later would look alive to the host.
    connections.shutdown().await;
}

async fn connection(mut stream: TcpStream, recorder: Arc<Recorder>) {
    let mut bytes = Vec::new();
    loop {
        let Some(head) = read_until(&mut stream, &mut bytes, |bytes| {
            Some(find(bytes, b"\r\n\r\n")? + 4)
        })
        .await
        else {
            return;
        };
        if bytes.starts_with(b"GET / ") && find(&bytes[..head], b"Invocation").is_none() {
            bytes.drain(..head);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .await;
            continue;
        }
        if !request(&mut stream, &mut bytes, head, &recorder).await {
            return;
        }
    }
}

/// One request; whether the connection goes on.
async fn request(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    head: usize,
    recorder: &Recorder,
) -> bool {
    let (script, number, index) = {
        let mut state = recorder.state();
        state.begun += 1;
        let raw = bytes[..head].to_vec();
        state.got.push(Got {
            raw,
            is_whole: false,
        });
        (state.script.clone(), state.begun, state.got.len() - 1)
    };
    if !steps(stream, bytes, &script.before_the_body, recorder).await {
        return false;
    }
    if !script.leaves_the_body {
        let head_bytes = bytes[..head].to_vec();
        let whole = read_until(stream, bytes, |bytes| end_of_body(bytes, &head_bytes)).await;
        let Some(end) = whole else {
            return false;
        };
        let raw: Vec<u8> = bytes.drain(..end).collect();
        if let Some(got) = recorder.state().got.get_mut(index) {
            *got = Got {
                raw,
                is_whole: true,
            };
        }
    }
    let usual = [Step::Send(json_response(&serde_json::json!({"ok": true})))];
    let is_special = script.only_the_first.is_none_or(|first| number <= first);
    let answered = script
        .before_the_body
        .iter()
        .any(|step| matches!(step, Step::Send(_)));
    match script.steps {
        Some(script) if is_special => steps(stream, bytes, &script, recorder).await,
        _ if answered => true,
        _ => steps(stream, bytes, &usual, recorder).await,
    }
}

async fn steps(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    steps: &[Step],
    recorder: &Recorder,
) -> bool {
    for step in steps {
        match step {
            // A host that has gone is what some cases are about.
            Step::Send(data) if stream.write_all(data).await.is_err() => return false,
            Step::Sleep(time) => tokio::time::sleep(*time).await,
            Step::AwaitEnd(time) => {
                let end = read_until(stream, bytes, |_| None);
                let _ = tokio::time::timeout(*time, end).await;
            }
            Step::Close => return false,
            Step::Reset => {
                let _ = stream.set_zero_linger();
                return false;
            }
            Step::Exit => {
                recorder.exit.notify_one();
                std::future::pending::<()>().await;
            }
            _ => {}
        }
    }
    true
}

/// Reads until `end` finds one; `None` where the connection ends first.
async fn read_until(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    end: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    loop {
        if let Some(end) = end(bytes) {
            return Some(end);
        }
        let mut more = vec![0; 256 * 1024];
        match stream.read(&mut more).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&more[..count]),
            _ => return None,
        }
    }
}

/// Where the body behind `head` ends in `bytes`.
fn end_of_body(bytes: &[u8], head: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    if text.contains("\r\ntransfer-encoding: chunked") {
        let body = &bytes[head.len() - 2..];
        // The last chunk can only be at the end of what has come.
        return body.ends_with(b"\r\n0\r\n\r\n").then_some(bytes.len());
    }
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let end = head.len()
        + length
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0);
    (bytes.len() >= end).then_some(end)
}
