//! The panel *Sizes*: the plan and the actual size of each target.

use askama::Template;
use askama::filters::HtmlSafe;
use futures_util::FutureExt;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::moment::utc_text;
use super::panel::{self, Panel};
use super::timeline::{NARROW, Shown, Timeline, WIDE};
use crate::scale::{ActualSpan, InstanceHours, Scaling, Sizes as Read};
use crate::words;
use schedule::{Change, Hold, Mode, Rule, Size, Span, Target, changes, spans};

#[derive(Template)]
#[template(path = "ops/sizes.html")]
pub(super) struct Sizes {
    /// `None`: there is nothing to size.
    read: Panel<Option<Read>>,
    now: Timestamp,
}

impl HtmlSafe for Sizes {}

/// The days before and after now.
const DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A target around now.
struct TargetView<'a> {
    target: &'a Target,
    /// Without a resource, nothing is sized.
    has_resource: bool,
    /// The present size by the schedule and the holds, and its rule.
    size: Size,
    rule: Rule<'a>,
    /// The actual size where it differs, with its explanation.
    actual: Option<String>,
    held: Vec<&'a Hold>,
    /// The holds of the last days that have ended.
    ended: Vec<&'a Hold>,
    /// The planned changes of the next days.
    changes: Vec<Change<'a>>,
    broad: Timeline,
    small: Timeline,
    hours: Hours,
}

/// The instance hours of the present month until now.
struct Hours {
    month: String,
    planned: String,
    /// From the first change that the journal knows.
    actual: Option<String>,
    at_maximum: String,
    saved: Option<i64>,
}

impl Sizes {
    pub(super) async fn read(scaling: &Scaling, now: Timestamp) -> Sizes {
        let since = month(now).min(now - DAYS);
        let read = panel::read(
            "the schedule or the database",
            scaling.sizes(since, now).boxed(),
        );
        Sizes {
            read: read.await,
            now,
        }
    }

    fn targets(&self) -> Vec<TargetView<'_>> {
        let Ok(Some(read)) = &self.read else {
            return Vec::new();
        };
        let targets = read.loaded.schedule.targets().iter();
        let views = targets.map(|target| TargetView::new(read, target, self.now));
        views.collect()
    }
}

/// The begin of the month (UTC).
fn month(now: Timestamp) -> Timestamp {
    let first = TimeZone::UTC.to_datetime(now).date().first_of_month();
    let begin = TimeZone::UTC.to_timestamp(first.to_datetime(jiff::civil::Time::midnight()));
    begin.unwrap_or(now)
}

impl<'a> TargetView<'a> {
    fn new(read: &'a Read, target: &'a Target, now: Timestamp) -> TargetView<'a> {
        let (from, to) = (now - DAYS, now + DAYS);
        let plan = spans(target, &read.holds, month(now).min(from), to);
        let present = plan.iter().find(|it| now < it.to);
        let present = present.expect("a plan has no gaps, and ends in the future");
        let actual = read.actual(target, now);
        let holds: Vec<&Hold> = read.holds_on(&target.name).collect();
        let (held, past): (Vec<&Hold>, Vec<&Hold>) =
            holds.iter().copied().partition(|it| now < it.until);
        let shown = Shown {
            target,
            from,
            now,
            to,
            plan: &plan,
            actual: &actual,
            holds: &holds,
        };
        let mut changes = changes(target, &plan);
        changes.retain(|it| now < it.at);
        TargetView {
            target,
            has_resource: read.loaded.resource(&target.name).is_some(),
            size: present.size,
            rule: present.rule,
            actual: actual_size(read, target, present.size, &actual),
            held,
            ended: past.into_iter().filter(|it| from < it.until).collect(),
            changes,
            broad: Timeline::draw(&shown, WIDE),
            small: Timeline::draw(&shown, NARROW),
            hours: Hours::of(target, &plan, &actual, now),
        }
    }

    fn is_shadow(&self) -> bool {
        self.target.mode == Mode::Shadow
    }

    /// A size in the form of the target's sizes.
    fn example(&self) -> String {
        let bounds = self.target.bounds;
        match self.target.size {
            Size::One(_) => bounds.max.to_string(),
            Size::Between { .. } => format!("{}-{}", bounds.min, bounds.max),
        }
    }

    fn next(&self) -> String {
        match self.changes.first() {
            Some(change) => format!("{} on {}", change.to, words::local(change.local)),
            None => "no change within 7 days".to_owned(),
        }
    }

    /// A time on the target's clocks.
    fn local(&self, at: &Timestamp) -> String {
        words::local(self.target.zone.wall(*at))
    }
}

/// For templates, which pass references.
fn local(at: &DateTime) -> String {
    words::local(*at)
}

/// The actual size, if the journal knows one that differs from the plan.
fn actual_size(
    read: &Read,
    target: &Target,
    planned: Size,
    actual: &[ActualSpan],
) -> Option<String> {
    if let Some((size, since)) = read.under_way(target) {
        let since = words::utc(since);
        return Some(format!("a change to {size} is under way since {since} UTC"));
    }
    let last = actual.last()?;
    let since = words::utc(last.from);
    (last.size != planned).then(|| format!("the actual size is {}, since {since} UTC", last.size))
}

impl Hours {
    fn of(target: &Target, plan: &[Span], actual: &[ActualSpan], now: Timestamp) -> Hours {
        let begin = month(now);
        let plan = plan.iter().map(|it| (it.from, it.to.min(now), it.size));
        let planned = InstanceHours::of(plan, begin);
        let begins = actual.first().map(|it| it.from);
        let actual = actual.iter().map(|it| (it.from, it.to, it.size));
        let used = InstanceHours::of(actual, begin);
        let at_maximum =
            now.duration_since(begin).as_secs_f64() / 3600.0 * f64::from(target.bounds.max);
        let month = TimeZone::UTC.to_datetime(now).strftime("%B").to_string();
        let since = begins.filter(|at| *at > begin).map(words::utc);
        let is_whole = begins.is_some() && since.is_none();
        let most = if is_whole { used.most } else { planned.most };
        Hours {
            planned: hours(planned),
            actual: begins.map(|_| match &since {
                None => hours(used),
                Some(since) => format!("{} since {since} UTC", hours(used)),
            }),
            at_maximum: format!("{at_maximum:.0}"),
            saved: percent(1.0 - most / at_maximum.max(1.0)),
            month,
        }
    }
}

fn hours(hours: InstanceHours) -> String {
    if (hours.most - hours.least).abs() < 0.5 {
        format!("{:.0}", hours.most)
    } else {
        format!("{:.0} to {:.0}", hours.least, hours.most)
    }
}

/// `None` without a saving.
fn percent(part: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "it is between 0 and 100")]
    let percent = (part.clamp(0.0, 1.0) * 100.0).round() as i64;
    (percent > 0).then_some(percent)
}
