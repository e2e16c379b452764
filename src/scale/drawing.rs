//! The plan as SVG 1.1: one row for each target, with time to the right and size upwards. The tooltip of a
//! span is its rule.
//!
//! It has only rectangles, lines and texts. For these, the crate `svg` (0.18) would add 38 kB to the program.

use std::fmt::Write;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::report::{Plan, TargetPlan};
use schedule::Span;

/// Pixels.
const LABELS: f64 = 150.0;
const WIDTH: f64 = 1000.0;
const TOP: f64 = 40.0;
const ROW: f64 = 64.0;
const BAR: f64 = 44.0;
const LEGEND: f64 = 36.0;

/// The kinds of rules by precedence, with colours that are distinct without red and green.
const KINDS: [(&str, &str); 5] = [
    ("hold", "#d55e00"),
    ("dated", "#cc79a7"),
    ("holiday", "#e69f00"),
    ("weekly", "#0072b2"),
    ("default", "#999999"),
];

const GREY: &str = "#555555";

/// The most lines at days. More would only blacken the picture.
const DAY_LINES: i64 = 40;

pub(super) fn draw(plan: &Plan) -> String {
    let rows = f64::from(u32::try_from(plan.targets.len()).unwrap_or(u32::MAX));
    let (width, height) = (LABELS + WIDTH + 60.0, TOP + rows * ROW + LEGEND);
    let mut drawing = Drawing {
        svg: String::new(),
        plan,
    };
    drawing.add(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Sizes from {} to {}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
        plan.from, plan.to
    ));
    drawing.days(height - LEGEND);
    let mut top = TOP;
    for target in &plan.targets {
        drawing.row(target, top);
        top += ROW;
    }
    drawing.legend(top);
    drawing.add("</svg>");
    drawing.svg
}

struct Drawing<'a> {
    svg: String,
    plan: &'a Plan<'a>,
}

impl Drawing<'_> {
    fn add(&mut self, element: impl std::fmt::Display) {
        writeln!(self.svg, "{element}").expect("writing to a string cannot fail");
    }

    fn x(&self, at: Timestamp) -> f64 {
        let whole = self.plan.to.duration_since(self.plan.from).as_secs_f64();
        let part = at.duration_since(self.plan.from).as_secs_f64();
        LABELS + WIDTH * (part / whole)
    }

    /// A line at each midnight of UTC, or at every few midnights of a long plan.
    fn days(&mut self, bottom: f64) {
        let Plan { from, to, .. } = *self.plan;
        let all = to.duration_since(from).as_hours() / 24;
        let step = SignedDuration::from_hours(24 * (all / DAY_LINES + 1));
        let begin = TimeZone::UTC.to_datetime(from).date();
        let first = TimeZone::UTC.to_timestamp(begin.to_datetime(jiff::civil::Time::midnight()));
        let days = std::iter::successors(first.ok(), |at| Some(*at + step));
        let y = TOP - 6.0;
        for at in days.take_while(|at| *at < to).skip_while(|at| *at < from) {
            let x = self.x(at);
            let day = TimeZone::UTC.to_datetime(at).strftime("%a %d %b");
            self.add(format_args!(
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{x:.1}\" y=\"{y}\" transform=\"rotate(-30 {x:.1} {y})\" fill=\"{GREY}\" \
                 font-size=\"9\">{day}</text>"
            ));
        }
    }

    fn row(&mut self, target: &TargetPlan, top: f64) {
        let base = top + BAR + 10.0;
        let (name, zone) = (target.target, target.zone);
        self.add(format_args!(
            "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{name}</text>\n\
             <text x=\"8\" y=\"{}\" fill=\"{GREY}\" font-size=\"10\">{zone}, {}</text>",
            top + 28.0,
            top + 44.0,
            target.bounds
        ));
        for span in &target.spans {
            self.span(target, span, base);
        }
        self.add(format_args!(
            "<line x1=\"{LABELS}\" y1=\"{base}\" x2=\"{}\" y2=\"{base}\" stroke=\"#333333\"/>",
            LABELS + WIDTH
        ));
    }

    /// A bar up to the most, pale above the least.
    fn span(&mut self, target: &TargetPlan, span: &Span, base: f64) {
        let (from, to) = (self.x(span.from), self.x(span.to));
        let height = |count: u32| BAR * f64::from(count) / f64::from(target.bounds.max.max(1));
        let (least, most) = (height(span.size.least()), height(span.size.most()));
        let colour = KINDS.iter().find(|(kind, _)| *kind == span.rule.kind());
        let colour = colour.map_or("#000000", |(_, colour)| *colour);
        self.add(format_args!(
            "<g><title>{} from {} to {}: {}</title>",
            span.size,
            span.from,
            span.to,
            escaped(&span.rule.to_string())
        ));
        for (height, opacity) in [(most, 0.35), (least, 0.85)] {
            if opacity > 0.5 || most > least {
                self.add(format_args!(
                    "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" \
                     fill=\"{colour}\" fill-opacity=\"{opacity}\"/>",
                    base - height,
                    to - from
                ));
            }
        }
        if to - from > 22.0 {
            self.add(format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{}</text>",
                from + 3.0,
                base - most - 2.0,
                span.size
            ));
        }
        self.add("</g>");
    }

    fn legend(&mut self, top: f64) {
        let mut x = LABELS;
        let baseline = top + 22.0;
        for (kind, colour) in KINDS {
            self.add(format_args!(
                "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{colour}\" \
                 fill-opacity=\"0.85\"/><text x=\"{}\" y=\"{baseline}\">{kind}</text>",
                top + 12.0,
                x + 18.0
            ));
            x += 90.0;
        }
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{baseline}\" fill=\"{GREY}\">days begin at 00:00 UTC</text>"
        ));
    }
}

/// Text in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
