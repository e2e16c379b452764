//! The handler's lines become log records.
//!
//! Source: Azure/azure-functions-host, `WorkerProcess.cs`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::Child,
    task::JoinSet,
};

use crate::log::{Journal, Level};

/// How many error lines of stderr explain a crash.
const EXPLANATION: usize = 3;
/// How long the last lines may take after the process has ended; a grandchild may hold the pipe.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Lines that are for the host itself begin so, and are not logged.
const RESERVED: [&str; 2] = ["LanguageWorkerConsoleLog", "azfuncjsonlog:"];

/// The readers of one process's stdout and stderr.
pub(super) struct Console {
    readers: JoinSet<()>,
    errors: Arc<Mutex<VecDeque<String>>>,
}

impl Console {
    /// Reads the output of `child`, until it ends.
    pub(super) fn of(child: &mut Child, journal: &Journal, stderr_is_for_errors: bool) -> Self {
        let mut readers = JoinSet::new();
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stdout) = child.stdout.take() {
            let journal = journal.clone();
            readers.spawn(lines(stdout, move |line| {
                journal.console(Level::Information, line);
            }));
        }
        if let Some(stderr) = child.stderr.take() {
            let (journal, errors) = (journal.clone(), errors.clone());
            readers.spawn(lines(stderr, move |line| {
                let level = stderr_level(&line, stderr_is_for_errors);
                if level == Level::Error {
                    remember(&errors, &line);
                }
                journal.console(level, line);
            }));
        }
        Self { readers, errors }
    }

    /// The last error lines of a process that has ended, joined.
    pub(super) async fn explanation(mut self) -> String {
        let finished = async { while self.readers.join_next().await.is_some() {} };
        // Late lines are lost, as the host loses them.
        let _ = tokio::time::timeout(LAST_LINES, finished).await;
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(",")
    }
}

async fn lines(stream: impl AsyncRead + Unpin, write: impl Fn(String)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    // An error is an end of the stream.
    while let Ok(1..) = stream.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        // A carriage return alone ends a line, too, and an empty line is a record.
        for part in text.split('\r') {
            if !RESERVED.iter().any(|prefix| part.starts_with(prefix)) {
                write(part.to_owned());
            }
        }
        line.clear();
    }
}

fn stderr_level(line: &str, is_for_errors: bool) -> Level {
    let line = line.to_lowercase();
    let names_an_error = || {
        ["error", "fail", "severe", "unhandled exception"]
            .iter()
            .any(|word| line.contains(word))
    };
    if line.contains("warn") {
        Level::Warning
    } else if is_for_errors || names_an_error() {
        Level::Error
    } else {
        Level::Information
    }
}

fn remember(errors: &Mutex<VecDeque<String>>, line: &str) {
    let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
    if errors.len() == EXPLANATION {
        errors.pop_front();
    }
    errors.push_back(line.to_owned());
}
