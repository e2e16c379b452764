//! An app whose handler is the recorder (`examples/recorder.rs`), the recorder's events, and a client.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use devhost::{Host, HostLog, HostOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Longer than any scenario takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// An app on disk.
pub(crate) struct Stage {
    folder: TempDir,
}

impl Stage {
    /// An app without functions, whose host.json has `members` on top, and whose recorder gets
    /// `orders`.
    pub(crate) fn new(members: &Value, orders: &Value) -> Self {
        let stage = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let mut host = json!({
            "version": "2.0",
            "extensions": {"http": {"routePrefix": ""}},
            "customHandler": {
                "description": {"defaultExecutablePath": recorder()},
                "enableProxyingHttpRequest": true,
            },
        });
        merge(&mut host, members);
        stage.write("app/host.json", &host.to_string());
        stage.orders(orders);
        stage
    }

    /// Gives the recorder these orders from now on.
    pub(crate) fn orders(&self, orders: &Value) {
        let orders = if orders.is_null() { &json!({}) } else { orders };
        self.write("orders.json", &orders.to_string());
    }

    /// With an HTTP function that has its name as its route.
    pub(crate) fn http(self, name: &str) -> Self {
        self.http_at(name, name);
        self
    }

    /// Writes an HTTP function with this route.
    pub(crate) fn http_at(&self, name: &str, route: &str) {
        let function = json!({"bindings": [
            {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous",
             "route": route},
            {"type": "http", "direction": "out", "name": "res"},
        ]});
        self.write(&format!("app/{name}/function.json"), &function.to_string());
    }

    /// With a timer, whose trigger has `members` on top.
    pub(crate) fn timer(self, name: &str, schedule: &str, members: &Value) -> Self {
        let mut trigger = json!({
            "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule,
        });
        merge(&mut trigger, members);
        self.function(name, &json!({"bindings": [trigger]}))
    }

    /// With this function.json.
    pub(crate) fn function(self, name: &str, function: &Value) -> Self {
        self.write(&format!("app/{name}/function.json"), &function.to_string());
        self
    }

    /// Writes a file; the app itself is in `app/`.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let parent = path.parent().expect("it is in the stage's folder");
        fs::create_dir_all(parent).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Options for the app with its timers on.
    pub(crate) fn options(&self) -> HostOptions {
        let options = HostOptions {
            timers: true,
            ..HostOptions::new(self.path("app"))
        };
        self.settings()
            .into_iter()
            .fold(options, |options, (name, path)| {
                options.setting(name, path.display().to_string())
            })
    }

    /// The settings that name the recorder's files.
    pub(crate) fn settings(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("REC_CONF", self.path("orders.json")),
            ("REC_LOG", self.path("log.jsonl")),
        ]
    }

    /// A host with [`Stage::options`].
    pub(crate) async fn start(&self) -> Host {
        self.start_with(|_| ()).await
    }

    /// A host with these options changed.
    pub(crate) async fn start_with(&self, change: impl FnOnce(&mut HostOptions)) -> Host {
        let mut options = self.options();
        change(&mut options);
        Host::start(options).await.expect("the host starts")
    }

    /// The recorder's events so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.path("log.jsonl")).unwrap_or_default();
        log.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// How often the recorder was started.
    pub(crate) fn lives(&self) -> usize {
        let events = self.events();
        events.iter().filter(|it| it["ev"] == "start").count()
    }

    /// The requests for `path` that the recorder got.
    pub(crate) fn requests(&self, path: &str) -> Vec<Value> {
        let mut events = self.events();
        events.retain(|it| it["ev"] == "request" && it["path"] == path);
        events
    }
}

/// The program `devhost` in a process group of its own, which ends with its handler when a test gives up on it.
pub(crate) struct Program(pub(crate) Child);

impl Program {
    /// Starts it on the app of `stage`.
    pub(crate) fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_devhost"))
            .args(arguments)
            .arg("--app")
            .arg(stage.path("app"))
            .envs(stage.settings())
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.expect("the program starts"))
    }

    /// The lines that it prints. It stops where no test reads them.
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let stdout = self.0.stdout.take().expect("a pipe");
        BufReader::new(stdout).lines().map_while(Result::ok)
    }

    /// Sends a signal to the whole group, as a terminal does.
    pub(crate) fn signal(&self, signal: &str) {
        kill(signal, &format!("-{}", self.0.id()));
    }
}

impl Drop for Program {
    /// By SIGTERM: the recorder would outlive a host that was killed.
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            kill("-TERM", &self.0.id().to_string());
            let _ = self.0.wait();
        }
    }
}

/// Sends a signal to a process, or to the group whose number is negative.
pub(crate) fn kill(signal: &str, process: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill "$0" "$1""#, signal, process]);
    assert!(shell.status().expect("the shell runs").success());
}

/// Waits until `done` holds.
pub(crate) async fn until(what: &str, done: impl Fn() -> bool) -> Result<(), String> {
    let poll = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, poll).await;
    ended.map_err(|_| format!("not in time: {what}"))
}

/// The output of `future`, which must come in time.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T, String> {
    let ended = tokio::time::timeout(PATIENCE, future).await;
    ended.map_err(|_| format!("not in time: {what}"))
}

/// The first record whose text contains `part`.
pub(crate) async fn logged(host: &Host, part: &str) -> Result<HostLog, String> {
    let found = within(part, host.log(|log| log.text.contains(part))).await;
    found.map_err(|error| format!("{error}: {:#?}", host.logs()))
}

/// Waits until the recorder responds.
pub(crate) async fn ready(host: &Host) -> Result<(), String> {
    let ready = within("readiness", host.ready()).await?;
    ready.map_err(|failure| failure.to_string())
}

/// An error unless `here` is what was recorded.
pub(crate) fn same(what: &str, here: impl Into<Value>, recorded: &Value) -> Result<(), String> {
    let here = here.into();
    if here == *recorded {
        return Ok(());
    }
    Err(format!("{what}: {here}, not {recorded}"))
}

/// A response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// The reason why there is no response.
#[derive(Debug)]
pub(crate) enum NoReply {
    Refused,
    Broken,
}

impl Reply {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let named = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value).collect()
    }
}

/// Sends `line` (method and path) with `rest`, which begins with more headers, and reads until the host closes the
/// connection.
pub(crate) async fn exchange(
    address: SocketAddr,
    line: &str,
    rest: &str,
) -> Result<Reply, NoReply> {
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|_| NoReply::Refused)?;
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}");
    let sent = stream.write_all(request.as_bytes()).await;
    let mut response = Vec::new();
    let read = stream.read_to_end(&mut response).await;
    let response = String::from_utf8_lossy(&response).into_owned();
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    match (sent, read, status) {
        (Ok(()), Ok(_), Some(status)) => Ok(Reply {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }),
        _ => Err(NoReply::Broken),
    }
}

/// Headers and body of a request with this JSON, for [`exchange`].
pub(crate) fn with_json(body: &str) -> String {
    format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Runs `function` by hand, and returns the status.
pub(crate) async fn by_hand(
    address: SocketAddr,
    function: &str,
    body: &str,
) -> Result<u16, NoReply> {
    let line = format!("POST /admin/functions/{function}");
    let reply = exchange(address, &line, &with_json(body)).await?;
    Ok(reply.status)
}

/// The names of a message's headers, in small letters.
pub(crate) fn header_names(head: &str) -> Vec<String> {
    let lines = head.trim_end().split("\r\n").skip(1);
    let names = lines.filter_map(|line| line.split_once(':'));
    names.map(|(name, _)| name.to_ascii_lowercase()).collect()
}

/// Sends a request without a body.
pub(crate) async fn get(host: &Host, line: &str) -> Reply {
    let reply = exchange(host.address(), line, "\r\n").await;
    reply.unwrap_or_else(|error| panic!("{line}: {error:?}"))
}

/// The recorder, which cargo builds beside the tests.
pub(crate) fn recorder() -> PathBuf {
    let tests = std::env::current_exe().expect("this test has a path");
    let built = tests.parent().and_then(|deps| deps.parent());
    let recorder = built
        .expect("target/<profile>/deps")
        .join("examples/recorder");
    assert!(
        recorder.exists(),
        "no {}: cargo build -p devhost --examples",
        recorder.display()
    );
    recorder
}

fn merge(target: &mut Value, members: &Value) {
    let Some(members) = members.as_object() else {
        return;
    };
    for (name, value) in members {
        if value.is_object() && target[name].is_object() {
            merge(&mut target[name], value);
        } else {
            target[name] = value.clone();
        }
    }
}
