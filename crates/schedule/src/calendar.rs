//! Holidays: dates with names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use serde::Deserialize;

use super::size::Size;
use super::week::DAY;
use super::window::{Occurrence, Period};
use super::zone::{Zone, clock, days_after};

/// Holidays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Of its table in `scale.toml`; 0 for one of an iCalendar file.
    pub(super) line: usize,
    days: BTreeMap<Date, String>,
    yearly: Vec<Yearly>,
}

/// A holiday that has an instance in every year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Yearly {
    pub(super) name: String,
    /// The first day of the first instance. 29 February has instances in leap years only.
    pub(super) first: Date,
    /// The first day of the last instance; `None` if the holiday repeats for ever.
    pub(super) last: Option<Date>,
    /// The days of an instance, at most 366.
    pub(super) days: i32,
    /// The first days of removed instances.
    pub(super) excepted: BTreeSet<Date>,
}

impl Yearly {
    fn has(&self, date: Date) -> bool {
        // An instance may last over the turn of the year.
        let years = [date.year(), date.year() - 1].into_iter();
        let mut begins = years.filter_map(|year| same_day(self.first, year));
        begins.any(|begin| {
            self.first <= begin
                && self.last.is_none_or(|last| begin <= last)
                && begin <= date
                && date < days_after(begin, self.days)
                && !self.excepted.contains(&begin)
        })
    }
}

/// The same month and day in `year`, if that year has it.
pub(super) fn same_day(date: Date, year: i16) -> Option<Date> {
    Date::new(year, date.month(), date.day()).ok()
}

/// A target's holidays, and its size on them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// In `scale.toml`.
    #[serde(skip)]
    pub(super) line: usize,
    pub calendars: Vec<String>,
    pub size: Size,
    /// The days of all these calendars.
    #[serde(skip)]
    pub(super) days: Calendar,
}

impl Calendar {
    /// Adds a day. If it is in the calendar already, its name stays.
    pub(super) fn add(&mut self, date: Date, name: &str) {
        self.days.entry(date).or_insert_with(|| name.to_owned());
    }

    pub(super) fn add_yearly(&mut self, yearly: Yearly) {
        self.yearly.push(yearly);
    }

    pub(super) fn extend(&mut self, other: &Calendar) {
        for (date, name) in &other.days {
            self.add(*date, name);
        }
        self.yearly.extend_from_slice(&other.yearly);
    }

    /// The name of the holiday on `date`, if there is one.
    pub fn holiday(&self, date: Date) -> Option<&str> {
        let yearly = || {
            let mut yearly = self.yearly.iter();
            yearly.find(|it| it.has(date)).map(|it| &it.name)
        };
        self.days.get(&date).or_else(yearly).map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.yearly.is_empty()
    }

    /// The last day; `None` if a holiday repeats for ever.
    pub fn last(&self) -> Option<Date> {
        let ends = self.yearly.iter().map(|it| {
            let last = it.last?;
            Some(days_after(last, it.days - 1))
        });
        let ends: Option<Vec<Date>> = ends.collect();
        let single = self.days.last_key_value().map(|(last, _)| *last);
        ends?.into_iter().chain(single).max()
    }
}

impl Holidays {
    /// The name of the holiday on `date`, if there is one.
    pub(super) fn holiday(&self, date: Date) -> Option<&str> {
        self.days.holiday(date)
    }

    /// The days that are in force at some time of `period`.
    pub(super) fn occurrences(
        &self,
        zone: &Zone,
        period: Period,
    ) -> impl Iterator<Item = Occurrence> {
        let dates = std::iter::successors(Some(period.first), |date| Some(days_after(*date, 1)));
        dates
            .take_while(move |date| *date <= period.last)
            .filter(|date| self.holiday(*date).is_some())
            .map(|date| Occurrence::new(zone, clock(date, 0), clock(date, DAY)))
            .filter(move |it| period.meets(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn a_calendar_ends_with_its_last_instance_unless_one_repeats_for_ever() {
        let yearly = |last| {
            let mut calendar = Calendar::default();
            calendar.add_yearly(Yearly {
                name: "Christmas".to_owned(),
                first: date("2020-12-25"),
                last,
                days: 2,
                excepted: BTreeSet::new(),
            });
            calendar.last()
        };
        assert_eq!(yearly(None), None);
        assert_eq!(yearly(Some(date("2026-12-25"))), Some(date("2026-12-26")));
    }

    #[test]
    fn a_calendar_of_dates_ends_with_its_last_date() {
        let mut calendar = Calendar::default();
        assert!(calendar.is_empty());
        calendar.add(date("2026-12-26"), "Boxing Day");
        calendar.add(date("2026-12-25"), "Christmas");
        assert_eq!(calendar.last(), Some(date("2026-12-26")));
    }
}
