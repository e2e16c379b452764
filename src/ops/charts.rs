//! Small charts of backups as SVG. Pure.

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::SignedDuration;

use crate::backup::AgeLimits;
use crate::words;

/// An age against its limits.
#[derive(Template)]
#[template(path = "ops/age.svg")]
pub(super) struct AgeBar {
    id: String,
    pub(super) text: String,
    pub(super) state: &'static str,
    width: i64,
    warn: i64,
    fail: i64,
}

impl HtmlSafe for AgeBar {}

/// The length of a bar in its own units.
const LENGTH: i64 = 300;

impl AgeBar {
    /// `None` where there is no such backup.
    pub(super) fn draw(id: String, age: Option<SignedDuration>, limits: AgeLimits) -> AgeBar {
        // The failure is at five sixths, so that an age beyond it is visible.
        let whole = (limits.fail.as_secs() * 6 / 5).max(1);
        let at = |length: SignedDuration| (length.as_secs() * LENGTH / whole).clamp(0, LENGTH);
        let (warn, fail) = (words::length(limits.warn), words::length(limits.fail));
        AgeBar {
            id,
            text: match age {
                None => "there is none yet".to_owned(),
                Some(age) => format!(
                    "{} old; warns from {warn}, fails from {fail}",
                    words::length(age)
                ),
            },
            state: limits.status(age).as_str(),
            width: age.map_or(0, |age| at(age).max(2)),
            warn: at(limits.warn),
            fail: at(limits.fail),
        }
    }
}

/// One value for each backup, the oldest first.
#[derive(Template)]
#[template(path = "ops/chart.svg")]
pub(super) struct Chart {
    id: String,
    pub(super) title: &'static str,
    /// The last value, and the range of all.
    pub(super) text: String,
    bars: Vec<Bar>,
}

impl HtmlSafe for Chart {}

/// A value of a chart.
pub(super) struct Value {
    pub(super) number: u64,
    /// The value in words.
    pub(super) text: String,
    pub(super) backup: String,
    pub(super) is_degraded: bool,
}

struct Bar {
    x: i64,
    y: i64,
    height: i64,
    text: String,
    is_degraded: bool,
}

const HEIGHT: i64 = 44;

/// The width of a bar with its gap.
const BAR: i64 = 8;

/// The bars of a chart.
pub(super) const BARS: usize = 30;

impl Chart {
    pub(super) fn draw(id: String, title: &'static str, values: &[Value]) -> Chart {
        let most = values.iter().map(|it| it.number).max().unwrap_or(0).max(1);
        let bars = values.iter().zip((0..).step_by(8)).map(|(value, x)| {
            let height = u128::from(value.number) * u128::from(HEIGHT.unsigned_abs());
            let height = i64::try_from(height.div_ceil(most.into()))
                .unwrap_or(HEIGHT)
                .max(1);
            Bar {
                x,
                y: HEIGHT - height,
                height,
                text: format!("{}: {}", value.backup, value.text),
                is_degraded: value.is_degraded,
            }
        });
        Chart {
            id,
            title,
            text: text(values),
            bars: bars.collect(),
        }
    }
}

/// `8.1 MB, between 7.9 MB and 8.3 MB in 30 backups`.
fn text(values: &[Value]) -> String {
    let least = values.iter().min_by_key(|it| it.number);
    let most = values.iter().max_by_key(|it| it.number);
    match (values.last(), least, most) {
        (Some(newest), Some(least), Some(most)) if least.text != most.text => format!(
            "{}, between {} and {} in {} backups",
            newest.text,
            least.text,
            most.text,
            values.len()
        ),
        (Some(newest), ..) => newest.text.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: AgeLimits = AgeLimits {
        warn: SignedDuration::from_hours(26),
        fail: SignedDuration::from_hours(50),
    };

    #[test]
    fn an_age_is_compared_with_its_limits() {
        let bar = |hours: Option<i64>| {
            let age = hours.map(SignedDuration::from_hours);
            let bar = AgeBar::draw("a".to_owned(), age, LIMITS);
            (bar.state, bar.width)
        };
        assert_eq!(bar(None), ("warn", 0));
        assert_eq!(bar(Some(7)), ("ok", 35));
        assert_eq!(bar(Some(26)), ("warn", 130));
        assert_eq!(bar(Some(900)), ("fail", LENGTH));
    }

    #[test]
    fn the_highest_bar_has_the_whole_height_and_each_is_visible() {
        let values = [0, 5, u64::MAX].map(|number| Value {
            number,
            text: number.to_string(),
            backup: "b".to_owned(),
            is_degraded: false,
        });
        let chart = Chart::draw("c".to_owned(), "Rows", &values);
        let heights: Vec<i64> = chart.bars.iter().map(|it| it.height).collect();
        assert_eq!(heights, [1, 1, HEIGHT]);
    }
}
