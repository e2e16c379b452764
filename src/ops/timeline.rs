//! The timeline of a target as SVG: planned and actual size, holds, now, and changes of the clocks. Pure.

use std::fmt::Write;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};

use crate::scale::ActualSpan;
use schedule::{Hold, Size, Span, Target};

/// The data of a target's timeline.
pub(super) struct Shown<'a> {
    pub(super) target: &'a Target,
    pub(super) from: Timestamp,
    pub(super) now: Timestamp,
    pub(super) to: Timestamp,
    pub(super) plan: &'a [Span<'a>],
    pub(super) actual: &'a [ActualSpan],
    pub(super) holds: &'a [&'a Hold],
}

/// A drawing, in whole units of its own.
#[derive(Template)]
#[template(path = "ops/timeline.svg")]
pub(super) struct Timeline {
    form: Form,
    target: String,
    title: String,
    days: Vec<Label>,
    levels: Vec<Label>,
    bands: Vec<Band>,
    area: String,
    plan: String,
    actual: String,
    now: i64,
    clock_changes: Vec<Label>,
}

impl HtmlSafe for Timeline {}

/// The size of a drawing, and the days between two labels.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// The name of its style.
    name: &'static str,
    width: i64,
    height: i64,
    days: usize,
}

pub(super) const WIDE: Form = Form {
    name: "broad",
    width: 1000,
    height: 150,
    days: 1,
};

/// For a telephone.
pub(super) const NARROW: Form = Form {
    name: "small",
    width: 360,
    height: 150,
    days: 2,
};

/// A text at a coordinate.
struct Label {
    at: i64,
    text: String,
}

/// A hold.
struct Band {
    x: i64,
    width: i64,
    text: String,
}

/// Around the plot.
const LEFT: i64 = 24;
const RIGHT: i64 = 8;
const TOP: i64 = 20;
const BOTTOM: i64 = 20;

impl Timeline {
    pub(super) fn draw(shown: &Shown, form: Form) -> Timeline {
        let scales = Scales { shown, form };
        let plan: Vec<Step> = shown
            .plan
            .iter()
            .map(|it| (it.from, it.to, it.size))
            .collect();
        let actual = shown.actual.iter().map(|it| (it.from, it.to, it.size));
        let actual: Vec<Step> = actual.collect();
        let top = scales.line(&plan, Size::most);
        Timeline {
            form,
            target: shown.target.name.to_string(),
            title: format!(
                "Planned and actual size of {} from {} to {}",
                shown.target.name,
                shown.target.zone.wall(shown.from).date(),
                shown.target.zone.wall(shown.to).date()
            ),
            days: scales.days(),
            levels: scales.levels(),
            bands: shown.holds.iter().map(|hold| scales.band(hold)).collect(),
            area: format!("{top}V{bottom}H{LEFT}Z", bottom = form.height - BOTTOM),
            plan: top + &scales.lower(&plan),
            actual: scales.line(&actual, Size::most) + &scales.lower(&actual),
            now: scales.x(shown.now),
            clock_changes: scales.clock_changes(),
        }
    }
}

/// From instants and sizes to coordinates.
struct Scales<'a> {
    shown: &'a Shown<'a>,
    form: Form,
}

/// The begin and the end of a size.
type Step = (Timestamp, Timestamp, Size);

impl Scales<'_> {
    fn x(&self, at: Timestamp) -> i64 {
        let Shown { from, to, .. } = *self.shown;
        let at = at.clamp(from, to);
        let whole = to.duration_since(from).as_secs().max(1);
        let part = at.duration_since(from).as_secs();
        LEFT + (self.form.width - LEFT - RIGHT) * part / whole
    }

    fn y(&self, count: u32) -> i64 {
        let height = self.form.height - TOP - BOTTOM;
        let highest = self.highest();
        TOP + height - height * i64::from(count).min(highest) / highest
    }

    /// The size at the top: a size that another party set may be above the bounds.
    fn highest(&self) -> i64 {
        let actual = self.shown.actual.iter().map(|span| span.size.most());
        let highest = actual.max().unwrap_or(0);
        highest.max(self.shown.target.bounds.max).max(1).into()
    }

    fn line(&self, steps: &[Step], count: fn(Size) -> u32) -> String {
        let mut line = String::new();
        for &(from, to, size) in steps {
            if to <= self.shown.from || self.shown.to <= from {
                continue;
            }
            let (x, y, end) = (self.x(from), self.y(count(size)), self.x(to));
            let step = if line.is_empty() {
                write!(line, "M{x} {y}H{end}")
            } else {
                write!(line, "V{y}H{end}")
            };
            step.expect("writing to a string cannot fail");
        }
        line
    }

    /// The line of the least sizes, if a size is a range.
    fn lower(&self, steps: &[Step]) -> String {
        if steps.iter().any(|(_, _, size)| size.least() < size.most()) {
            return self.line(steps, Size::least);
        }
        String::new()
    }

    /// The midnights of the target's clocks.
    fn days(&self) -> Vec<Label> {
        let zone = &self.shown.target.zone;
        let first = zone.wall(self.shown.from).date();
        let dates = std::iter::successors(first.tomorrow().ok(), |date| date.tomorrow().ok());
        let instants = dates.map(|date| (date, zone.edge(date.to_datetime(Time::midnight())).at));
        let instants = instants.take_while(|(_, at)| *at < self.shown.to);
        let labels = instants.enumerate().map(|(place, (date, at))| {
            let has_text = place % self.form.days == 0;
            Label {
                at: self.x(at),
                text: if has_text {
                    date.strftime("%a %d").to_string()
                } else {
                    String::new()
                },
            }
        });
        labels.collect()
    }

    /// Lines at whole sizes: at most four.
    fn levels(&self) -> Vec<Label> {
        let highest = u32::try_from(self.highest()).unwrap_or(u32::MAX);
        let step = highest.div_ceil(4).max(1);
        let levels = (0..=highest).step_by(step as usize);
        let levels = levels.map(|count| Label {
            at: self.y(count),
            text: count.to_string(),
        });
        levels.collect()
    }

    fn band(&self, hold: &Hold) -> Band {
        let (x, end) = (self.x(hold.since), self.x(hold.until));
        let zone = &self.shown.target.zone;
        Band {
            x,
            width: (end - x).max(2),
            text: format!(
                "held at {} from {} until {} by \u{2068}{}\u{2069}: \u{2068}{}\u{2069}",
                hold.size,
                zone.wall(hold.since).strftime("%a %d %b %H:%M"),
                zone.wall(hold.until).strftime("%a %d %b %H:%M"),
                hold.by,
                hold.reason
            ),
        }
    }

    fn clock_changes(&self) -> Vec<Label> {
        let Shown { from, to, .. } = *self.shown;
        let changes = self.shown.target.zone.clock_changes(from, to);
        let labels = changes.map(|(at, forward)| {
            let length = SignedDuration::from_secs(forward.unsigned_abs().into());
            let sign = if forward > 0 { '+' } else { '−' };
            Label {
                at: self.x(at),
                text: format!("clocks {sign}{}", crate::words::length(length)),
            }
        });
        labels.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schedule::{Configuration, Schedule, spans};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn drawn(form: Form) -> Timeline {
        let text = "[target.web]\nzone = \"Europe/Berlin\"\nsize = 1\nbounds = { min = 1, max = 4 }\n\
                    [[target.web.weekly]]\ndays = \"Mon-Fri\"\nfrom = \"08:00\"\nto = \"16:00\"\nsize = 4\n";
        let configuration = Configuration::parse(text).expect("it can be read");
        let schedule = Schedule::new(configuration, &BTreeMap::new());
        let web = &schedule.targets()[0];
        // Clocks are set back on Sunday, 25 October.
        let (from, to) = (at("2026-10-19T12:00:00Z"), at("2026-11-02T12:00:00Z"));
        let hold = Hold {
            target: web.name.clone(),
            size: Size::One(2),
            since: at("2026-10-24T12:00:00Z"),
            until: at("2026-10-25T12:00:00Z"),
            reason: "release".to_owned(),
            by: "ann".to_owned(),
        };
        let actual = [ActualSpan {
            from: at("2026-10-20T06:00:00Z"),
            to: at("2026-10-26T12:00:00Z"),
            size: Size::One(8),
        }];
        let holds = std::slice::from_ref(&hold);
        let plan = spans(web, holds, from, to);
        let shown = Shown {
            target: web,
            from,
            now: at("2026-10-26T12:00:00Z"),
            to,
            plan: &plan,
            actual: &actual,
            holds: &[&hold],
        };
        Timeline::draw(&shown, form)
    }

    #[test]
    fn a_timeline_has_the_days_of_the_targets_clocks() {
        let timeline = drawn(WIDE);
        assert_eq!(timeline.days.len(), 14);
        assert_eq!(timeline.days[0].text, "Tue 20");
        let texts: Vec<&str> = timeline
            .clock_changes
            .iter()
            .map(|it| it.text.as_str())
            .collect();
        assert_eq!(texts, ["clocks −1 h"]);
    }

    #[test]
    fn a_size_above_the_bounds_is_within_the_drawing() {
        for form in [WIDE, NARROW] {
            let timeline = drawn(form);
            assert_eq!(timeline.levels.last().map(|it| it.at), Some(TOP));
            assert!(
                timeline.actual.contains(&format!(" {TOP}H")),
                "{}",
                timeline.actual
            );
        }
    }
}
