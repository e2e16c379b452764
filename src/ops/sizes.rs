//! The panel *Sizes*: the plan and the actual size of each target.

use askama::Template;
use askama::filters::HtmlSafe;
use futures_util::FutureExt;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::panel::{self, Panel};
use super::timeline::{NARROW, Shown, Timeline, WIDE};
use crate::scale::{InstanceHours, Scaling, Sizes as Read};
use crate::words;
use schedule::{Hold, Mode, Size, Span, Target, changes, decide, spans};

#[derive(Template)]
#[template(path = "ops/sizes.html")]
pub(super) struct Sizes {
    targets: Panel<Vec<TargetView>>,
}

impl HtmlSafe for Sizes {}

/// The days before and after now.
const DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A target, in texts.
struct TargetView {
    name: String,
    zone: String,
    bounds: String,
    is_shadow: bool,
    resource: Option<String>,
    size: Size,
    /// A size in the form of the target's sizes.
    example: String,
    /// The rule of the size; a hold is described by itself.
    rule: Option<String>,
    /// The actual size where it differs, with its explanation.
    actual: Option<String>,
    next: String,
    held: Vec<HoldView>,
    broad: Timeline,
    small: Timeline,
    hours: Hours,
    changes: Vec<ChangeView>,
    /// The holds of the last days that have ended.
    ended: Vec<HoldView>,
}

struct HoldView {
    size: Size,
    since: String,
    until: String,
    by: String,
    reason: String,
}

struct ChangeView {
    local: String,
    utc: String,
    from: Size,
    to: Size,
    rule: String,
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
        let targets = read.await.map(|read| {
            let read = read.as_ref();
            let targets = read.into_iter().flat_map(|it| it.loaded.schedule.targets());
            let views = targets.filter_map(|it| Some(TargetView::new(read?, it, now)));
            views.collect()
        });
        Sizes { targets }
    }
}

/// The begin of the month (UTC).
fn month(now: Timestamp) -> Timestamp {
    let first = TimeZone::UTC.to_datetime(now).date().first_of_month();
    let begin = TimeZone::UTC.to_timestamp(first.to_datetime(jiff::civil::Time::midnight()));
    begin.unwrap_or(now)
}

impl TargetView {
    fn new(read: &Read, target: &Target, now: Timestamp) -> TargetView {
        let held: Vec<Hold> = read.holds_on(&target.name, now).cloned().collect();
        let decision = decide(target, &held, now);
        let holds: Vec<&Hold> = read
            .holds
            .iter()
            .filter(|it| it.target == target.name)
            .collect();
        let (from, to) = (now - DAYS, now + DAYS);
        let plan = spans(target, &read.holds, from, to);
        let actual = read.actual(target, now);
        let shown = Shown {
            target,
            from,
            now,
            to,
            plan: &plan,
            actual: &actual,
            holds: &holds,
        };
        let future = spans(target, &held, now, to);
        let changes: Vec<ChangeView> = changes(target, &future)
            .iter()
            .map(|it| ChangeView {
                local: words::local(it.local),
                utc: words::utc(it.at),
                from: it.from,
                to: it.to,
                rule: it.rule.to_string(),
            })
            .collect();
        let resource = read.loaded.resource(&target.name);
        TargetView {
            name: target.name.to_string(),
            zone: target.zone.to_string(),
            bounds: target.bounds.to_string(),
            is_shadow: target.mode == Mode::Shadow,
            resource: resource.map(|it| it.id().to_owned()),
            size: decision.size,
            example: match target.size {
                Size::One(_) => target.bounds.max.to_string(),
                Size::Between { .. } => format!("{}-{}", target.bounds.min, target.bounds.max),
            },
            rule: held.is_empty().then(|| decision.rule.to_string()),
            actual: actual_size(read, target, decision.size, &actual),
            next: next(&changes),
            broad: Timeline::draw(&shown, WIDE),
            small: Timeline::draw(&shown, NARROW),
            hours: Hours::of(read, target, &actual, now),
            changes,
            ended: holds
                .iter()
                .filter(|it| it.until <= now && from < it.until)
                .map(|it| HoldView::new(it, target))
                .collect(),
            held: held.iter().map(|it| HoldView::new(it, target)).collect(),
        }
    }
}

/// The actual size, if the journal knows one that differs from the plan.
fn actual_size(
    read: &Read,
    target: &Target,
    planned: Size,
    actual: &[crate::scale::ActualSpan],
) -> Option<String> {
    if let Some((size, since)) = read.under_way(target) {
        let since = words::utc(since);
        return Some(format!("a change to {size} is under way since {since} UTC"));
    }
    let last = actual.last()?;
    let since = words::utc(last.from);
    (last.size != planned).then(|| format!("the actual size is {}, since {since} UTC", last.size))
}

fn next(changes: &[ChangeView]) -> String {
    match changes.first() {
        Some(change) => format!("{} on {}", change.to, change.local),
        None => "no change within 7 days".to_owned(),
    }
}

impl HoldView {
    fn new(hold: &Hold, target: &Target) -> HoldView {
        HoldView {
            size: hold.size,
            since: words::local(target.zone.wall(hold.since)),
            until: words::local(target.zone.wall(hold.until)),
            by: hold.by.clone(),
            reason: hold.reason.clone(),
        }
    }
}

impl Hours {
    fn of(
        read: &Read,
        target: &Target,
        actual: &[crate::scale::ActualSpan],
        now: Timestamp,
    ) -> Hours {
        let begin = month(now);
        let plan: Vec<Span> = spans(target, &read.holds, begin, now);
        let plan = plan.iter().map(|it| (it.from, it.to, it.size));
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
