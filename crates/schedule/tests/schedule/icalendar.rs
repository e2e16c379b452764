//! Events of iCalendar files, compared with a definition that evaluates each day by itself.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use schedule::{Calendar, parse_calendar};

/// An event of whole days (RFC 5545).
#[derive(Clone, Debug)]
struct Event {
    start: Date,
    days: i32,
    /// The end of a yearly repetition.
    yearly: Option<Until>,
    excepted: Vec<Date>,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Forever,
    Count(usize),
    Date(Date),
}

fn later(date: Date, days: i32) -> Date {
    date.checked_add(days.days())
        .expect("a date of these years")
}

impl Event {
    fn text(&self) -> String {
        let day = |date: Date| date.strftime("%Y%m%d").to_string();
        let mut lines = vec![
            format!("DTSTART;VALUE=DATE:{}", day(self.start)),
            format!("DTEND;VALUE=DATE:{}", day(later(self.start, self.days))),
        ];
        lines.extend(self.yearly.map(|until| match until {
            Until::Forever => "RRULE:FREQ=YEARLY".to_owned(),
            Until::Count(count) => format!("RRULE:FREQ=YEARLY;COUNT={count}"),
            Until::Date(last) => format!("RRULE:FREQ=YEARLY;UNTIL={}", day(last)),
        }));
        let excepted = self.excepted.iter();
        lines.extend(excepted.map(|it| format!("EXDATE;VALUE=DATE:{}", day(*it))));
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{}\r\nEND:VEVENT\r\n\
             END:VCALENDAR\r\n",
            lines.join("\r\n")
        )
    }

    fn calendar(&self) -> Calendar {
        let text = self.text();
        parse_calendar(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// Whether the rule has an instance that begins on `day`, also if it is excepted.
    fn begins_by_rule(&self, day: Date) -> bool {
        let Some(until) = self.yearly else {
            return day == self.start;
        };
        let is_same_day = |day: Date| {
            day >= self.start && (day.month(), day.day()) == (self.start.month(), self.start.day())
        };
        is_same_day(day)
            && match until {
                Until::Forever => true,
                Until::Date(last) => day <= last,
                Until::Count(count) => {
                    let years = self.start.year()..=day.year();
                    let before = years.filter_map(|year| {
                        Date::new(year, self.start.month(), self.start.day()).ok()
                    });
                    before.count() <= count
                }
            }
    }

    /// Whether `day` is a day of an instance.
    fn has(&self, day: Date) -> bool {
        (0..self.days)
            .map(|back| later(day, -back))
            .any(|begin| self.begins_by_rule(begin) && !self.excepted.contains(&begin))
    }
}

/// Many days are near the turn of the year or the end of February, where mistakes are likely.
fn day() -> impl Strategy<Value = Date> {
    let year = prop_oneof![1601_i16..1970, 1970_i16..2060];
    let month_and_day = prop_oneof![
        Just((2_i8, 29_i8)),
        (2_i8..=2, 20_i8..=28),
        (12_i8..=12, 20_i8..=31),
        (1_i8..=12, 1_i8..=28),
    ];
    (year, month_and_day).prop_map(|(year, (month, day))| {
        let leap = (year + 3) / 4 * 4;
        let found = Date::new(year, month, day).or_else(|_| Date::new(leap, month, day));
        found.unwrap_or(date(2024, 2, 29))
    })
}

fn event() -> impl Strategy<Value = Event> {
    let until = prop_oneof![
        Just(Until::Forever),
        (1_usize..120).prop_map(Until::Count),
        day().prop_map(Until::Date),
    ];
    let days = prop_oneof![4 => 1..6_i32, 1 => 6..=366_i32];
    let excepted = prop::collection::vec((0_i16..80, -1..3_i32), 0..4);
    (day(), days, prop::option::weighted(0.8, until), excepted).prop_map(
        |(start, days, yearly, excepted)| {
            // Most are the first day of an instance, others a day beside it.
            let near = |(years, off): (i16, i32)| {
                let year = start.year() + years;
                let begin = Date::new(year, start.month(), start.day()).ok()?;
                Some(later(begin, off))
            };
            Event {
                start,
                days,
                yearly,
                excepted: excepted.into_iter().filter_map(near).collect(),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_events_have_the_days_of_the_definition(event in event(), from in 2019_i16..2045) {
        let calendar = event.calendar();
        let first = date(from, 1, 1);
        for number in 0..800 {
            let day = later(first, number);
            prop_assert_eq!(calendar.holiday(day).is_some(), event.has(day), "{}\n{}", day, event.text());
        }
    }
}

/// The days of this year that are holidays.
fn days_of(event: &Event, year: i16) -> Vec<String> {
    let calendar = event.calendar();
    let days = (0..366).map(|number| later(date(year, 1, 1), number));
    let holidays = days.filter(|day| day.year() == year && calendar.holiday(*day).is_some());
    holidays.map(|day| day.to_string()).collect()
}

#[test]
fn an_exception_removes_every_day_of_its_instance() {
    let event = Event {
        start: date(2024, 12, 24),
        days: 3,
        yearly: Some(Until::Forever),
        // The second is not the first day of an instance, so it removes nothing.
        excepted: vec![date(2025, 12, 24), date(2026, 12, 25)],
    };
    assert_eq!(days_of(&event, 2025), Vec::<String>::new());
    let whole = ["2026-12-24", "2026-12-25", "2026-12-26"];
    assert_eq!(days_of(&event, 2026), whole);
}

#[test]
fn a_yearly_event_over_the_end_of_february_keeps_its_length() {
    let event = Event {
        start: date(2025, 2, 27),
        days: 3,
        yearly: Some(Until::Forever),
        excepted: Vec::new(),
    };
    assert_eq!(
        days_of(&event, 2027),
        ["2027-02-27", "2027-02-28", "2027-03-01"]
    );
    assert_eq!(
        days_of(&event, 2028),
        ["2028-02-27", "2028-02-28", "2028-02-29"]
    );
}

#[test]
fn an_event_that_began_before_1970_or_on_29_february_is_read() {
    let yearly = |start, until| Event {
        start,
        days: 1,
        yearly: Some(until),
        excepted: Vec::new(),
    };
    let old = yearly(date(1604, 12, 25), Until::Forever);
    assert_eq!(days_of(&old, 2026), ["2026-12-25"]);
    let leap = yearly(date(2024, 2, 29), Until::Forever);
    assert_eq!(days_of(&leap, 2027), Vec::<String>::new());
    assert_eq!(days_of(&leap, 2028), ["2028-02-29"]);
    // The instances are counted, not the years: 2024, 2028, 2032.
    let thrice = yearly(date(2024, 2, 29), Until::Count(3));
    assert_eq!(days_of(&thrice, 2032), ["2032-02-29"]);
    assert_eq!(days_of(&thrice, 2036), Vec::<String>::new());
}
