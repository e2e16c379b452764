//! Times, durations and sizes for people.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `Fri 2026-11-27 16:00`.
pub(crate) fn local(at: DateTime) -> String {
    at.strftime("%a %Y-%m-%d %H:%M").to_string()
}

/// `2026-11-27 16:00`.
pub(crate) fn utc(at: Timestamp) -> String {
    let format = if at.as_second() % 60 == 0 {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    TimeZone::UTC.to_datetime(at).strftime(format).to_string()
}

/// Rounded down to the minute.
pub(crate) fn minute(at: Timestamp) -> Timestamp {
    let seconds = at.as_second().rem_euclid(60);
    Timestamp::from_second(at.as_second() - seconds).expect("it is within a minute of an instant")
}

/// `8 h`, `23 h 30 min`, `2 d 14 h`, `40 s`.
pub(crate) fn length(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let parts = units.iter().skip_while(|(count, _)| *count == 0).take(2);
    let parts = parts.filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if parts.is_empty() {
        return "0 s".to_owned();
    }
    parts.join(" ")
}

/// `851.5 MB`, in powers of ten.
pub(crate) fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    #[expect(
        clippy::cast_precision_loss,
        reason = "one digit after the point is shown"
    )]
    let mut number = bytes as f64;
    let mut unit = 0;
    while number >= 999.95 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{number:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_their_two_largest_units() {
        let seconds = [
            0,
            40,
            60,
            8 * 3600,
            84_600,
            25 * 3600,
            2 * 86_400 + 14 * 3600 + 120,
        ];
        assert_eq!(
            seconds.map(|it| length(SignedDuration::from_secs(it))),
            [
                "0 s",
                "40 s",
                "1 min",
                "8 h",
                "23 h 30 min",
                "1 d 1 h",
                "2 d 14 h"
            ]
        );
    }

    #[test]
    fn sizes_have_readable_units() {
        let sizes = [
            0,
            999,
            1000,
            999_949,
            999_950,
            851_500_000,
            2_000_000_000_000_000,
        ];
        assert_eq!(
            sizes.map(size),
            [
                "0 B",
                "999 B",
                "1.0 kB",
                "999.9 kB",
                "1.0 MB",
                "851.5 MB",
                "2000.0 TB"
            ]
        );
    }
}
