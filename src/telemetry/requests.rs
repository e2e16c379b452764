//! Log lines of requests: one for each that failed or was slow, and counts of the others.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use log::Level;

use super::logger;
use super::settings::Requests;

/// A request that took this long has a line of its own.
const SLOW: Duration = Duration::from_secs(1);

/// Requests without a line of their own, by function and class of status (`2xx`).
pub(super) type Counts = BTreeMap<&'static str, BTreeMap<&'static str, u64>>;

static COUNTS: Mutex<Counts> = Mutex::new(BTreeMap::new());

/// Logs a request that ended, or counts it. `None` means that the client disconnected before the response.
/// A failure is a warning here, because the code that knows its cause has logged an error.
pub fn record_request(method: &str, function: &'static str, status: Option<u16>, took: Duration) {
    let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    let Some(status) = status else {
        log::info!(
            method, duration_ms;
            "{method} {function}: the client disconnected before the response"
        );
        return;
    };
    let level = match status {
        500.. => Level::Warn,
        _ if took >= SLOW => Level::Info,
        _ if logger::requests() == Requests::Failed => return count(function, status),
        _ if is_probe(function) => Level::Debug,
        _ => Level::Info,
    };
    log::log!(level, method, status, duration_ms; "{method} {function} returned {status}");
}

/// Probes arrive every few seconds from many places.
fn is_probe(function: &str) -> bool {
    function.starts_with("health") || function == "host"
}

fn count(function: &'static str, status: u16) {
    let class = match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        _ => "4xx",
    };
    let mut counts = COUNTS.lock().expect(UNPOISONED);
    *counts
        .entry(function)
        .or_default()
        .entry(class)
        .or_default() += 1;
}

/// Logs the counts since the last call, if any.
pub(super) fn report() {
    let counts = std::mem::take(&mut *COUNTS.lock().expect(UNPOISONED));
    let all: u64 = counts.values().flat_map(BTreeMap::values).sum();
    if all > 0 {
        log::info!(requests:serde = counts; "{all} requests succeeded or were rejected");
    }
}

const UNPOISONED: &str = "nothing panics while it holds this lock";
