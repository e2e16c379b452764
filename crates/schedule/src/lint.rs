//! Mistakes in a schedule that can be read.

use jiff::{SignedDuration, Timestamp};

use super::Schedule;
use super::decide::HORIZON;
use super::finding::Finding;
use super::minutes::Week;
use super::nearest::suggestion;
use super::target::Target;
use super::window::{Dated, Dates, Occurrence, Period, Weekly};
use super::zone::days_after;

/// The time between two ticks: `functions/scale/function.json`.
pub const TICK: SignedDuration = SignedDuration::from_mins(5);

/// Days before its end from which on a calendar should be extended.
const RENEWAL: i32 = 60;

/// The findings in `schedule` at `now`.
pub fn lint(schedule: &Schedule, now: Timestamp) -> Vec<Finding> {
    let mut findings = calendars(schedule, now);
    for target in schedule.targets() {
        findings.extend(sizes(target));
        findings.extend(holidays(schedule, target));
        findings.extend(each_weekly(target));
        findings.extend(weekly_together(target, now));
        findings.extend(each_dated(target, now));
        findings.extend(dated_together(target, now));
    }
    findings
}

fn sizes(target: &Target) -> Vec<Finding> {
    let bounds = target.bounds;
    if bounds.min > bounds.max {
        let text = format!(
            "{}: bounds.min = {} is more than bounds.max = {}; swap them",
            target.name, bounds.min, bounds.max
        );
        return vec![Finding::error(target.line, text)];
    }
    let findings = target.sizes().filter_map(|it| {
        let (title, size) = (it.title, it.size);
        let text = if !bounds.contain(size) {
            format!("{title}: the size {size} is outside the bounds {bounds}; change one of them")
        } else if !size.has_form_of(target.size) {
            format!(
                "{title}: the size {size} and the target's default size {} have two forms; write \
                 all as one number, or all as {{ min = …, max = … }}",
                target.size
            )
        } else {
            return None;
        };
        Some(Finding::error(it.line, text))
    });
    findings.collect()
}

fn calendars(schedule: &Schedule, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, calendar) in schedule.calendars() {
        let mut users = schedule.targets().iter().filter(|target| {
            let holidays = target.holidays.as_ref();
            holidays.is_some_and(|it| it.calendars.contains(name))
        });
        let Some(user) = users.next() else {
            let text = format!("the calendar {name} is not used; remove it");
            findings.push(Finding::warning(calendar.line, text));
            continue;
        };
        let today = user.zone.wall(now).date();
        let text = match calendar.last() {
            None if calendar.is_empty() => {
                format!("the calendar {name} has no days; add dates or files")
            }
            Some(last) if last < today => {
                format!("the calendar {name} ended on {last}; add later days")
            }
            Some(last) if last < days_after(today, RENEWAL) => {
                format!("the calendar {name} ends on {last}, within {RENEWAL} days; add later days")
            }
            _ => continue,
        };
        findings.push(Finding::warning(calendar.line, text));
    }
    findings
}

fn holidays(schedule: &Schedule, target: &Target) -> Vec<Finding> {
    let Some(holidays) = &target.holidays else {
        return Vec::new();
    };
    let calendars = schedule.calendars();
    let unknown = holidays.calendars.iter();
    let unknown = unknown.filter(|name| !calendars.contains_key(*name));
    let findings = unknown.map(|name| {
        let suggestion = suggestion(name, calendars.keys().map(String::as_str));
        let text = format!(
            "{}: unknown calendar {name}; write [calendar.{name}]{suggestion}",
            target.name
        );
        Finding::error(holidays.line, text)
    });
    findings.collect()
}

fn each_weekly(target: &Target) -> Vec<Finding> {
    let findings = target.weekly.iter().filter_map(|window| {
        let text = format!("window {:?} {}", window.name, mistake(window)?);
        Some(Finding::error(window.line, text))
    });
    findings.collect()
}

fn mistake(window: &Weekly) -> Option<String> {
    let minutes = window.length;
    if minutes == 0 {
        let text = "is empty because it begins and ends at the same time; for whole days, remove from \
                    and to, or write from = \"00:00\", to = \"24:00\"";
        Some(text.to_owned())
    } else if i64::from(minutes) < TICK.as_mins() {
        Some(format!(
            "lasts {minutes} minutes, less than the {} between two ticks, so it may have no effect; make \
             it longer",
            TICK.as_mins()
        ))
    } else if Week::of(window).is_whole() {
        Some(format!(
            "is always in force, so the target's default size never applies; write size = {} there and \
             remove the window",
            window.size
        ))
    } else {
        None
    }
}

/// Earlier windows decide, so a window that they always cover never does.
fn weekly_together(target: &Target, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let weeks: Vec<Week> = target.weekly.iter().map(Week::of).collect();
    let mut before = Week::default();
    for (place, window) in target.weekly.iter().enumerate() {
        let own = &weeks[place];
        let is_covered = own.is_within(&before) && !own.is_empty();
        if is_covered && !decides_in_a_gap(target, place, now) {
            let text = format!(
                "window {:?} never decides, because earlier windows in the file are in force whenever \
                 it is; move it up or remove it",
                window.name
            );
            findings.push(Finding::error(window.line, text));
        } else {
            let mut earlier = target.weekly[..place].iter().zip(&weeks);
            let first = earlier.find(|(it, week)| it.size != window.size && own.meets(week));
            findings.extend(
                first.map(|(first, _)| {
                    overlap((window.line, &window.name), (first.line, &first.name))
                }),
            );
        }
        before.add(own);
    }
    findings
}

/// Whether a window that earlier windows cover on the clock decides where clocks are set forward. An edge
/// in the gap moves to a later instant than an edge right after the gap, so the window may begin before its
/// cover or end after it.
fn decides_in_a_gap(target: &Target, place: usize, now: Timestamp) -> bool {
    let zone = &target.zone;
    let around = |gap: Timestamp, days: i64| {
        let length = SignedDuration::from_hours(24 * days);
        Period::new(zone, gap - length, gap + length)
    };
    zone.gaps(now).any(|gap| {
        // A window lasts a week at most, so this period has all covers of windows near the gap.
        let covers = target.weekly[..place].iter();
        let covers = covers.flat_map(|it| it.occurrences(zone, around(gap, 15)));
        let mut covers: Vec<Occurrence> = covers.collect();
        covers.sort_by_key(|it| it.begins.at);
        let mut near = target.weekly[place].occurrences(zone, around(gap, 1));
        near.any(|it| !is_covered(it, &covers))
    })
}

/// `covers` are sorted by their begin.
fn is_covered(occurrence: Occurrence, covers: &[Occurrence]) -> bool {
    let mut at = occurrence.begins.at;
    for cover in covers
        .iter()
        .take_while(|it| it.begins.at <= occurrence.ends.at)
    {
        if cover.begins.at > at {
            return false;
        }
        at = at.max(cover.ends.at);
    }
    at >= occurrence.ends.at
}

/// Two windows by their lines and names.
fn overlap((line, name): (usize, &str), (first, first_name): (usize, &str)) -> Finding {
    let text = format!(
        "window {name:?} overlaps {first_name:?}, which is first in the file and decides where both are in \
         force; see line {first}"
    );
    Finding::warning(line, text)
}

/// The occurrence of a dated window that is in force or comes next.
fn next_of(target: &Target, window: &Dated, now: Timestamp) -> Option<Occurrence> {
    let horizon = match window.dates {
        Dates::Once { .. } => return Some(window.of(&target.zone, 0)),
        Dates::Yearly { .. } => now + HORIZON,
    };
    let period = Period::new(&target.zone, now, horizon);
    window.occurrences(&target.zone, period).next()
}

fn each_dated(target: &Target, now: Timestamp) -> Vec<Finding> {
    let findings = target.dated.iter().filter_map(|window| {
        let title = target.title_of(&window.name);
        let next = next_of(target, window, now);
        let Some(next) = next.filter(|it| it.begins.at < it.ends.at) else {
            let text = format!("{title} ends before it begins; swap from and to");
            return Some(Finding::error(window.line, text));
        };
        if next.length() < TICK {
            let text = format!(
                "{title} lasts less than the {} minutes between two ticks, so it may have no effect; \
                 make it longer",
                TICK.as_mins()
            );
            return Some(Finding::error(window.line, text));
        }
        (next.ends.at <= now).then(|| {
            let text = format!("{title} ended at {}; remove it", next.ends.wall);
            Finding::warning(window.line, text)
        })
    });
    findings.collect()
}

fn dated_together(target: &Target, now: Timestamp) -> Vec<Finding> {
    let meet = |one: &Dated, other: &Dated| {
        next_of(target, other, now).is_some_and(|it| {
            let (begin, end) = (it.begins.at, it.ends.at);
            let period = Period::new(&target.zone, begin, end);
            let mut others = one.occurrences(&target.zone, period);
            others.any(|one| one.begins.at < end)
        })
    };
    let each = target.dated.iter().enumerate();
    let findings = each.filter_map(|(place, window)| {
        let mut earlier = target.dated[..place].iter();
        let first = earlier.find(|it| it.size != window.size && meet(it, window))?;
        Some(overlap(
            (window.line, &window.name),
            (first.line, &first.name),
        ))
    });
    findings.collect()
}
