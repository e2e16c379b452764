//! Folders, users of a server in processes of their own, and queries.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use localpg::Programs;
use tempfile::TempDir;

/// The binary, which holds a server until its input ends or it is killed.
pub(crate) const LOCALPG: &str = env!("CARGO_BIN_EXE_localpg");

/// A folder that the server's account can enter too. It is removed after its server has ended.
pub(crate) struct Place(TempDir);

pub(crate) fn place() -> Place {
    let folder = tempfile::Builder::new()
        .prefix("localpg-test-")
        .tempdir()
        .expect("a place");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
    Place(folder)
}

impl Place {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !thread::panicking() {
            eventually(&Vec::new(), || processes_on(self.path()));
        }
    }
}

pub(crate) fn programs() -> Programs {
    Programs::find_or_fetch(&mut |line| eprintln!("{line}")).expect("PostgreSQL is here or on PyPI")
}

/// Runs `sql` and returns its output, without the newline; the error as text.
pub(crate) fn query(url: &str, sql: &str) -> Result<String, String> {
    let psql = programs().path("psql");
    let output = Command::new(psql)
        .args(["-XAtq", "-c", sql, "-d", url])
        .output()
        .expect("psql runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

#[track_caller]
pub(crate) fn assert_returns(url: &str, sql: &str, expected: &str) {
    assert_eq!(query(url, sql).as_deref(), Ok(expected), "{sql}");
}

/// The folder of a server's socket.
pub(crate) fn folder(url: &str) -> PathBuf {
    url.split(['=', ' ']).nth(1).expect("host=…").into()
}

/// A user of a server, in a separate process.
pub(crate) struct Person {
    process: Child,
    pub(crate) url: String,
    pub(crate) started: bool,
}

impl Person {
    pub(crate) fn on(folder: &Path) -> Person {
        Person::run(Command::new(LOCALPG).arg(folder))
    }

    /// Waits until the server runs.
    pub(crate) fn run(localpg: &mut Command) -> Person {
        let mut process = localpg
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("localpg runs");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut line = || {
            lines
                .next()
                .expect("localpg has a server")
                .expect("it prints text")
        };
        Person {
            url: line(),
            started: line() == "started",
            process,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// By SIGKILL: no destructor runs.
    pub(crate) fn kill(mut self) {
        self.process.kill().expect("it still runs");
        self.process.wait().expect("it is ours");
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Waits until the value is `expected`; fails after a minute with the last value.
pub(crate) fn eventually<T: PartialEq + std::fmt::Debug>(expected: &T, look: impl Fn() -> T) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let found = look();
        if found == *expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "still {found:?}, not {expected:?}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// The ids of the processes that were started with a path in `folder`: servers, watchers and their children.
pub(crate) fn processes_on(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().expect("the tests use plain paths");
    let ids = fs::read_dir("/proc").expect("Linux").flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let words = |id: &u32| fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    ids.filter(|id| words(id).split('\0').any(|word| word.starts_with(folder)))
        .collect()
}

/// The first process of the server on the cluster in `folder`.
pub(crate) fn postmaster(folder: &Path) -> String {
    let file = fs::read_to_string(folder.join("data/postmaster.pid")).expect("a server runs");
    file.lines().next().expect("it names a process").to_owned()
}

pub(crate) fn signal(signal: &str, process: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill "$0" "$1""#, signal, process]);
    assert!(shell.status().expect("the shell runs").success());
}

/// Stops a process as Ctrl-Z does, and waits until it has stopped: a process that still runs when its
/// parent dies is not continued by the kernel.
pub(crate) fn halt(process: &str) {
    signal("-STOP", process);
    let file = format!("/proc/{process}/stat");
    let is_stopped = || fs::read_to_string(&file).is_ok_and(|stat| stat.contains(") T "));
    eventually(&true, is_stopped);
}

/// Whether the tests run as root, whose server runs as another account.
pub(crate) fn root() -> bool {
    fs::read_to_string("/proc/self/status")
        .expect("Linux")
        .contains("\nUid:\t0\t0\t")
}
