//! Holidays out of iCalendar files (RFC 5545): events that last whole days.
//!
//! Of repetitions those by the year are read, with `COUNT`, `UNTIL` and `EXDATE`: it is how holidays
//! repeat. What is not read is refused, never left out in silence.

use ical::IcalParser;
use ical::parser::Component;
use ical::parser::ical::component::IcalEvent;
use jiff::civil::Date;
use thiserror::Error;

use super::calendar::Calendar;
use super::dates::YearDay;
use super::zone::{YEARS, days_after};

/// An iCalendar file that cannot be used.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// The file's form.
    #[error(
        "it is no iCalendar file ({0}); it must begin with BEGIN:VCALENDAR and end with END:VCALENDAR"
    )]
    Form(String),
    /// A time of day.
    #[error("the event {0:?} does not last whole days; holidays have dates without times")]
    NotAllDay(String),
    /// Dates that make no days.
    #[error("the event {0:?} has no dates that can be read; it needs DTSTART and a DTEND after it")]
    Dates(String),
    /// A repetition that is not read.
    #[error(
        "the event {0:?} repeats by {1:?}, and only FREQ=YEARLY with COUNT or UNTIL is read; write \
         its dates out"
    )]
    Repetition(String, String),
    /// Days that are told otherwise.
    #[error("the event {0:?} has {1}, which is not read; write its dates out")]
    Unread(String, &'static str),
}

/// What would add days, or change them, and is not read.
const UNREAD: [&str; 3] = ["RDATE", "DURATION", "RECURRENCE-ID"];

/// Reads the holidays of a file.
pub fn parse(text: &str) -> Result<Calendar, CalendarError> {
    let mut days = Calendar::default();
    let mut calendars = 0;
    for calendar in IcalParser::new(text.as_bytes()) {
        let calendar = calendar.map_err(|error| CalendarError::Form(error.to_string()))?;
        calendars += 1;
        for event in calendar.events.iter().filter(|event| !is_cancelled(event)) {
            days.extend(&of_event(event)?);
        }
    }
    if calendars == 0 {
        return Err(CalendarError::Form("it is empty".to_owned()));
    }
    Ok(days)
}

fn is_cancelled(event: &IcalEvent) -> bool {
    value(event, "STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"))
}

/// The days of one event: what it excepts is its own alone.
fn of_event(event: &IcalEvent) -> Result<Calendar, CalendarError> {
    let name = value(event, "SUMMARY")
        .unwrap_or("holiday")
        .replace("\\,", ",");
    if let Some(unread) = UNREAD.iter().find(|it| event.get_property(it).is_some()) {
        return Err(CalendarError::Unread(name, unread));
    }
    let mut days = Calendar::default();
    let (first, after) = span(event, &name)?;
    let dates = std::iter::successors(Some(first), |date| Some(days_after(*date, 1)));
    let dates: Vec<Date> = dates.take_while(|date| *date < after).collect();
    let repetition = match value(event, "RRULE") {
        None => Repetition::Years(1),
        Some(rule) => repetition(rule, first)
            .ok_or_else(|| CalendarError::Repetition(name.clone(), rule.to_owned()))?,
    };
    for date in dates {
        match repetition {
            Repetition::Years(count) => {
                let years = (date.year()..).take(count.into());
                let same = years.filter_map(|year| Date::new(year, date.month(), date.day()).ok());
                same.for_each(|date| days.add(date, &name));
            }
            Repetition::ForEver => {
                let day = YearDay::new(date.month(), date.day());
                let day = day.map_err(|_| CalendarError::Dates(name.clone()))?;
                days.add_yearly(day, date, &name);
            }
        }
    }
    for date in excepted(event, &name)? {
        days.except(date);
    }
    Ok(days)
}

/// The first day, and the one after the last: `DTEND` is not part of the event, and without one an
/// event lasts its day.
fn span(event: &IcalEvent, name: &str) -> Result<(Date, Date), CalendarError> {
    let unread = || CalendarError::Dates(name.to_owned());
    let first = value(event, "DTSTART").ok_or_else(unread)?;
    let first = date(first, name)?;
    let after = match value(event, "DTEND") {
        Some(end) => date(end, name)?,
        None => days_after(first, 1),
    };
    let is_short = first < after && after <= days_after(first, LONGEST);
    is_short.then_some((first, after)).ok_or_else(unread)
}

/// How many days may one holiday have? A year of them is a mistake in the file.
const LONGEST: i32 = 366;

fn excepted(event: &IcalEvent, name: &str) -> Result<Vec<Date>, CalendarError> {
    let lists = event.properties.iter().filter(|it| it.name == "EXDATE");
    let values = lists.filter_map(|it| it.value.as_deref());
    values
        .flat_map(|list| list.split(','))
        .map(|text| date(text, name))
        .collect()
}

/// How often an event comes, once a year.
#[derive(Clone, Copy)]
enum Repetition {
    Years(u16),
    ForEver,
}

/// What a rule says, if it is one that is read.
fn repetition(rule: &str, first: Date) -> Option<Repetition> {
    let mut repetition = Repetition::ForEver;
    let mut is_yearly = false;
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        match part.split_once('=')? {
            ("FREQ", "YEARLY") => is_yearly = true,
            ("COUNT", count) => repetition = Repetition::Years(count.parse().ok()?),
            ("UNTIL", until) => repetition = Repetition::Years(years(first, until)?),
            ("INTERVAL", "1") | ("WKST", _) => {}
            ("BYMONTH", month) if month.parse() == Ok(first.month()) => {}
            ("BYMONTHDAY", day) if day.parse() == Ok(first.day()) => {}
            _ => return None,
        }
    }
    is_yearly.then_some(repetition)
}

fn years(first: Date, until: &str) -> Option<u16> {
    let last = date(until.get(..8)?, "").ok()?;
    let same = Date::new(last.year(), first.month(), first.day()).ok()?;
    let years = last.year() - first.year() + i16::from(same <= last);
    u16::try_from(years).ok()
}

fn date(text: &str, name: &str) -> Result<Date, CalendarError> {
    if text.contains('T') {
        return Err(CalendarError::NotAllDay(name.to_owned()));
    }
    let number = |range| text.get(range).and_then(|digits: &str| digits.parse().ok());
    let (year, month, day) = (text.get(..4), number(4..6), number(6..8));
    let year: Option<i16> = year.and_then(|year| year.parse().ok());
    let parts = (year.filter(|year| YEARS.contains(year)), month, day);
    let date = match parts {
        (Some(year), Some(month), Some(day)) if text.len() == 8 => Date::new(year, month, day).ok(),
        _ => None,
    };
    date.ok_or_else(|| CalendarError::Dates(name.to_owned()))
}

fn value<'a>(event: &'a IcalEvent, name: &str) -> Option<&'a str> {
    event.get_property(name)?.value.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one event.
    fn event(lines: &str) -> Result<Calendar, CalendarError> {
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
    fn an_event_lasts_its_day_or_until_the_day_before_its_end() {
        let one = "DTSTART;VALUE=DATE:20261225";
        assert_eq!(
            holidays(
                one,
                &["2026-12-24", "2026-12-25", "2026-12-26", "2027-12-25"]
            ),
            [false, true, false, false]
        );
        let two = "DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270102";
        assert_eq!(
            holidays(two, &["2026-12-31", "2027-01-01", "2027-01-02"]),
            [true, true, false]
        );
        let calendar = event(one).expect("it can be read");
        let name = calendar.holiday("2026-12-25".parse().expect("a date"));
        assert_eq!(name, Some("Feast, of all"));
    }

    #[test]
    fn yearly_events_come_again_as_often_as_they_say() {
        let start = "DTSTART;VALUE=DATE:20241225\r\nRRULE:FREQ=YEARLY";
        let years = ["2023-12-25", "2024-12-25", "2026-12-25", "2027-12-25"];
        assert_eq!(holidays(start, &years), [false, true, true, true]);
        let counted = format!("{start};COUNT=3");
        assert_eq!(holidays(&counted, &years), [false, true, true, false]);
        let until = format!("{start};UNTIL=20261225");
        assert_eq!(holidays(&until, &years), [false, true, true, false]);
        let before = format!("{start};UNTIL=20261224T235959Z");
        assert_eq!(holidays(&before, &years), [false, true, false, false]);
        let left_out = format!("{counted}\r\nEXDATE;VALUE=DATE:20261225");
        assert_eq!(holidays(&left_out, &years), [false, true, false, false]);
        let left_out = format!("{start}\r\nEXDATE;VALUE=DATE:20261225");
        assert_eq!(holidays(&left_out, &years), [false, true, false, true]);
    }

    #[test]
    fn what_one_event_excepts_stays_a_day_of_another() {
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
    fn cancelled_events_do_not_count() {
        let lines = "DTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED";
        assert_eq!(holidays(lines, &["2026-12-25"]), [false]);
    }

    #[test]
    fn what_is_not_read_is_refused_by_the_events_name() {
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
                "DTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY",
                "no dates",
            ),
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
            assert!(matches!(parse(text), Err(CalendarError::Form(_))), "{text}");
        }
    }
}
