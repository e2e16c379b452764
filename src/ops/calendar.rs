//! The backups of the last 90 days as SVG: a column for each week. Pure.

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::ToSpan;
use jiff::civil::Date;

/// The days on the calendar.
pub(super) const DAYS: i64 = 90;

/// The result of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DayResult {
    Verified,
    Made,
    Degraded,
    Failed,
    Missing,
    /// Before the first backup, or today before the backup.
    None,
}

impl DayResult {
    /// For people, and the name of its style.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            DayResult::Verified => "verified",
            DayResult::Made => "made",
            DayResult::Degraded => "degraded",
            DayResult::Failed => "failed",
            DayResult::Missing => "missing",
            DayResult::None => "none",
        }
    }
}

#[derive(Template)]
#[template(path = "ops/calendar.svg")]
pub(super) struct Calendar {
    name: String,
    summary: String,
    /// How many days had each result.
    pub(super) counts: Vec<(usize, Mark)>,
    days: Vec<Day>,
    months: Vec<Month>,
}

impl HtmlSafe for Calendar {}

struct Day {
    date: Date,
    mark: Mark,
}

/// The square of a result at a place. Results differ in form, not only in colour.
#[derive(Template)]
#[template(path = "ops/mark.svg")]
pub(super) struct Mark {
    x: i64,
    y: i64,
    pub(super) result: DayResult,
}

impl HtmlSafe for Mark {}

struct Month {
    x: i64,
    text: String,
}

/// The distance of two days, and the size of one.
const STEP: i64 = 15;
const CELL: i64 = 12;
const LEFT: i64 = 30;
const TOP: i64 = 16;

impl Calendar {
    /// The days up to `today`.
    pub(super) fn draw(name: &str, today: Date, result: impl Fn(Date) -> DayResult) -> Calendar {
        let first = today.saturating_sub(i32::try_from(DAYS - 1).unwrap_or(i32::MAX).days());
        let lead = i64::from(first.weekday().to_monday_zero_offset());
        let mut days = Vec::new();
        let mut months: Vec<Month> = Vec::new();
        for (place, date) in (0..DAYS).zip(first.series(1.day())) {
            let (week, weekday) = ((place + lead) / 7, (place + lead) % 7);
            let x = LEFT + week * STEP;
            if date.day() == 1 {
                let text = date.strftime("%b").to_string();
                months.push(Month { x, text });
            }
            let mark = Mark {
                x,
                y: TOP + weekday * STEP,
                result: result(date),
            };
            days.push(Day { date, mark });
        }
        let counts = counts(&days);
        Calendar {
            name: name.to_owned(),
            summary: summary(&counts),
            counts,
            days,
            months,
        }
    }
}

fn counts(days: &[Day]) -> Vec<(usize, Mark)> {
    let results = [
        DayResult::Verified,
        DayResult::Made,
        DayResult::Degraded,
        DayResult::Failed,
        DayResult::Missing,
    ];
    let of = |result| days.iter().filter(|day| day.mark.result == result).count();
    let counts = results.into_iter().map(|result| {
        let (x, y) = (0, 0);
        (of(result), Mark { x, y, result })
    });
    counts.filter(|(count, _)| *count > 0).collect()
}

/// `Backups of the last 90 days: 80 made, 1 failed`.
fn summary(counts: &[(usize, Mark)]) -> String {
    let texts = counts.iter();
    let texts: Vec<String> = texts
        .map(|(count, mark)| format!("{count} {}", mark.result.as_str()))
        .collect();
    format!("Backups of the last {DAYS} days: {}", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn each_day_has_its_place_by_week_and_weekday() {
        // A Monday.
        let calendar = Calendar::draw("db", date("2026-11-30"), |day| {
            if day < date("2026-11-20") {
                DayResult::Made
            } else {
                DayResult::Missing
            }
        });
        assert_eq!(calendar.days.len(), 90);
        let last = calendar.days.last().expect("a day");
        assert_eq!((last.date, last.mark.y), (date("2026-11-30"), TOP));
        let before = &calendar.days[88];
        assert_eq!(
            (before.mark.x, before.mark.y),
            (last.mark.x - STEP, TOP + 6 * STEP)
        );
        let months: Vec<&str> = calendar.months.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(months, ["Oct", "Nov"]);
        assert_eq!(
            calendar.summary,
            "Backups of the last 90 days: 79 made, 11 missing"
        );
    }
}
