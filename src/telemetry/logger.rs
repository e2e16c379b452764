//! From a record to a line in a queue, and periodic reports.

use std::io::{Write, stderr, stdout};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use env_logger::{Builder, Target};
use jiff::Timestamp;
use log::{Level, Log, Metadata, Record};

use super::outlet::{FLUSH_TIMEOUT, Outlet};
use super::repeats::{Failure, Repeats};
use super::settings::{Format, Requests, Settings};
use super::{Context, line, panics, requests};

/// Time between two reports of repeated failures and dropped records.
const REPORT: Duration = Duration::from_secs(5);

/// Reports of repeated failures for one report of requests, which is less urgent.
const REPORTS_OF_REQUESTS: u32 = 12;

static LOGGER: OnceLock<Logger> = OnceLock::new();

struct Logger {
    format: Format,
    requests: Requests,
    stdout: Stream,
    stderr: Stream,
    repeats: Mutex<Repeats>,
}

/// A stream, and the formatter of its records.
struct Stream {
    records: env_logger::Logger,
    outlet: Outlet,
}

impl Stream {
    fn of(settings: &Settings, outlet: Outlet) -> Stream {
        let format = settings.format;
        let records = Builder::new()
            .parse_filters(settings.filter.as_deref().unwrap_or("info"))
            .target(Target::Pipe(Box::new(outlet.clone())))
            .format(move |stream, record| stream.write_all(&line(format, record)))
            .build();
        Stream { records, outlet }
    }
}

fn line(format: Format, record: &Record<'_>) -> Vec<u8> {
    let (now, context) = (Timestamp::now(), Context::current());
    match format {
        Format::Json => line::json(now, record, context.as_ref()),
        Format::Text => line::text(now, record, context.as_ref()).into_bytes(),
    }
}

/// Starts logging. A second call changes nothing.
///
/// # Errors
/// A thread cannot be started.
pub fn start(settings: &Settings) -> std::io::Result<()> {
    let logger = Logger {
        format: settings.format,
        requests: settings.requests,
        stdout: Stream::of(settings, Outlet::start(stdout())?),
        stderr: Stream::of(settings, Outlet::start(stderr())?),
        repeats: Mutex::default(),
    };
    let logger = LOGGER.get_or_init(|| logger);
    if log::set_logger(logger).is_ok() {
        log::set_max_level(logger.stdout.records.filter());
        panics::log();
        thread::Builder::new()
            .name("log reports".into())
            .spawn(|| report_for_ever(logger))?;
    }
    Ok(())
}

/// Writes queued records and counts before the process ends. A stream that nothing reads delays the end by at
/// most a second.
pub fn flush() {
    if let Some(logger) = LOGGER.get() {
        requests::report();
        logger.report();
        let deadline = Instant::now() + FLUSH_TIMEOUT;
        logger.stdout.outlet.flush(deadline);
        logger.stderr.outlet.flush(deadline);
    }
}

/// The requests that have a line of their own.
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
        self.stdout.records.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let stream = self.stream(record.level());
        if !stream.records.matches(record) {
            return;
        }
        if record.level() <= Level::Warn && !self.is_new(record) {
            return;
        }
        stream.records.log(record);
    }

    fn flush(&self) {}
}

impl Logger {
    /// The message is formatted before the lock, because its parts may log or panic.
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

    fn stream(&self, level: Level) -> &Stream {
        match level {
            Level::Error | Level::Warn => &self.stderr,
            Level::Info | Level::Debug | Level::Trace => &self.stdout,
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
            let records = &self.stream(failure.level).records;
            records.log(&record.args(format_args!("{}", failure.message)).build());
        }
        for (stream, name) in [(&self.stdout, "stdout"), (&self.stderr, "stderr")] {
            self.report_dropped(&stream.outlet, name);
        }
    }

    /// Bypasses the filter, because the report is about records that are missing.
    fn report_dropped(&self, outlet: &Outlet, name: &str) {
        let dropped = outlet.take_dropped();
        if dropped == 0 {
            return;
        }
        let fields = [("dropped", dropped)];
        let mut record = Record::builder();
        record.level(Level::Warn).target(module_path!());
        record.key_values(&fields);
        let text = format_args!("{dropped} log records were dropped, because nothing reads {name}");
        let line = line(self.format, &record.args(text).build());
        if !self.stderr.outlet.push(&line) {
            outlet.return_dropped(dropped);
        }
    }
}
