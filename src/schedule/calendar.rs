//! Holidays: dates with names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::dates::YearDay;
use super::size::Size;
use super::window::{Occurrence, Stretch};
use super::zone::{Zone, days_after, midnight};

/// Holidays of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    days: BTreeMap<Date, String>,
    yearly: Vec<Yearly>,
}

/// A day of every year.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Yearly {
    day: YearDay,
    since: Date,
    name: String,
    /// Years in which it is none.
    excepted: BTreeSet<Date>,
}

/// A target's holidays, and its size on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holidays {
    /// The names of its calendars.
    pub calendars: Vec<String>,
    /// The size on each of their days.
    pub size: Size,
    /// The line of `scale.toml` that they begin on.
    pub line: usize,
    /// What those calendars hold together.
    pub(super) days: Calendar,
}

impl Calendar {
    /// Adds a day. The first name of a day stays.
    pub(super) fn add(&mut self, date: Date, name: &str) {
        self.days.entry(date).or_insert_with(|| name.to_owned());
    }

    /// Adds a day of every year from `since` on.
    pub(super) fn add_yearly(&mut self, day: YearDay, since: Date, name: &str) {
        self.yearly.push(Yearly {
            day,
            since,
            name: name.to_owned(),
            excepted: BTreeSet::new(),
        });
    }

    /// Takes a day out again, also of those that come every year.
    pub(super) fn except(&mut self, date: Date) {
        self.days.remove(&date);
        for yearly in &mut self.yearly {
            yearly.excepted.insert(date);
        }
    }

    /// Adds all days of another calendar.
    pub(super) fn extend(&mut self, other: &Calendar) {
        for (date, name) in &other.days {
            self.add(*date, name);
        }
        self.yearly.extend_from_slice(&other.yearly);
    }

    /// The name of the holiday on `date`, if it is one.
    pub fn holiday(&self, date: Date) -> Option<&str> {
        let yearly = || {
            let mut days = self.yearly.iter();
            days.find(|it| {
                date >= it.since && it.day.of(date.year()) == date && !it.excepted.contains(&date)
            })
            .map(|it| &it.name)
        };
        self.days.get(&date).or_else(yearly).map(String::as_str)
    }

    /// Whether there is no day in it.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.yearly.is_empty()
    }

    /// The last day in it; none where days come every year.
    pub fn last(&self) -> Option<Date> {
        let (last, _) = self.days.last_key_value()?;
        self.yearly.is_empty().then_some(*last)
    }
}

impl Holidays {
    /// The name of the holiday on `date`, if it is one.
    pub fn holiday(&self, date: Date) -> Option<&str> {
        self.days.holiday(date)
    }

    /// The days that are in force at some time of `stretch`.
    pub(super) fn occurrences(
        &self,
        zone: &Zone,
        stretch: Stretch,
    ) -> impl Iterator<Item = Occurrence> {
        let dates = std::iter::successors(Some(stretch.first), |date| Some(days_after(*date, 1)));
        dates
            .take_while(move |date| *date <= stretch.last)
            .filter(|date| self.holiday(*date).is_some())
            .map(|date| Occurrence {
                begins: zone.edge(midnight(date)),
                ends: zone.edge(midnight(days_after(date, 1))),
            })
            .filter(move |it| stretch.meets(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn a_day_is_a_holiday_by_its_date_or_every_year_since() {
        let mut calendar = Calendar::default();
        calendar.add(date("2026-04-03"), "Good Friday");
        let christmas = YearDay::new(12, 25).expect("every year has it");
        calendar.add_yearly(christmas, date("2020-12-25"), "Christmas");
        assert_eq!(calendar.holiday(date("2026-04-03")), Some("Good Friday"));
        assert_eq!(calendar.holiday(date("2027-04-03")), None);
        assert_eq!(calendar.holiday(date("2031-12-25")), Some("Christmas"));
        assert_eq!(calendar.holiday(date("2019-12-25")), None);
        assert_eq!(calendar.last(), None);
    }

    #[test]
    fn a_calendar_of_dates_ends_with_its_last() {
        let mut calendar = Calendar::default();
        assert!(calendar.is_empty());
        calendar.add(date("2026-12-26"), "Boxing Day");
        calendar.add(date("2026-12-25"), "Christmas");
        assert_eq!(calendar.last(), Some(date("2026-12-26")));
    }
}
