//! The size at each minute by counting minutes, without code of the engine; and the same schedule for the engine.
//!
//! From the time zone database it uses only a zone's offset at an instant. Instants and times on clocks are
//! whole minutes since 1970.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schedule::{Configuration, Schedule, Target};

/// A schedule for the oracle and, as TOML, for the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) zone: String,
    pub(super) weekly: Vec<Week>,
    /// From and to on the clocks.
    pub(super) dated: Vec<(i64, i64, u32)>,
    /// Days since 1970.
    pub(super) holidays: Vec<i64>,
    pub(super) holiday_size: u32,
    /// From and to as instants. Later ones decide.
    pub(super) holds: Vec<(i64, i64, u32)>,
}

/// A weekly window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Week {
    /// Bits from Monday.
    pub(super) days: u8,
    pub(super) from: i64,
    pub(super) later: i64,
    pub(super) to: i64,
    pub(super) size: u32,
}

pub(super) const DEFAULT: u32 = 1;
const DAY: i64 = 24 * 60;

/// The times on a zone's clocks during some weeks.
pub(super) struct Clocks {
    first: i64,
    shown: Vec<i64>,
    /// The minute at which the clocks first show a time. In a gap, each minute is one after the one before.
    instants: Vec<i64>,
}

impl Clocks {
    /// For a zone whose clocks are set only at multiples of `grain` minutes.
    pub(super) fn new(zone: &TimeZone, from: i64, to: i64, grain: i64) -> Clocks {
        let first = from.div_euclid(grain) * grain;
        let mut shown = Vec::new();
        for start in (first..to).step_by(usize::try_from(grain).expect("some minutes")) {
            let offset = i64::from(zone.to_offset(instant(start)).seconds());
            assert_eq!(offset % 60, 0, "offsets are whole minutes in these years");
            shown.extend((start..start + grain).map(|minute| minute + offset / 60));
        }
        let (low, high) = (shown[0], shown[shown.len() - 1]);
        let mut instants = vec![i64::MIN; usize::try_from(high - low + 1).expect("weeks")];
        for (minute, wall) in (first..).zip(&shown) {
            if let Ok(place) = usize::try_from(wall - low)
                && let Some(instant) = instants.get_mut(place)
                && *instant == i64::MIN
            {
                *instant = minute;
            }
        }
        for place in 1..instants.len() {
            if instants[place] == i64::MIN {
                instants[place] = instants[place - 1] + 1;
            }
        }
        Clocks {
            first,
            shown,
            instants,
        }
    }

    fn instant(&self, wall: i64) -> Option<i64> {
        let place = usize::try_from(wall - self.shown[0]).ok()?;
        self.instants.get(place).copied()
    }

    fn days(&self) -> std::ops::RangeInclusive<i64> {
        let last = self.shown[self.shown.len() - 1];
        self.shown[0].div_euclid(DAY)..=last.div_euclid(DAY)
    }
}

impl Plan {
    /// The size at each minute from `from` to `to`. The clocks must reach ten days further at both
    /// ends.
    pub(super) fn sizes(&self, clocks: &Clocks, from: i64, to: i64) -> Vec<u32> {
        assert!(clocks.first <= from - 10 * DAY, "the clocks begin too late");
        let mut sizes = vec![DEFAULT; usize::try_from(to - from).expect("it ends after it begins")];
        let mut paint = |begin: i64, end: i64, size: u32| {
            for minute in begin.max(from)..end.min(to) {
                sizes[usize::try_from(minute - from).expect("it is in range")] = size;
            }
        };
        // The last one painted decides, so the lowest precedence comes first.
        for week in self.weekly.iter().rev() {
            for day in clocks.days().filter(|day| week.is_on(*day)) {
                let begin = clocks.instant(day * DAY + week.from);
                let end = clocks.instant((day + week.later) * DAY + week.to);
                if let (Some(begin), Some(end)) = (begin, end) {
                    paint(begin, end, week.size);
                }
            }
        }
        for day in &self.holidays {
            let begin = clocks.instant(day * DAY);
            if let (Some(begin), Some(end)) = (begin, clocks.instant((day + 1) * DAY)) {
                paint(begin, end, self.holiday_size);
            }
        }
        for (begin, end, size) in self.dated.iter().rev() {
            if let (Some(begin), Some(end)) = (clocks.instant(*begin), clocks.instant(*end)) {
                paint(begin, end, *size);
            }
        }
        for (begin, end, size) in &self.holds {
            paint(*begin, *end, *size);
        }
        sizes
    }

    /// The target that the engine reads from the `scale.toml` of this plan.
    pub(super) fn target(&self) -> Target {
        let text = self.toml();
        let configuration =
            Configuration::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Schedule::new(configuration, &BTreeMap::new()).targets()[0].clone()
    }

    /// The `scale.toml` of this plan, which has no holds.
    pub(super) fn toml(&self) -> String {
        let mut text = format!(
            "[target.web]\nzone = \"{}\"\nsize = {DEFAULT}\nbounds = {{ min = 0, max = 1000 }}\n",
            self.zone
        );
        let mut write = |line: String| writeln!(text, "{line}").expect("text takes text");
        if !self.holidays.is_empty() {
            let size = self.holiday_size;
            write(format!(
                "holidays = {{ calendars = [\"all\"], size = {size} }}"
            ));
        }
        for week in &self.weekly {
            write(format!("[[target.web.weekly]]\n{}", week.toml()));
        }
        for (from, to, size) in &self.dated {
            let (from, to) = (wall(*from), wall(*to));
            write(format!(
                "[[target.web.dated]]\nfrom = \"{from}\"\nto = \"{to}\"\nsize = {size}"
            ));
        }
        if !self.holidays.is_empty() {
            let days: Vec<String> = self.holidays.iter().map(|day| day_of(*day)).collect();
            write(format!("[calendar.all]\ndates = {days:?}"));
        }
        text
    }
}

/// The instant of a minute.
pub(super) fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).expect("an instant of these years")
}

const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Week {
    /// The first of January 1970 was a Thursday.
    fn is_on(self, day: i64) -> bool {
        self.days & (1 << (day + 3).rem_euclid(7)) != 0
    }

    fn toml(self) -> String {
        let Week {
            days,
            from,
            later,
            to,
            size,
        } = self;
        let named = |day: i64| NAMES[usize::try_from(day.rem_euclid(7)).expect("below seven")];
        let is_of_a_day = later == 0 || (later == 1 && to < from);
        if is_of_a_day {
            let days = (0..7).filter(|day| days & (1 << day) != 0).map(named);
            let days: Vec<&str> = days.collect();
            let (days, from, to) = (days.join(","), clock(from), clock(to));
            return format!("days = \"{days}\"\nfrom = \"{from}\"\nto = \"{to}\"\nsize = {size}");
        }
        assert_eq!(days.count_ones(), 1, "a longer window begins on one day");
        let first = i64::from(days.trailing_zeros());
        let (from, to) = (clock(from), clock(to));
        let (begin, end) = (named(first), named(first + later));
        format!("from = \"{begin} {from}\"\nto = \"{end} {to}\"\nsize = {size}")
    }
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn day_of(day: i64) -> String {
    instant(day * DAY).strftime("%Y-%m-%d").to_string()
}

fn wall(minutes: i64) -> String {
    format!(
        "{} {}",
        day_of(minutes.div_euclid(DAY)),
        clock(minutes.rem_euclid(DAY))
    )
}
