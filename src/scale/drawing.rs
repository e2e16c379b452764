//! The plan as SVG 1.1: one row for each target, with time to the right and size upwards. The tooltip of a
//! span is its rule.

use askama::Template;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::report::{Plan, TargetPlan};
use schedule::Span;

/// Pixels of the whole time, and of the most instances.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 44.0;

/// The kinds of rules by precedence, with colours that are distinct without red and green.
const KINDS: [(&str, &str); 5] = [
    ("hold", "#d55e00"),
    ("dated", "#cc79a7"),
    ("holiday", "#e69f00"),
    ("weekly", "#0072b2"),
    ("default", "#999999"),
];

/// The most lines at days. More would only blacken the picture.
const DAY_LINES: i64 = 40;

#[derive(Template)]
#[template(path = "scale/plan.svg")]
struct Drawing<'a> {
    plan: &'a Plan<'a>,
    days: Vec<(f64, String)>,
    rows: Vec<(&'a TargetPlan<'a>, Vec<Bar<'a>>)>,
}

/// A span as a bar up to its most, pale above its least.
struct Bar<'a> {
    span: &'a Span<'a>,
    colour: &'static str,
    x: f64,
    width: f64,
    least: f64,
    most: f64,
}

pub(super) fn draw(plan: &Plan) -> String {
    let days = days(plan).map(|at| {
        let day = TimeZone::UTC.to_datetime(at).strftime("%a %d %b");
        (tenths(x(plan, at)), day.to_string())
    });
    let rows = plan.targets.iter().map(|target| {
        let bars = target.spans.iter().map(|span| Bar::of(plan, target, span));
        (target, bars.collect())
    });
    let drawing = Drawing {
        plan,
        days: days.collect(),
        rows: rows.collect(),
    };
    drawing.render().expect("writing to a string cannot fail")
}

impl<'a> Bar<'a> {
    fn of(plan: &Plan, target: &TargetPlan, span: &'a Span<'a>) -> Bar<'a> {
        let height = |count: u32| HEIGHT * f64::from(count) / f64::from(target.bounds.max.max(1));
        let colour = KINDS.iter().find(|(kind, _)| *kind == span.rule.kind());
        Bar {
            span,
            colour: colour.map_or("#000000", |(_, colour)| *colour),
            x: tenths(x(plan, span.from)),
            width: tenths(x(plan, span.to) - x(plan, span.from)),
            least: tenths(height(span.size.least())),
            most: tenths(height(span.size.most())),
        }
    }
}

fn x(plan: &Plan, at: Timestamp) -> f64 {
    let whole = plan.to.duration_since(plan.from).as_secs_f64();
    WIDTH * at.duration_since(plan.from).as_secs_f64() / whole
}

/// A coordinate with one digit after the point.
fn tenths(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// Each midnight of UTC, or every few midnights of a long plan.
fn days(plan: &Plan) -> impl Iterator<Item = Timestamp> {
    let Plan { from, to, .. } = *plan;
    let all = to.duration_since(from).as_hours() / 24;
    let step = SignedDuration::from_hours(24 * (all / DAY_LINES + 1));
    let begin = TimeZone::UTC.to_datetime(from).date();
    let first = TimeZone::UTC.to_timestamp(begin.to_datetime(Time::midnight()));
    let days = std::iter::successors(first.ok(), move |at| Some(*at + step));
    days.take_while(move |at| *at < to)
        .skip_while(move |at| *at < from)
}
