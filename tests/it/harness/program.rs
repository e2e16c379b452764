//! The program as a process, and a client that talks to it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use super::{Database, eventually};

/// How the program is started: its variables, on top of nothing but `PATH`.
pub(crate) struct Start {
    command: Command,
    here: WorkingFolder,
}

impl Start {
    /// As the Functions host starts it: no arguments, a port, an environment. Port 0 takes a free
    /// one.
    pub(crate) fn handler() -> Start {
        Start::bare().set("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
    }

    /// As a person starts it: no verb, no database, its data in `folder`. It takes a free port.
    pub(crate) fn person(folder: &Path) -> Start {
        Start::bare()
            .set("MAGNUSAPI_DATA", &folder.display().to_string())
            .argument("--port")
            .argument("0")
    }

    /// As an operator starts it for one verb, to be given as arguments.
    pub(crate) fn operator() -> Start {
        Start::bare()
    }

    fn bare() -> Start {
        let mut command = Command::new(env!("CARGO_BIN_EXE_magnusapi"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LOG_FORMAT", "json");
        // Where PostgreSQL's programs may be, as for the tests themselves.
        for name in ["PG_BINDIR", "HOME", "MAGNUSAPI_CACHE", "XDG_CACHE_HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let here = WorkingFolder::new();
        command.current_dir(here.0.path());
        Start { command, here }
    }

    /// As the handler, on this database.
    pub(crate) async fn on(database: &Database) -> Program {
        Start::handler()
            .set("DATABASE_URL", &database.url)
            .serving()
            .await
    }

    /// As a person starts it, on this database.
    pub(crate) async fn standalone(database: &Database) -> Program {
        let start = Start::bare().argument("--port").argument("0");
        start.set("DATABASE_URL", &database.url).serving().await
    }

    /// With this variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Start {
        self.command.env(name, value);
        self
    }

    /// With this argument.
    pub(crate) fn argument(mut self, argument: &str) -> Start {
        self.command.arg(argument);
        self
    }

    /// With so many file descriptors at most.
    pub(crate) fn descriptors(self, number: u32) -> Start {
        self.limited(&format!("-n {number}"))
    }

    fn limited(mut self, limit: &str) -> Start {
        let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(self.command.get_program());
        shell.args(self.command.get_args()).env_clear();
        for (name, value) in self.command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        shell.current_dir(self.here.0.path());
        self.command = shell;
        self
    }

    /// Runs it to its end: exit status, stdout, stderr.
    pub(crate) fn output(mut self) -> std::process::Output {
        self.command.output().expect("the program runs")
    }

    /// Runs it to its end, with a stdout that nothing reads any more: exit status and stderr.
    pub(crate) fn output_to_a_closed_pipe(mut self) -> std::process::Output {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        self.command.stdout(writer);
        self.output()
    }

    /// Starts it with a stdout that nothing reads any more, and waits for nothing.
    pub(crate) fn running_into_a_closed_pipe(mut self) -> Process {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let command = self.command.stdin(Stdio::null()).stderr(Stdio::null());
        let child = command.stdout(writer).spawn();
        Process {
            child: child.expect("the program starts"),
            _here: self.here,
        }
    }

    /// Starts it, and reads neither stdout nor stderr.
    pub(crate) fn unread(mut self) -> Process {
        let command = self.command.stdin(Stdio::null());
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Process {
            child: child.expect("the program starts"),
            _here: self.here,
        }
    }

    /// Below a shell, which is the process that [`Program::signal`] reaches.
    pub(crate) fn below_a_shell(self) -> Start {
        let mut command = Command::new("sh");
        command
            .args(["-c", "\"$0\" \"$@\" & wait"])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            command.env(name, value.expect("variables are only set"));
        }
        command.current_dir(self.here.0.path());
        Start {
            command,
            here: self.here,
        }
    }

    /// Starts it and waits for nothing. What it says is lost.
    pub(crate) fn running(mut self) -> Process {
        let command = self.command.stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Process {
            child: child.expect("the program starts"),
            _here: self.here,
        }
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn serving(mut self) -> Program {
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = Process {
            child: child.expect("the program starts"),
            _here: self.here,
        };
        let stdout = collect(process.child.stdout.take().expect("stdout is piped"));
        let stderr = collect(process.child.stderr.take().expect("stderr is piped"));
        let url = eventually("the line that says where it serves", || async {
            let lines = stdout.lock().expect("no reader panicked");
            let line = lines
                .iter()
                .find(|line| line.contains("http://127.0.0.1:"))?;
            let rest = &line[line.find("http://127.0.0.1:")?..];
            let end = rest.find([',', ' ', '"']).unwrap_or(rest.len());
            Some(rest[..end].to_owned())
        })
        .await;
        Program {
            process,
            url,
            stdout,
            stderr,
            client: client(),
        }
    }
}

/// A client, which trusts whom the system trusts.
pub(crate) fn client() -> reqwest::Client {
    client_builder().build().expect("nothing special is asked")
}

/// A client to be. It wants a provider of TLS before its first use, also where it uses no TLS.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// A port that was free a moment ago, for a program that does not say where it serves.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

type Lines = Arc<Mutex<Vec<String>>>;

fn collect(stream: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let sink = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            sink.lock().expect("no reader panicked").push(line);
        }
    });
    lines
}

/// Where the program is run, and where it writes nothing: it writes where it is told to.
struct WorkingFolder(TempDir);

impl WorkingFolder {
    fn new() -> WorkingFolder {
        WorkingFolder(tempfile::tempdir().expect("a folder"))
    }
}

impl Drop for WorkingFolder {
    fn drop(&mut self) {
        let left = std::fs::read_dir(self.0.path()).expect("it is there");
        let left: Vec<_> = left.map(|file| file.expect("a file").file_name()).collect();
        assert!(
            left.is_empty() || std::thread::panicking(),
            "the program wrote {left:?} into the folder that it ran in"
        );
    }
}

/// A process that is killed when this goes.
pub(crate) struct Process {
    child: Child,
    /// Behind the child: it is looked at when that has ended.
    _here: WorkingFolder,
}

impl Process {
    /// The lines of stderr, from where it was not read.
    pub(crate) fn stderr(&mut self) -> impl Iterator<Item = String> + use<> {
        let stderr = self.child.stderr.take().expect("stderr is piped");
        BufReader::new(stderr).lines().map_while(Result::ok)
    }

    /// Kills it, as the kernel does where memory is short, and answers how it ended: it may have been
    /// faster.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }

    /// Sends it a signal and waits for its end.
    pub(crate) fn ended_by(self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.ended()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors say that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The running program. It is killed when this goes.
pub(crate) struct Program {
    process: Process,
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    stdout: Lines,
    stderr: Lines,
    client: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads the whole answer to `request`.
    pub(crate) async fn to(request: RequestBuilder) -> Answer {
        Answer::try_to(request).await.expect("an answer comes")
    }

    /// The same, where the connection may fail.
    pub(crate) async fn try_to(request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }

    /// Holds the answer to be a problem of this kind, and hands on its JSON.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status, status, "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(
            body["type"],
            format!("urn:magnusapi:problem:{kind}"),
            "{body}"
        );
        assert_eq!(body["status"], status);
        assert_eq!(
            body["instance"],
            format!("urn:uuid:{}", self.header("x-request-id"))
        );
        body
    }
}

impl Program {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.with_json(Method::POST, path, body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.with_json(Method::PATCH, path, body)).await
    }

    pub(crate) fn with_json(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Makes an item and answers its id.
    pub(crate) async fn make(&self, name: &str) -> i64 {
        let answer = self
            .post("/item", &serde_json::json!({ "name": name }))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["data"]["id"].as_i64().expect("a number")
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// The lines on stdout so far.
    pub(crate) fn stdout(&self) -> Vec<String> {
        self.stdout.lock().expect("no reader panicked").clone()
    }

    /// The lines on stderr so far.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lock().expect("no reader panicked").clone()
    }

    /// Waits for a line on stdout or stderr.
    pub(crate) async fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        eventually("a log line", || async {
            let lines = [self.stdout(), self.stderr()].concat();
            lines.into_iter().find(|line| wanted(line))
        })
        .await
    }

    /// Waits for a line on stderr.
    pub(crate) async fn error_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        eventually("a line on stderr", || async {
            self.stderr().into_iter().find(|line| wanted(line))
        })
        .await
    }

    /// Sends SIGTERM, SIGINT or SIGKILL.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = Mutex::new(&mut self.process.child);
        eventually("the program's end", || async {
            let mut child = child.lock().expect("nobody else waits");
            child.try_wait().expect("a child can be waited for")
        })
        .await
    }

    /// Its resident size in KiB now, and the largest it ever was.
    pub(crate) fn resident(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))
            .expect("the process is there");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            number.and_then(|number| number.parse().ok()).expect(name)
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

/// Until items can be read. A request waits for the schema by itself, so this is soon.
pub(crate) async fn ready(program: &Program) {
    eventually("items", || async {
        (program.get("/item?limit=1").await.status == 200).then_some(())
    })
    .await;
}

/// Until `/health` says so, which may lag some seconds behind.
pub(crate) async fn healthy(program: &Program) {
    eventually("health", || async {
        (program.get("/health").await.status == 200).then_some(())
    })
    .await;
}

/// What a report of `/health` says of this timer.
#[track_caller]
pub(crate) fn timer(report: &Value, function: &str) -> Value {
    let timers = report["checks"]["timer:last-due"].as_array();
    let mut timers = timers.into_iter().flatten();
    let found = timers.find(|finding| finding["componentId"] == function);
    found
        .unwrap_or_else(|| panic!("nothing about {function}: {report}"))
        .clone()
}
