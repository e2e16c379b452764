//! Counters of all requests, and log lines: one for each request that failed or was slow, and the number of the
//! others.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use log::Level;

use super::histogram::{Distribution, Histogram, TIMES};
use super::logger;
use super::settings::Requests;

/// A request that took this long has a line of its own.
const SLOW: Duration = Duration::from_secs(1);

/// A request that ended.
pub struct EndedRequest<'a> {
    pub method: &'a str,
    pub function: &'static str,
    /// `None` means that the client disconnected before the response.
    pub status: Option<u16>,
    /// The last part of the problem's `type`, if the response is a problem.
    pub problem: Option<&'static str>,
    pub took: Duration,
}

/// Functions that are distinguished. The last place is for all functions that do not fit.
const FUNCTIONS: usize = 32;

/// Statuses that are distinguished: 0 is a client that disconnected, and the last place is for all others.
const STATUSES: [u16; 22] = [
    0, 200, 201, 202, 204, 303, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 501,
    503, 504, OTHER,
];
const OTHER: u16 = 599;

/// The functions, in the order of their first requests.
static NAMES: [OnceLock<&'static str>; FUNCTIONS] = [const { OnceLock::new() }; FUNCTIONS];

/// Durations by function and status.
static DURATIONS: [[Histogram; STATUSES.len()]; FUNCTIONS] =
    [const { [const { Histogram::new() }; STATUSES.len()] }; FUNCTIONS];

/// The durations of the requests of a function that ended with a status.
pub struct RequestDurations {
    pub function: &'static str,
    /// `None` means that the client disconnected before the response.
    pub status: Option<u16>,
    /// In microseconds, between the bounds of [`TIMES`].
    pub durations: Distribution,
}

/// Counts a request, and logs it if it has a line of its own. A failure is a warning here, because the code that
/// knows its cause has logged an error.
pub fn record_request(request: &EndedRequest<'_>) {
    let micros = u64::try_from(request.took.as_micros()).unwrap_or(u64::MAX);
    let durations = &DURATIONS[place_of_function(request.function)];
    durations[place_of_status(request.status.unwrap_or(0))].record(&TIMES, micros);
    let EndedRequest {
        method,
        function,
        status,
        problem,
        took,
    } = *request;
    let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    let Some(status) = status else {
        log::info!(
            duration_ms;
            "{method} {function}: the client disconnected before the response"
        );
        return;
    };
    let level = match status {
        500.. => Level::Warn,
        _ if took > SLOW => Level::Info,
        _ if logger::requests() == Requests::Failed => return,
        _ if is_probe(function) => Level::Debug,
        _ => Level::Info,
    };
    match problem {
        None => log::log!(level, status, duration_ms; "{method} {function} returned {status}"),
        Some(problem) => log::log!(
            level, status, problem, duration_ms; "{method} {function} returned {status}"
        ),
    }
}

/// Probes arrive every few seconds from many places.
fn is_probe(function: &str) -> bool {
    function.starts_with("health") || function == "host"
}

fn place_of_function(function: &'static str) -> usize {
    let is_its_place = |name: &OnceLock<&str>| *name.get_or_init(|| function) == function;
    let place = NAMES[..FUNCTIONS - 1].iter().position(is_its_place);
    place.unwrap_or(FUNCTIONS - 1)
}

fn place_of_status(status: u16) -> usize {
    let place = STATUSES.iter().position(|known| *known == status);
    place.unwrap_or(STATUSES.len() - 1)
}

/// The requests of this process, without functions and statuses that did not occur.
pub fn request_durations() -> Vec<RequestDurations> {
    let functions = NAMES.iter().zip(&DURATIONS);
    let all = functions.flat_map(|(name, statuses)| {
        let function = name.get().copied().unwrap_or("others");
        let statuses = STATUSES.iter().zip(statuses);
        statuses.map(move |(status, durations)| RequestDurations {
            function,
            status: (*status != 0).then_some(*status),
            durations: durations.read(),
        })
    });
    all.filter(|it| it.durations.count() > 0).collect()
}

/// Requests without a line of their own, by function and class of status (`2xx`).
type Counts = BTreeMap<&'static str, BTreeMap<&'static str, u64>>;

/// The counts of the last report.
static REPORTED: Mutex<Counts> = Mutex::new(BTreeMap::new());

fn counts() -> Counts {
    let mut counts = Counts::new();
    let slow = u64::try_from(SLOW.as_micros()).expect("a second has a million microseconds");
    for it in request_durations() {
        let class = match it.status {
            None | Some(500..) => continue,
            Some(..200) => "1xx",
            Some(200..300) => "2xx",
            Some(300..400) => "3xx",
            Some(_) => "4xx",
        };
        let count = it.durations.up_to(&TIMES, slow);
        *counts
            .entry(it.function)
            .or_default()
            .entry(class)
            .or_default() += count;
    }
    counts
}

/// Logs the number of requests without a line of their own since the last call, if there are any.
pub(super) fn report() {
    if logger::requests() != Requests::Failed {
        return;
    }
    let mut reported = REPORTED
        .lock()
        .expect("nothing panics while it holds this lock");
    let counts = counts();
    let mut since = Counts::new();
    for (function, classes) in &counts {
        for (class, count) in classes {
            let before = reported.get(function).and_then(|it| it.get(class));
            let count = count - before.copied().unwrap_or_default();
            if count > 0 {
                since.entry(function).or_default().insert(class, count);
            }
        }
    }
    *reported = counts;
    let all: u64 = since.values().flat_map(BTreeMap::values).sum();
    if all > 0 {
        log::info!(requests:serde = since; "{all} requests succeeded or were rejected");
    }
}
