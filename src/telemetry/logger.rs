//! From a record to a line in a queue, and what is reported every few seconds.

use std::io::{stderr, stdout};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use log::{Level, Log, Metadata, Record};

use super::outlet::{Outlet, PATIENCE};
use super::repeats::{Failure, Repeats};
use super::settings::{Format, Requests, Settings};
use super::{Context, line, panics, requests};

/// Time between two reports of repeated failures and dropped records.
const REPORT: Duration = Duration::from_secs(5);

/// Reports of repeated failures for one report of requests, which are no news.
const REPORTS_OF_REQUESTS: u32 = 12;

static LOGGER: OnceLock<Logger> = OnceLock::new();

struct Logger {
    format: Format,
    filter: env_filter::Filter,
    requests: Requests,
    stdout: Outlet,
    stderr: Outlet,
    repeats: Mutex<Repeats>,
}

/// Starts logging. Called a second time, it changes nothing.
///
/// # Errors
/// When a thread cannot be started.
pub fn start(settings: &Settings) -> std::io::Result<()> {
    let filter = settings.filter.as_deref().unwrap_or("info");
    let filter = env_filter::Builder::new()
        .try_parse(filter)
        .expect("the settings hold a filter that parses")
        .build();
    let logger = Logger {
        format: settings.format,
        requests: settings.requests,
        stdout: Outlet::start(stdout())?,
        stderr: Outlet::start(stderr())?,
        repeats: Mutex::default(),
        filter,
    };
    let logger = LOGGER.get_or_init(|| logger);
    if log::set_logger(logger).is_ok() {
        log::set_max_level(logger.filter.filter());
        panics::log();
        thread::Builder::new()
            .name("log reports".into())
            .spawn(|| report_for_ever(logger))?;
    }
    Ok(())
}

/// Writes what is queued and counted, before the process ends. A stream that nothing reads delays the
/// end by a second at most.
pub fn flush() {
    if let Some(logger) = LOGGER.get() {
        requests::report();
        logger.report();
        let deadline = Instant::now() + PATIENCE;
        logger.stdout.flush(deadline);
        logger.stderr.flush(deadline);
    }
}

/// Which requests have a line of their own.
pub(super) fn requests() -> Requests {
    LOGGER.get().map_or(Requests::Failed, |it| it.requests)
}

fn report_for_ever(logger: &Logger) {
    for round in 1_u32.. {
        thread::sleep(REPORT);
        logger.report();
        if round % REPORTS_OF_REQUESTS == 0 {
            requests::report();
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.filter.matches(record) {
            return;
        }
        if record.level() <= Level::Warn && !self.is_new(record) {
            return;
        }
        self.write(record, Context::current().as_ref());
    }

    fn flush(&self) {}
}

impl Logger {
    /// The message is made before the lock is taken: its parts may log or panic.
    fn is_new(&self, record: &Record<'_>) -> bool {
        let failure = Failure {
            level: record.level(),
            target: record.target().to_owned(),
            message: record.args().to_string(),
        };
        self.repeats
            .lock()
            .expect("nothing panics while it holds this lock")
            .is_new(failure)
    }

    fn write(&self, record: &Record<'_>, context: Option<&Context>) -> bool {
        let now = Timestamp::now();
        let line = match self.format {
            Format::Json => line::json(now, record, context),
            Format::Text => line::text(now, record, context).into_bytes(),
        };
        match record.level() {
            Level::Error | Level::Warn => self.stderr.push(&line),
            Level::Info | Level::Debug | Level::Trace => self.stdout.push(&line),
        }
    }

    fn report(&self) {
        let repeated = self
            .repeats
            .lock()
            .expect("nothing panics while it holds this lock")
            .take();
        for (failure, count) in repeated {
            let fields = [("repeated", count)];
            let mut record = Record::builder();
            record.level(failure.level).target(&failure.target);
            record.key_values(&fields);
            self.write(
                &record.args(format_args!("{}", failure.message)).build(),
                None,
            );
        }
        for (outlet, name) in [(&self.stdout, "stdout"), (&self.stderr, "stderr")] {
            self.report_dropped(outlet, name);
        }
    }

    fn report_dropped(&self, outlet: &Outlet, name: &str) {
        let dropped = outlet.take_dropped();
        if dropped == 0 {
            return;
        }
        let fields = [("dropped", dropped)];
        let mut record = Record::builder();
        record.level(Level::Warn).target(module_path!());
        record.key_values(&fields);
        let text = format_args!("{dropped} log records were dropped, because {name} is not read");
        if !self.write(&record.args(text).build(), None) {
            outlet.return_dropped(dropped);
        }
    }
}
