//! Holidays from iCalendar files (RFC 5545): events that last whole days.
//!
//! Of repetitions only yearly ones are read, with `COUNT`, `UNTIL` and `EXDATE`, because holidays repeat so.
//! An instance lasts as many days as the event. `EXDATE` removes the whole instance that begins on its day.
//! 29 February has instances in leap years only, and `COUNT` counts these. All else is rejected, so nothing
//! is lost silently.

use std::collections::BTreeSet;

use ical::IcalParser;
use ical::parser::Component;
use ical::parser::ical::component::IcalEvent;
use jiff::civil::Date;

use super::calendar::{Calendar, Yearly, same_day};
use super::error::Error;
use super::zone::{YEARS, days_after};

/// Properties that would add or change days.
const UNREAD: [&str; 4] = ["RDATE", "EXRULE", "DURATION", "RECURRENCE-ID"];

/// Parses the holidays of a file.
pub fn parse(text: &str) -> Result<Calendar, Error> {
    let mut days = Calendar::default();
    let mut calendars = 0;
    for calendar in IcalParser::new(text.as_bytes()) {
        let calendar = calendar.map_err(|error| other_form(&error.to_string()))?;
        calendars += 1;
        for event in calendar.events.iter().filter(|event| !is_cancelled(event)) {
            days.extend(&of_event(event)?);
        }
    }
    if calendars == 0 {
        return Err(other_form("it is empty"));
    }
    Ok(days)
}

fn other_form(problem: &str) -> Error {
    Error(format!(
        "not an iCalendar file ({problem}); it must begin with BEGIN:VCALENDAR and end with END:VCALENDAR"
    ))
}

fn is_cancelled(event: &IcalEvent) -> bool {
    value(event, "STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"))
}

/// The days of one event. `EXDATE` removes only days of its own event.
fn of_event(event: &IcalEvent) -> Result<Calendar, Error> {
    let name = value(event, "SUMMARY")
        .unwrap_or("holiday")
        .replace("\\,", ",");
    if let Some(unread) = UNREAD.iter().find(|it| event.get_property(it).is_some()) {
        return Err(unread_member(&name, unread));
    }
    let rules = event.properties.iter().filter(|it| it.name == "RRULE");
    if rules.count() > 1 {
        return Err(unread_member(&name, "a second RRULE"));
    }
    let first = first_day(event, &name)?;
    let days = length(event, first, &name)?;
    let excepted = excepted(event, &name)?;
    let mut calendar = Calendar::default();
    let Some(rule) = value(event, "RRULE") else {
        if !excepted.contains(&first) {
            (0..days).for_each(|day| calendar.add(days_after(first, day), &name));
        }
        return Ok(calendar);
    };
    let repetition = Repetition::parse(rule, first).ok_or_else(|| {
        Error(format!(
            "the event {name:?} repeats by {rule:?}; only FREQ=YEARLY with COUNT or UNTIL can be read, so write \
             its dates out"
        ))
    })?;
    let last = repetition.instances(first);
    let last = last.filter(|begin| !excepted.contains(begin)).last();
    if last.is_some() {
        calendar.add_yearly(Yearly {
            name,
            first,
            last: last.filter(|_| !repetition.is_forever()),
            days,
            excepted,
        });
    }
    Ok(calendar)
}

fn unread_member(name: &str, member: &str) -> Error {
    Error(format!(
        "the event {name:?} has {member}, which cannot be read; write its dates out"
    ))
}

fn no_dates(name: &str) -> Error {
    Error(format!(
        "the event {name:?} has no dates that can be read; it needs DTSTART and a later DTEND, at most {LONGEST} \
         days, up to the year {}",
        YEARS.end()
    ))
}

fn first_day(event: &IcalEvent, name: &str) -> Result<Date, Error> {
    let unread = || no_dates(name);
    let first = date(value(event, "DTSTART").ok_or_else(unread)?, name)?;
    if first.year() > *YEARS.end() {
        return Err(unread());
    }
    Ok(first)
}

/// The number of days. `DTEND` is exclusive, and an event without one lasts its day.
fn length(event: &IcalEvent, first: Date, name: &str) -> Result<i32, Error> {
    let days = match value(event, "DTEND") {
        Some(end) => (date(end, name)? - first).get_days(),
        None => 1,
    };
    if (1..=LONGEST).contains(&days) {
        Ok(days)
    } else {
        Err(no_dates(name))
    }
}

/// The longest holiday, in days. A longer one is a mistake in the file.
const LONGEST: i32 = 366;

/// The first days of removed instances.
fn excepted(event: &IcalEvent, name: &str) -> Result<BTreeSet<Date>, Error> {
    let lists = event.properties.iter().filter(|it| it.name == "EXDATE");
    let values = lists.filter_map(|it| it.value.as_deref());
    values
        .flat_map(|list| list.split(','))
        .map(|text| date(text, name))
        .collect()
}

/// A yearly repetition.
#[derive(Clone, Copy, Default)]
struct Repetition {
    count: Option<usize>,
    until: Option<Date>,
}

impl Repetition {
    /// `None`: a rule that cannot be read.
    fn parse(rule: &str, first: Date) -> Option<Repetition> {
        let rule = rule.to_ascii_uppercase();
        let mut repetition = Repetition::default();
        let (mut is_yearly, mut has_month, mut has_day) = (false, false, false);
        for part in rule.split(';').filter(|part| !part.is_empty()) {
            match part.split_once('=')? {
                ("FREQ", "YEARLY") => is_yearly = true,
                ("COUNT", text) => repetition.count = Some(text.parse().ok()?),
                ("UNTIL", text) => repetition.until = Some(date(text.get(..8)?, "").ok()?),
                ("INTERVAL", "1") | ("WKST", _) => {}
                ("BYMONTH", month) if month.parse() == Ok(first.month()) => has_month = true,
                ("BYMONTHDAY", day) if day.parse() == Ok(first.day()) => has_day = true,
                _ => return None,
            }
        }
        // A day without a month is one of every month.
        let is_read = is_yearly && (has_month || !has_day);
        let has_one_end = repetition.count.is_none() || repetition.until.is_none();
        (is_read && has_one_end).then_some(repetition)
    }

    fn is_forever(self) -> bool {
        self.count.is_none() && self.until.is_none()
    }

    /// The first days of all instances up to the last year that is read, also of removed ones.
    fn instances(self, first: Date) -> impl Iterator<Item = Date> {
        let years = first.year()..=*YEARS.end();
        let days = years.filter_map(move |year| same_day(first, year));
        days.take(self.count.unwrap_or(usize::MAX))
            .take_while(move |it| self.until.is_none_or(|until| *it <= until))
    }
}

fn date(text: &str, name: &str) -> Result<Date, Error> {
    if text.contains('T') {
        return Error::of(format!(
            "the event {name:?} does not last whole days; holidays have dates without times"
        ));
    }
    let is_date = text.len() == 8 && text.bytes().all(|it| it.is_ascii_digit());
    let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().ok();
    let small = |range| number(range).and_then(|it| it.try_into().ok());
    let parts = || Some((number(0..4)?, small(4..6)?, small(6..8)?));
    let parts = is_date.then(parts).flatten();
    let date = parts.and_then(|(year, month, day)| Date::new(year, month, day).ok());
    date.ok_or_else(|| no_dates(name))
}

fn value<'a>(event: &'a IcalEvent, name: &str) -> Option<&'a str> {
    event.get_property(name)?.value.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one event.
    fn event(lines: &str) -> Result<Calendar, Error> {
        parse(&format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Feast\\, of all\r\n\
             {lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ))
    }

    fn holidays(lines: &str, dates: &[&str]) -> Vec<bool> {
        let calendar = event(lines).expect("it can be read");
        let is_holiday = |text: &&str| calendar.holiday(text.parse().expect("a date")).is_some();
        dates.iter().map(is_holiday).collect()
    }

    #[test]
    fn an_event_without_an_end_lasts_its_day() {
        let one = "DTSTART;VALUE=DATE:20261225";
        assert_eq!(
            holidays(one, &["2026-12-24", "2026-12-25", "2026-12-26"]),
            [false, true, false]
        );
        let calendar = event(one).expect("it can be read");
        let name = calendar.holiday("2026-12-25".parse().expect("a date"));
        assert_eq!(name, Some("Feast, of all"));
    }

    /// `tests/schedule/icalendar.rs` compares the forms that are usual.
    #[test]
    fn unusual_forms_of_yearly_rules_are_read() {
        let years = ["2023-12-25", "2024-12-25", "2026-12-25", "2027-12-25"];
        for (rule, expected) in [
            ("UNTIL=20261224T235959Z", [false, true, false, false]),
            ("COUNT=99999", [false, true, true, true]),
            ("UNTIL=99991231", [false, true, true, true]),
            ("bymonth=12;bymonthday=25", [false, true, true, true]),
            (
                "COUNT=3\r\nEXDATE;VALUE=DATE:20261225",
                [false, true, false, false],
            ),
        ] {
            let lines = format!("DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY;{rule}");
            assert_eq!(holidays(&lines, &years), expected, "{rule}");
        }
    }

    #[test]
    fn an_exception_of_one_event_leaves_the_days_of_another() {
        let event = |lines: &str| format!("BEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n");
        let calendar = parse(&format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}{}END:VCALENDAR\r\n",
            event("DTSTART;VALUE=DATE:20261225"),
            event(
                "DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY;COUNT=4\r\n\
                 EXDATE;VALUE=DATE:20261225,20271225"
            ),
        ));
        let calendar = calendar.expect("it can be read");
        let is_holiday = |text: &str| calendar.holiday(text.parse().expect("a date")).is_some();
        let years = ["2025-12-25", "2026-12-25", "2027-12-25"].map(is_holiday);
        assert_eq!(years, [true, true, false]);
    }

    #[test]
    fn cancelled_events_are_skipped() {
        let lines = "DTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED";
        assert_eq!(holidays(lines, &["2026-12-25"]), [false]);
    }

    #[test]
    fn unreadable_events_are_rejected_by_name() {
        for (lines, hint) in [
            ("DTSTART:20261225T080000Z", "whole days"),
            ("DTSTART;VALUE=DATE:20261325", "no dates"),
            (
                "DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261225",
                "no dates",
            ),
            (
                "DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20281225",
                "no dates",
            ),
            (
                "DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=MONTHLY",
                "FREQ=MONTHLY",
            ),
            (
                "DTSTART;VALUE=DATE:20261126\r\nRRULE:FREQ=YEARLY;BYDAY=4TH",
                "BYDAY=4TH",
            ),
            (
                "DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY;BYMONTHDAY=25",
                "BYMONTHDAY=25",
            ),
            (
                "DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY;COUNT=2;UNTIL=20271225",
                "COUNT=2",
            ),
            (
                "DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY\r\nRRULE:FREQ=YEARLY;COUNT=2",
                "a second RRULE",
            ),
            ("DTSTART;VALUE=DATE:30001225", "up to the year 2999"),
            ("DTSTART;VALUE=DATE:+2261225", "no dates"),
            ("SUMMARY:again", "no dates"),
            (
                "DTSTART;VALUE=DATE:20261225\r\nRDATE;VALUE=DATE:20261228",
                "RDATE",
            ),
            ("DTSTART;VALUE=DATE:20261225\r\nDURATION:P3D", "DURATION"),
        ] {
            let error = event(lines).expect_err(lines).to_string();
            assert!(error.contains(hint) && error.contains("Feast"), "{error}");
        }
        for text in ["", "hello", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains("not an iCalendar file"), "{error}");
        }
    }
}
