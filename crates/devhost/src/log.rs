//! The log: one record for each line of the handler, and the host's own.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use funcapp::LogLevel as Level;
use funcapp::LogLevels;
use jiff::Timestamp;
use tokio::sync::watch;

/// The newest records, for [`Host::logs`](crate::Host::logs).
const KEPT: usize = 10_000;

/// Called with each record, on the thread that makes it; it must not block.
pub type OnLog = Arc<dyn Fn(&HostLog) + Send + Sync>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLog {
    /// When the host made it.
    pub time: Timestamp,
    pub level: Level,
    /// The part of the host that wrote it, or the handler.
    pub source: Source,
    /// The invocation that it belongs to, if any. Lines that the handler prints have none.
    pub invocation: Option<String>,
    /// One line, mostly.
    pub text: String,
}

/// The maker of a record; shown as the category that the real host gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Host,
    /// A line that the handler printed: `Host.Function.Console`.
    Console,
    /// The host on a function's runs: `Function.<name>`.
    Function(String),
    /// The `Logs` of a function's replies: `Function.<name>.User`.
    User(String),
}

/// All records of one host, and which of them it keeps.
#[derive(Clone)]
pub(crate) struct Journal {
    inner: Arc<Inner>,
    levels: LogLevels,
}

struct Inner {
    records: Mutex<VecDeque<HostLog>>,
    /// How many records there ever were: wakes those that wait for one.
    written: watch::Sender<u64>,
    on_log: Option<OnLog>,
}

impl Journal {
    /// An empty journal with the usual levels.
    pub(crate) fn new(on_log: Option<OnLog>) -> Self {
        Self {
            inner: Arc::new(Inner {
                records: Mutex::new(VecDeque::new()),
                written: watch::Sender::new(0),
                on_log,
            }),
            levels: LogLevels::default(),
        }
    }

    /// The same journal, for a writer whose records `levels` keep or drop.
    pub(crate) fn with_levels(&self, levels: LogLevels) -> Self {
        Self {
            inner: self.inner.clone(),
            levels,
        }
    }

    pub(crate) fn host(&self, level: Level, text: impl Into<String>) {
        self.write(level, Source::Host, None, text.into());
    }

    pub(crate) fn console(&self, level: Level, text: impl Into<String>) {
        self.write(level, Source::Console, None, text.into());
    }

    pub(crate) fn function(
        &self,
        function: &str,
        invocation: &str,
        level: Level,
        text: impl Into<String>,
    ) {
        let source = Source::Function(function.to_owned());
        self.write(level, source, Some(invocation.to_owned()), text.into());
    }

    /// One of the `Logs` of a reply.
    pub(crate) fn user(&self, function: &str, invocation: &str, text: impl Into<String>) {
        let source = Source::User(function.to_owned());
        let invocation = Some(invocation.to_owned());
        self.write(Level::Information, source, invocation, text.into());
    }

    pub(crate) fn records(&self) -> Vec<HostLog> {
        self.lock().iter().cloned().collect()
    }

    /// The first record, past or to come, that `wanted` accepts.
    pub(crate) async fn find(&self, wanted: impl Fn(&HostLog) -> bool) -> HostLog {
        let mut written = self.inner.written.subscribe();
        loop {
            written.borrow_and_update();
            if let Some(found) = self.lock().iter().find(|log| wanted(log)) {
                return found.clone();
            }
            written
                .changed()
                .await
                .expect("the journal holds the sender");
        }
    }

    fn write(&self, level: Level, source: Source, invocation: Option<String>, text: String) {
        if !self.levels.keep(&source.to_string(), level) {
            return;
        }
        let log = HostLog {
            time: Timestamp::now(),
            level,
            source,
            invocation,
            text,
        };
        if let Some(on_log) = &self.inner.on_log {
            on_log(&log);
        }
        let mut records = self.lock();
        if records.len() == KEPT {
            records.pop_front();
        }
        records.push_back(log);
        drop(records);
        self.inner.written.send_modify(|written| *written += 1);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<HostLog>> {
        // A list of finished records is whole even after a panic of its reader.
        self.inner
            .records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for HostLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Information => "info",
            Level::Warning => "warn",
            _ => "FAIL",
        };
        let time = self.time.strftime("%H:%M:%S%.3f");
        write!(formatter, "{time} {level} {}", self.source)?;
        if let Some(invocation) = &self.invocation {
            write!(formatter, " [{invocation}]")?;
        }
        write!(formatter, ": {}", self.text)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Host => formatter.write_str("Host"),
            Source::Console => formatter.write_str("Host.Function.Console"),
            Source::Function(name) => write!(formatter, "Function.{name}"),
            Source::User(name) => write!(formatter, "Function.{name}.User"),
        }
    }
}
