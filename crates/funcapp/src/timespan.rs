//! .NET's `TimeSpan` as `TimeSpan.Parse` reads it: `[d.]hh:mm[:ss[.f]]`, `d:hh:mm:ss[.f]`, or days.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// As many as a `TimeSpan` holds.
const MOST_DAYS: u64 = 10_675_199;

/// Reads `00:00:30`, `1.00:00:00`, `00:05`, `00:00:00.5`; a bare number is days, and so is the
/// first part of `24:00:00`, for a day has no hour 24. `None` for anything else, and for negative
/// lengths, which no member that we read may have.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim_matches(' ');
    if let Some(days) = number(text) {
        return (days <= MOST_DAYS).then(|| Duration::from_secs(days * DAY));
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (days, hours, minutes, seconds) = match parts[..] {
        [hours, minutes] => {
            let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
            (days, hours, minutes, "0")
        }
        [hours, minutes, seconds] => match hours.split_once('.') {
            Some((days, hours)) => (days, hours, minutes, seconds),
            None if number(hours)? < 24 => ("0", hours, minutes, seconds),
            None => (hours, minutes, seconds, "0"),
        },
        [days, hours, minutes, seconds] => (days, hours, minutes, seconds),
        _ => return None,
    };
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let whole = number(days).filter(|days| *days <= MOST_DAYS)? * DAY
        + below(hours, 24)? * HOUR
        + below(minutes, 60)? * MINUTE
        + below(seconds, 60)?;
    Some(Duration::from_secs(whole) + ticks(fraction)?)
}

fn below(text: &str, limit: u64) -> Option<u64> {
    number(text).filter(|number| *number < limit)
}

fn number(text: &str) -> Option<u64> {
    // `u64::from_str` accepts a leading `+`; TimeSpan does not.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// A fraction of a second in whole units of 100 ns; further digits do not count.
fn ticks(fraction: &str) -> Option<Duration> {
    number(fraction)?;
    let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
    Some(Duration::from_nanos(number(&digits)? * 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_out_of_range_are_refused() {
        for text in ["-1", "00:60:00", "1:2:3:4:5", "0:0:0."] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("23:59:59"), Some(Duration::from_secs(86_399)));
    }
}
