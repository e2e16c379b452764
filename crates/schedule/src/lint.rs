//! What is wrong with a schedule that can be read.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Schedule;
use super::minutes::Week;
use super::nearest::nearest;
use super::size::Size;
use super::target::Target;
use super::window::{Dated, Dates, Occurrence, Stretch, Weekly};
use super::zone::days_after;

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether the schedule can be acted on all the same.
    pub severity: Severity,
    /// The line of `scale.toml`.
    pub line: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The schedule holds, and is hardly what was meant.
    Warning,
    /// The schedule is not acted on.
    Error,
}

/// `line 14: error: …`
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(formatter, "line {}: {severity}: {}", self.line, self.text)
    }
}

impl Finding {
    /// The schedule is not acted on.
    pub fn error(line: usize, text: String) -> Finding {
        Finding {
            severity: Severity::Error,
            line,
            text,
        }
    }

    /// The schedule holds, and is hardly what was meant.
    pub fn warning(line: usize, text: String) -> Finding {
        Finding {
            severity: Severity::Warning,
            line,
            text,
        }
    }
}

/// How often the schedule is looked at: `functions/scale/function.json`.
pub const TICK: SignedDuration = SignedDuration::from_mins(5);

/// How soon before its last day should a calendar be renewed?
const RENEWAL: i32 = 60;

/// Everything that is wrong with `schedule` at `now`, by line.
pub fn lint(schedule: &Schedule, now: Timestamp) -> Vec<Finding> {
    let mut findings = calendars(schedule, now);
    for target in schedule.targets() {
        findings.extend(sizes(target));
        findings.extend(holidays(schedule, target));
        for window in &target.weekly {
            findings.extend(one_weekly(window));
        }
        findings.extend(weekly_together(target, now));
        for window in &target.dated {
            findings.extend(one_dated(target, window, now));
        }
        findings.extend(dated_together(target, now));
    }
    findings.sort_by_key(|finding| finding.line);
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
    let judge = |(line, what, size): (usize, String, Size)| {
        let text = if !bounds.hold(size) {
            format!(
                "{what}: the size {size} lies outside of the bounds {bounds}; change one of them"
            )
        } else if !size.is_like(target.size) {
            format!(
                "{what}: the size {size} and the target's own, {}, are of two kinds; write all as \
                 one number, or all as {{ min = …, max = … }}",
                target.size
            )
        } else {
            return None;
        };
        Some(Finding::error(line, text))
    };
    target.sizes().filter_map(judge).collect()
}

fn calendars(schedule: &Schedule, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for calendar in schedule.calendars() {
        let name = &calendar.name;
        let mut users = schedule.targets().iter().filter(|target| {
            let holidays = target.holidays.as_ref();
            holidays.is_some_and(|it| it.calendars.contains(name))
        });
        let Some(user) = users.next() else {
            let text = format!("the calendar {name} is used by no target; remove it");
            findings.push(Finding::warning(calendar.line, text));
            continue;
        };
        let today = user.zone.wall(now).date();
        let text = match calendar.days.last() {
            None if calendar.days.is_empty() => {
                format!("the calendar {name} has no day; add dates or files")
            }
            Some(last) if last < today => {
                format!("the calendar {name} ended on {last}; add the days to come")
            }
            Some(last) if last < days_after(today, RENEWAL) => format!(
                "the calendar {name} ends on {last}, within {RENEWAL} days; add the days to come"
            ),
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
    let known = || schedule.calendars().iter().map(|it| it.name.as_str());
    let unknown = holidays
        .calendars
        .iter()
        .filter(|name| known().all(|it| it != *name));
    unknown
        .map(|name| {
            let near = nearest(name, known());
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let text = format!(
                "{}: there is no calendar {name}; write [calendar.{name}]{near}",
                target.name
            );
            Finding::error(holidays.line, text)
        })
        .collect()
}

fn one_weekly(window: &Weekly) -> Option<Finding> {
    let minutes = window.minutes();
    let text = if minutes == 0 {
        "it begins and ends at the same time, so it is empty; for whole days leave from and to out, \
         or write from = \"00:00\", to = \"24:00\""
            .to_owned()
    } else if i64::from(minutes) < TICK.as_mins() {
        format!(
            "it lasts {minutes} minutes, less than the {} between two looks, and may never be seen; \
             make it longer",
            TICK.as_mins()
        )
    } else if Week::of(window).is_whole() {
        format!(
            "it is always in force, so the target's own size never counts; write size = {} there \
             and remove the window",
            window.size
        )
    } else {
        return None;
    };
    Some(Finding::error(
        window.line,
        format!("window {:?}: {text}", window.name),
    ))
}

/// Windows that stand before another decide: one that is covered by them never does.
fn weekly_together(target: &Target, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let weeks: Vec<Week> = target.weekly.iter().map(Week::of).collect();
    let mut before = Week::default();
    for (place, window) in target.weekly.iter().enumerate() {
        let own = &weeks[place];
        let is_covered = own.is_within(&before) && own.has_any();
        if is_covered && !decides_in_a_gap(target, place, now) {
            let text = format!(
                "window {:?}: those before it in the file are in force whenever it is, so it never \
                 decides; move it up or remove it",
                window.name
            );
            findings.push(Finding::error(window.line, text));
        } else {
            let earlier = target.weekly[..place].iter().zip(&weeks);
            let mut overlapping =
                earlier.filter(|(it, week)| it.size != window.size && own.meets(week));
            findings.extend(
                overlapping
                    .next()
                    .map(|(first, _)| overlap(window.line, &window.name, &first.name, first.line)),
            );
        }
        before.add(own);
    }
    findings
}

/// Whether a window, which those before it cover on the clock, decides where clocks are set forward. An
/// edge in the gap comes later than one right behind the gap, so it may begin before its cover or end
/// after it.
fn decides_in_a_gap(target: &Target, place: usize, now: Timestamp) -> bool {
    let zone = &target.zone;
    let around = |gap: Timestamp, days: i64| {
        let length = SignedDuration::from_hours(24 * days);
        Stretch::new(zone, gap - length, gap + length)
    };
    zone.gaps(now).any(|gap| {
        // A window lasts a week at most, so these reach past those near the gap.
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

fn overlap(line: usize, name: &str, first: &str, first_line: usize) -> Finding {
    let text = format!(
        "window {name:?}: it overlaps {first:?} (line {first_line}), which stands first and decides \
         where both are in force"
    );
    Finding::warning(line, text)
}

/// The occurrence of a dated window that is now or comes next.
fn next_of(target: &Target, window: &Dated, now: Timestamp) -> Option<Occurrence> {
    let horizon = match window.dates {
        Dates::Once { .. } => return Some(window.of(&target.zone, 0)),
        Dates::Yearly { .. } => now + super::decide::HORIZON,
    };
    let stretch = Stretch::new(&target.zone, now, horizon);
    window.occurrences(&target.zone, stretch).next()
}

fn one_dated(target: &Target, window: &Dated, now: Timestamp) -> Option<Finding> {
    let title = target.title_of(&window.name);
    let next = next_of(target, window, now);
    let Some(next) = next.filter(|it| it.begins.at < it.ends.at) else {
        let text = format!("{title}: it ends before it begins; swap from and to");
        return Some(Finding::error(window.line, text));
    };
    if next.length() < TICK {
        let text = format!(
            "{title}: it lasts less than the {} minutes between two looks, and may never be seen; \
             make it longer",
            TICK.as_mins()
        );
        return Some(Finding::error(window.line, text));
    }
    (next.ends.at <= now).then(|| {
        let text = format!("{title}: it is over since {}; remove it", next.ends.wall);
        Finding::warning(window.line, text)
    })
}

fn dated_together(target: &Target, now: Timestamp) -> Vec<Finding> {
    let meet = |one: &Dated, other: &Dated| {
        next_of(target, other, now).is_some_and(|it| {
            let (begin, end) = (it.begins.at, it.ends.at);
            let stretch = Stretch::new(&target.zone, begin, end);
            let mut others = one.occurrences(&target.zone, stretch);
            others.any(|one| one.begins.at < end)
        })
    };
    let each = target.dated.iter().enumerate();
    each.filter_map(|(place, window)| {
        let mut earlier = target.dated[..place].iter();
        let first = earlier.find(|first| first.size != window.size && meet(first, window))?;
        Some(overlap(window.line, &window.name, &first.name, first.line))
    })
    .collect()
}
