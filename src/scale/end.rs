//! The size and the end of a hold, as a person writes them on the command line and in a form.

use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};

use schedule::{Size, YEARS, Zone};

/// The end of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The next such time on the target's clocks.
    Time(Time),
    /// On the target's clocks.
    Local(DateTime),
    Instant(Timestamp),
    /// From now on.
    After(SignedDuration),
}

/// Longer lengths are mistakes, and instants that far away cannot be computed.
const LONGEST: SignedDuration = SignedDuration::from_hours(700 * 24);

impl End {
    pub(super) fn at(self, zone: &Zone, now: Timestamp) -> Timestamp {
        match self {
            End::Instant(at) => at,
            // No person would write the fraction of a second of the present.
            End::After(length) => Timestamp::from_second((now + length).as_second())
                .expect("it is within a second of an instant"),
            End::Local(local) => zone.edge(local).at,
            End::Time(time) => {
                let today = zone.wall(now).date();
                let tomorrow = today.tomorrow().unwrap_or(today);
                let on = |date: jiff::civil::Date| zone.edge(date.to_datetime(time)).at;
                let ends = [on(today), on(tomorrow)];
                ends.into_iter().find(|end| *end > now).unwrap_or(ends[1])
            }
        }
    }
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<End, String> {
        let is_time = text.len() == 5 && text.as_bytes()[2] == b':';
        let time = text.parse().ok().filter(|_| is_time).map(End::Time);
        let has_year = |it: &DateTime| YEARS.contains(&it.year());
        let is_possible = |it: &SignedDuration| it.abs() <= LONGEST;
        time.or_else(|| text.parse().ok().map(End::Instant))
            .or_else(|| text.parse().ok().filter(has_year).map(End::Local))
            .or_else(|| text.parse().ok().filter(is_possible).map(End::After))
            .ok_or_else(|| {
                format!(
                    "{text:?} is not a time; write 18:00 or \"2026-11-25 18:00\" on the target's clocks, \
                     2026-11-25T17:00:00Z, or a length such as 2h"
                )
            })
    }
}

/// Parses a size: `6`, or `2-6`.
pub(crate) fn size_of(text: &str) -> Result<Size, String> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let size = match text.split_once('-') {
        None => number(text).map(Size::One),
        Some((min, max)) => match (number(min), number(max)) {
            (Some(min), Some(max)) if min <= max => Some(Size::Between { min, max }),
            _ => None,
        },
    };
    size.ok_or_else(|| format!("{text:?} is not a size; write 6, or 2-6 for a least and a most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_a_date_an_instant_or_a_duration() {
        let zone: Zone = "Europe/Berlin".parse().expect("a zone");
        let now = "2026-11-24T12:00:00.5Z".parse().expect("an instant");
        let end = |text: &str| text.parse().map(|end: End| end.at(&zone, now).to_string());
        for (text, instant) in [
            ("18:00", "2026-11-24T17:00:00Z"),
            ("12:59", "2026-11-25T11:59:00Z"),
            ("2026-11-25 18:00", "2026-11-25T17:00:00Z"),
            ("2026-11-25T18:00:00", "2026-11-25T17:00:00Z"),
            ("2026-11-25T17:00:00Z", "2026-11-25T17:00:00Z"),
            ("2026-11-25T18:00:00+01:00", "2026-11-25T17:00:00Z"),
            ("2h", "2026-11-24T14:00:00Z"),
            ("1h 30m", "2026-11-24T13:30:00Z"),
        ] {
            assert_eq!(end(text).as_deref(), Ok(instant), "{text}");
        }
        for text in ["", "soon", "25:00", "6", "tomorrow"] {
            assert!(end(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_one_number_or_two() {
        assert_eq!(size_of("6"), Ok(Size::One(6)));
        assert_eq!(size_of("2-6"), Ok(Size::Between { min: 2, max: 6 }));
        for text in ["", "-1", "6-2", "2-", "many"] {
            assert!(size_of(text).is_err(), "{text}");
        }
    }
}
