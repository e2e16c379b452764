//! Holidays: dates with names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::size::Size;
use super::window::{Occurrence, Stretch};
use super::zone::{Zone, days_after, midnight};

/// Holidays of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    days: BTreeMap<Date, String>,
    yearly: Vec<Yearly>,
}

/// Days of every year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Yearly {
    pub(super) name: String,
    /// The day on which its first instance begins. 29 February has instances in leap years alone.
    pub(super) first: Date,
    /// The day on which its last instance begins; none where it comes for ever.
    pub(super) last: Option<Date>,
    /// So many days from the begin of an instance on, at most 366.
    pub(super) days: i32,
    /// The days on which instances would begin that were removed.
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

/// The day of this month and day in `year`, if it has one.
pub(super) fn same_day(date: Date, year: i16) -> Option<Date> {
    Date::new(year, date.month(), date.day()).ok()
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

    /// Adds days of every year.
    pub(super) fn add_yearly(&mut self, yearly: Yearly) {
        self.yearly.push(yearly);
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
            let mut yearly = self.yearly.iter();
            yearly.find(|it| it.has(date)).map(|it| &it.name)
        };
        self.days.get(&date).or_else(yearly).map(String::as_str)
    }

    /// Whether there is no day in it.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.yearly.is_empty()
    }

    /// The last day in it; none where days come every year for ever.
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
        let christmas = Yearly {
            name: "Christmas".to_owned(),
            first: date("2020-12-25"),
            last: None,
            days: 1,
            excepted: BTreeSet::new(),
        };
        calendar.add_yearly(christmas.clone());
        assert_eq!(calendar.holiday(date("2026-04-03")), Some("Good Friday"));
        assert_eq!(calendar.holiday(date("2027-04-03")), None);
        assert_eq!(calendar.holiday(date("2031-12-25")), Some("Christmas"));
        assert_eq!(calendar.holiday(date("2019-12-25")), None);
        assert_eq!(calendar.last(), None);
        let mut ends = Calendar::default();
        ends.add_yearly(Yearly {
            last: Some(date("2026-12-25")),
            days: 2,
            ..christmas
        });
        assert_eq!(ends.last(), Some(date("2026-12-26")));
        assert_eq!(ends.holiday(date("2026-12-26")), Some("Christmas"));
        assert_eq!(ends.holiday(date("2027-12-25")), None);
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
