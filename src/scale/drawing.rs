//! The plan as a picture: one row for each target, time to the right, size upwards. SVG 1.1, with the
//! rule of each stretch as its tooltip.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::report::{Plan, PlannedSpan, TargetPlan};

/// Where things are, in pixels.
const LABELS: f64 = 150.0;
const WIDTH: f64 = 1000.0;
const TOP: f64 = 40.0;
const ROW: f64 = 64.0;
const BAR: f64 = 44.0;
const LEGEND: f64 = 36.0;

/// The kinds of rules, from the strongest, and their colours: distinct also without red and green.
const KINDS: [(&str, &str); 5] = [
    ("hold", "#d55e00"),
    ("dated", "#cc79a7"),
    ("holiday", "#e69f00"),
    ("weekly", "#0072b2"),
    ("default", "#999999"),
];

/// How many lines may mark days before they only blacken the picture?
const MARKS: i64 = 40;

/// The whole picture.
pub(super) fn draw(plan: &Plan) -> String {
    let rows = f64::from(u32::try_from(plan.targets.len()).unwrap_or(u32::MAX));
    let (width, height) = (LABELS + WIDTH + 60.0, TOP + rows * ROW + LEGEND);
    let mut svg = String::new();
    let out = &mut svg;
    line(
        out,
        &format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">"
        ),
    );
    line(
        out,
        &format!("<title>Sizes from {} to {}</title>", plan.from, plan.to),
    );
    line(
        out,
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
    );
    days(out, plan, height - LEGEND);
    let mut top = TOP;
    for target in &plan.targets {
        row(out, plan, target, top);
        top += ROW;
    }
    legend(out, top);
    line(out, "</svg>");
    svg
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Seconds since the plan's begin, across the width.
fn x(plan: &Plan, at: Timestamp) -> f64 {
    let whole = plan.to.duration_since(plan.from).as_secs_f64();
    let part = at.duration_since(plan.from).as_secs_f64();
    LABELS + WIDTH * (part / whole)
}

/// A line for each midnight of UTC, or for each so many days that they stay apart.
fn days(out: &mut String, plan: &Plan, bottom: f64) {
    let all = plan.to.duration_since(plan.from).as_hours() / 24;
    let step = SignedDuration::from_hours(24 * (all / MARKS + 1));
    let begin = TimeZone::UTC.to_datetime(plan.from).date();
    let first = TimeZone::UTC.to_timestamp(begin.to_datetime(jiff::civil::Time::midnight()));
    let mut at = first.unwrap_or(plan.from);
    while at < plan.to {
        if at >= plan.from {
            let x = x(plan, at);
            let day = TimeZone::UTC.to_datetime(at).strftime("%a %d %b");
            line(
                out,
                &format!(
                    "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#dddddd\"/>"
                ),
            );
            line(
                out,
                &format!(
                    "<text x=\"{x:.1}\" y=\"{}\" transform=\"rotate(-30 {x:.1} {})\" fill=\"#555555\" \
                 font-size=\"9\">{day}</text>",
                    TOP - 6.0,
                    TOP - 6.0
                ),
            );
        }
        at += step;
    }
}

fn row(out: &mut String, plan: &Plan, target: &TargetPlan, top: f64) {
    let base = top + BAR + 10.0;
    line(
        out,
        &format!(
            "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}</text>",
            top + 28.0,
            escaped(&target.target)
        ),
    );
    line(
        out,
        &format!(
            "<text x=\"8\" y=\"{}\" fill=\"#555555\" font-size=\"10\">{}, {}</text>",
            top + 44.0,
            escaped(&target.zone),
            target.bounds
        ),
    );
    for span in &target.spans {
        stretch(out, plan, target, span, base);
    }
    line(
        out,
        &format!(
            "<line x1=\"{LABELS}\" y1=\"{base}\" x2=\"{}\" y2=\"{base}\" stroke=\"#333333\"/>",
            LABELS + WIDTH
        ),
    );
}

/// A bar up to the most, pale above the least.
fn stretch(out: &mut String, plan: &Plan, target: &TargetPlan, span: &PlannedSpan, base: f64) {
    let (from, to) = (x(plan, span.from), x(plan, span.to));
    let tall = |count: u32| BAR * f64::from(count) / f64::from(target.bounds.max.max(1));
    let colour = KINDS.iter().find(|(kind, _)| *kind == span.kind);
    let colour = colour.map_or("#000000", |(_, colour)| *colour);
    let bar = |height: f64, opacity: f64| {
        format!(
            "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" \
             fill=\"{colour}\" fill-opacity=\"{opacity}\"/>",
            base - height,
            to - from
        )
    };
    line(
        out,
        &format!(
            "<g><title>{} from {} to {}: {}</title>",
            span.size,
            span.from,
            span.to,
            escaped(&span.rule)
        ),
    );
    if span.size.most() > span.size.least() {
        line(out, &bar(tall(span.size.most()), 0.35));
    }
    line(out, &bar(tall(span.size.least()), 0.85));
    if to - from > 22.0 {
        line(
            out,
            &format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{}</text>",
                from + 3.0,
                base - tall(span.size.most()) - 2.0,
                span.size
            ),
        );
    }
    line(out, "</g>");
}

fn legend(out: &mut String, top: f64) {
    let mut x = LABELS;
    for (kind, colour) in KINDS {
        line(
            out,
            &format!(
                "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{colour}\" \
             fill-opacity=\"0.85\"/><text x=\"{}\" y=\"{}\">{kind}</text>",
                top + 12.0,
                x + 18.0,
                top + 22.0
            ),
        );
        x += 90.0;
    }
    line(
        out,
        &format!(
            "<text x=\"{x}\" y=\"{}\" fill=\"#555555\">days begin at 00:00 UTC</text>",
            top + 22.0
        ),
    );
}

/// Text for XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character => escaped.push(character),
        }
    }
    escaped
}
