//! Times on the page.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::words;

/// A time in UTC, as `<time>`: a program reads the attribute, a person the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = TimeZone::UTC.to_datetime(self.0);
        let (machine, person) = (
            at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            at.strftime("%d %b %H:%M:%S"),
        );
        write!(
            formatter,
            "<time datetime=\"{machine}\" title=\"{machine}\">{person}</time>"
        )
    }
}

/// It consists of digits and names of months.
impl HtmlSafe for Moment {}

/// For templates, which pass references.
pub(super) fn utc(at: &Timestamp) -> Moment {
    Moment(*at)
}

/// The same as text alone.
pub(super) fn utc_text(at: &Timestamp) -> String {
    words::utc(*at)
}

/// The duration from the start to the end of some work: `340 ms`, `4.2 s`, `8 min 3 s`.
pub(super) fn took(duration: SignedDuration) -> String {
    let milliseconds = duration.as_millis().max(0);
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..60_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => words::length(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_of_their_size() {
        let milliseconds = [0, 340, 4_250, 483_000];
        let texts = milliseconds.map(|it| took(SignedDuration::from_millis(it)));
        assert_eq!(texts, ["0 ms", "340 ms", "4.2 s", "8 min 3 s"]);
    }
}
