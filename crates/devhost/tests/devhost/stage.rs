//! The stage of the tests: an app on disk, a host that runs it, a client that shows its bytes.

use std::{fs, path::PathBuf, time::Duration};

use devhost::{Host, HostLog, HostOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Longer than any test here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// An app in a temporary folder, whose handler is the scripted one.
pub(crate) struct AppFolder {
    folder: TempDir,
    host_json: Value,
}

impl AppFolder {
    /// An app without functions, in proxying mode, with the route prefix `api`.
    pub(crate) fn new() -> Self {
        let host_json = json!({
            "version": "2.0",
            "extensionBundle": {"id": "for the outputs of timers"},
            "customHandler": {
                "description": {"defaultExecutablePath": handler()},
                "enableProxyingHttpRequest": true,
            },
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, host_json }.written()
    }

    /// With `value` at `pointer` (RFC 6901) of host.json; objects on the way must exist.
    pub(crate) fn host(mut self, pointer: &str, value: Value) -> Self {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
        self.host_json.pointer_mut(parent).expect("an object")[name] = value;
        self.written()
    }

    /// With an HTTP function; `members` are added to its trigger.
    pub(crate) fn http(self, name: &str, members: Value) -> Self {
        let mut trigger = json!({
            "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous"
        });
        merge(&mut trigger, members);
        let out = json!({"type": "http", "direction": "out", "name": "res"});
        self.function(name, &json!({"bindings": [trigger, out]}))
    }

    /// With a timer that never fires by itself, unless `members` of its trigger say otherwise.
    pub(crate) fn timer(self, name: &str, members: Value) -> Self {
        let mut trigger = json!({
            "type": "timerTrigger", "direction": "in", "name": "clock", "schedule": "0 0 0 31 2 *"
        });
        merge(&mut trigger, members);
        let out = json!({"type": "blob", "direction": "out", "name": "out"});
        self.function(name, &json!({"bindings": [trigger, out]}))
    }

    /// With this function.json.
    pub(crate) fn function(self, name: &str, function: &Value) -> Self {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).expect("a new folder");
        fs::write(folder.join("function.json"), function.to_string()).expect("a new file");
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How often the handler was started, if its setting `STARTS` is `starts` in this folder.
    pub(crate) fn starts(&self) -> usize {
        fs::read_to_string(self.path("starts")).map_or(0, |starts| starts.lines().count())
    }

    /// Options for this app; the handler writes down its starts and lives these `lives`.
    pub(crate) fn options(&self, lives: &str) -> HostOptions {
        HostOptions::new(self.folder.path())
            .setting("STARTS", self.path("starts").display().to_string())
            .setting("LIVES", lives)
    }

    /// A host that runs this app, its handler ready.
    pub(crate) async fn start(&self) -> Host {
        let host = self.launch(self.options("ok")).await;
        within(host.ready()).await.expect("the handler responds");
        host
    }

    /// A host with `options`, its handler perhaps not ready.
    pub(crate) async fn launch(&self, options: HostOptions) -> Host {
        Host::start(options).await.expect("the host starts")
    }

    fn written(self) -> Self {
        let file = self.folder.path().join("host.json");
        fs::write(file, self.host_json.to_string()).expect("host.json is written");
        self
    }
}

/// The scripted handler, which cargo builds beside the tests.
pub(crate) fn handler() -> PathBuf {
    let tests = std::env::current_exe().expect("this test has a path");
    let built = tests
        .parent()
        .and_then(|deps| deps.parent())
        .expect("target/<profile>/deps");
    let handler = built.join("examples/handler");
    assert!(
        handler.exists(),
        "no {}: cargo build -p devhost --examples",
        handler.display()
    );
    handler
}

/// The output of `future`, which must come before the deadline.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.expect("it takes too long")
}

/// The first record whose text holds `part`.
pub(crate) async fn logged(host: &Host, part: &str) -> HostLog {
    let found = timeout(DEADLINE, host.log(|log| log.text.contains(part))).await;
    found.unwrap_or_else(|_| panic!("no record has {part:?}: {:#?}", host.logs()))
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let poll = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(DEADLINE, poll).await.is_ok(), "not in time: {what}");
}

/// A response as its bytes tell it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The values of the header `name`, in order.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        values(&self.head, name)
    }

    /// In an echo: the values of the header `name` of the request that the handler got.
    pub(crate) fn echoed(&self, name: &str) -> Vec<&str> {
        values(self.body.split("\n\n").next().unwrap_or_default(), name)
    }
}

fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

/// Sends `METHOD target` without a body.
pub(crate) async fn get(host: &Host, request: &str) -> Reply {
    send(
        host,
        &format!("{request} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"),
    )
    .await
}

/// Sends these bytes and reads until the host closes the connection.
pub(crate) async fn send(host: &Host, bytes: &str) -> Reply {
    send_to(host.address(), bytes).await
}

/// The same, for a task that outlives the borrow of a host.
pub(crate) async fn send_to(address: std::net::SocketAddr, bytes: impl AsRef<str>) -> Reply {
    let mut stream = TcpStream::connect(address).await.expect("the host listens");
    stream
        .write_all(bytes.as_ref().as_bytes())
        .await
        .expect("the host reads");
    let mut reply = Vec::new();
    within(stream.read_to_end(&mut reply))
        .await
        .expect("the host responds");
    parsed(&String::from_utf8_lossy(&reply))
}

pub(crate) async fn connect(host: &Host) -> TcpStream {
    TcpStream::connect(host.address())
        .await
        .expect("the host listens")
}

fn parsed(reply: &str) -> Reply {
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((reply, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let chunked = values(head, "transfer-encoding") == ["chunked"];
    let body = if chunked {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Reply {
        status,
        head: head.to_owned(),
        body,
    }
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        if size == 0 {
            break;
        }
        body.push_str(&tail[..size]);
        rest = &tail[size + 2..];
    }
    body
}

fn merge(object: &mut Value, members: Value) {
    let (Some(object), Value::Object(members)) = (object.as_object_mut(), members) else {
        panic!("both must be objects")
    };
    object.extend(members);
}
