//! .NET's constant `TimeSpan` format, as host.json uses it: `[d.]hh:mm[:ss[.fffffff]]`.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads `00:00:30`, `1.00:00:00`, `00:05`, `00:00:00.5`; a bare number is days. `None` for
/// anything else, and for negative lengths, which no member that we read may have.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Some(days) = number(text) {
        return days.checked_mul(DAY).map(Duration::from_secs);
    }
    let (clock, seconds) = match text.splitn(3, ':').collect::<Vec<_>>()[..] {
        [hours, minutes] => ((hours, minutes), "0"),
        [hours, minutes, seconds] => ((hours, minutes), seconds),
        _ => return None,
    };
    let (days, hours) = clock.0.split_once('.').unwrap_or(("0", clock.0));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let whole = number(days)?.checked_mul(DAY)?
        + below(hours, 24)? * HOUR
        + below(clock.1, 60)? * MINUTE
        + below(seconds, 60)?;
    Some(Duration::from_secs(whole) + nanoseconds(fraction)?)
}

fn below(text: &str, limit: u64) -> Option<u64> {
    number(text).filter(|number| *number < limit && text.len() <= 2)
}

fn number(text: &str) -> Option<u64> {
    // `u64::from_str` accepts a leading `+`; TimeSpan does not.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

fn nanoseconds(fraction: &str) -> Option<Duration> {
    if fraction.len() > 7 {
        return None;
    }
    let digits = number(fraction)?;
    let scale = 10_u64.pow(9 - u32::try_from(fraction.len()).ok()?);
    Some(Duration::from_nanos(digits * scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_dotnet_reads() {
        for (text, seconds) in [
            ("00:00:30", 30.0),
            ("0:5:0", 300.0),
            ("00:05", 300.0),
            ("23:59:59", 86_399.0),
            ("1.00:00:01", 86_401.0),
            ("00:00:00.5", 0.5),
            ("2", 172_800.0),
        ] {
            assert_eq!(
                parse(text),
                Some(Duration::from_secs_f64(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "", "-1", "24:00:00", "00:60:00", "00:00:60", "1:2:3:4", "5m", "+1", "0:0:0.",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
