//! Compares the known states with the present findings, and returns the messages. Pure.
//!
//! A *problem* is a finding of `/health` that warns or fails. Its first occurrence makes a message, each further
//! day another one, and its end a last one. An absent finding is not the end of a problem: a check that cannot
//! read its data returns none. The end of a hold and a change of a size are events of their own, which their
//! tables keep.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::message::{Draft, Kind, MessageState, Severity};
use crate::health::{Finding, Status};
use crate::ledger::{RecentRun, RecentRuns, RunState};
use crate::scale::{ChangeRecord, HoldRecord};

/// A state that receivers know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) status: Status,
    pub(super) since: Timestamp,
    pub(super) reported: Timestamp,
    pub(super) seen: Timestamp,
    /// The last slot of a timer whose run ended.
    pub(super) last_slot: Option<Timestamp>,
}

/// By subject: the key of the finding, and its component.
pub(super) type States = BTreeMap<String, Known>;

/// The data of one evaluation.
#[derive(Default)]
pub(super) struct Present {
    pub(super) now: Timestamp,
    /// The number of this evaluation.
    pub(super) generation: i64,
    pub(super) findings: Vec<Finding>,
    pub(super) runs: RecentRuns,
    /// Holds and changes since `events_since`, and all holds in force.
    pub(super) holds: Vec<HoldRecord>,
    pub(super) sizes: Vec<ChangeRecord>,
    pub(super) events_since: Timestamp,
    /// Whether `findings` has those of all checks.
    pub(super) is_whole: bool,
}

/// The result of an evaluation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) states: States,
    pub(super) removed: Vec<String>,
    pub(super) messages: Vec<Draft>,
}

/// Time between two messages about the same problem.
const REMINDER: SignedDuration = SignedDuration::from_hours(24);

/// A problem whose finding is absent for this time is forgotten: its cause left the settings, or the check
/// reports only problems.
const ABSENT: SignedDuration = SignedDuration::from_hours(1);

/// The finding about a timer.
pub(super) const TIMER: &str = "timer:last-due";

pub(super) fn news(known: &States, present: &Present) -> News {
    let mut news = News::default();
    let findings = present.findings.iter().filter(|it| is_watched(it.key));
    for finding in findings {
        let subject = subject(finding);
        let before = known.get(&subject);
        if finding.key == TIMER {
            news.timer(subject, before, finding, present);
        } else {
            news.check(subject, before, finding, present);
        }
    }
    if present.is_whole {
        news.forget(known, present);
    }
    for hold in &present.holds {
        news.messages.extend(of_hold(hold, present));
    }
    news.messages.extend(present.sizes.iter().map(of_size));
    news
}

/// Receivers cannot get a message about the database while it is away, and a receiver that fails not one about
/// itself. Holds have messages of their own.
fn is_watched(key: &str) -> bool {
    let is_other = |prefix| key.starts_with(prefix);
    key != "scale:hold" && !["database:", "host:", "notify:"].into_iter().any(is_other)
}

fn subject(finding: &Finding) -> String {
    match &finding.component_id {
        Some(component) => format!("{}/{component}", finding.key),
        None => finding.key.to_owned(),
    }
}

/// Warnings of lint, and a single slow read, do not reject a schedule.
fn status(finding: &Finding) -> Status {
    match (finding.key, finding.status) {
        ("scale:configuration", Status::Warn) => Status::Ok,
        (_, status) => status,
    }
}

impl News {
    fn check(
        &mut self,
        subject: String,
        before: Option<&Known>,
        finding: &Finding,
        present: &Present,
    ) {
        let known = self.compare(&subject, before, finding, present, present.now);
        if known.status != Status::Ok {
            self.states.insert(subject, known);
        } else if before.is_some() {
            self.removed.push(subject);
        }
    }

    /// The state of a timer remains while it is good, with the last slot: a run that failed, and was followed by
    /// a good one before this evaluation, makes messages too.
    fn timer(
        &mut self,
        subject: String,
        before: Option<&Known>,
        finding: &Finding,
        present: &Present,
    ) {
        let function = finding.component_id.as_deref().unwrap_or_default();
        let runs = present.runs.get(function).map_or(&[][..], Vec::as_slice);
        let mut ended = runs.iter().filter(|run| run.state != RunState::Running);
        let last = ended.next().map(|run| run.slot);
        if let Some(before) = before
            && before.status == Status::Ok
            && finding.status == Status::Ok
        {
            let seen = before.last_slot.unwrap_or(Timestamp::MIN);
            let missed = runs.iter().rev().filter(|run| run.slot > seen);
            for (run, reason) in missed.filter_map(|run| Some((run, failure(run)?))) {
                self.passed(&subject, function, run, reason);
            }
        }
        let slot = finding.observed_value["slot"].as_str();
        let slot = slot.and_then(|it| it.parse().ok());
        let since = slot.unwrap_or(present.now);
        let known = self.compare(&subject, before, finding, present, since);
        let last_slot = last.max(before.and_then(|it| it.last_slot));
        self.states.insert(subject, Known { last_slot, ..known });
    }

    /// The new state, with the messages about its difference from the one before.
    fn compare(
        &mut self,
        subject: &str,
        before: Option<&Known>,
        finding: &Finding,
        present: &Present,
        since: Timestamp,
    ) -> Known {
        let (now, status) = (present.now, status(finding));
        let problem = before.filter(|it| it.status != Status::Ok);
        let state = match (problem, status) {
            (None, Status::Ok) => None,
            (None, _) => Some(MessageState::Began),
            (Some(_), Status::Ok) => Some(MessageState::Ended),
            (Some(problem), _) => {
                let is_due = now.duration_since(problem.reported) >= REMINDER;
                (is_due || status > problem.status).then_some(MessageState::Continues)
            }
        };
        let since = problem.map_or(since, |it| it.since);
        if let Some(state) = state {
            self.messages.push(Draft {
                event: format!("{}/{subject}/{state:?}", present.generation),
                kind: kind(finding),
                state,
                severity: severity(status),
                subject: finding.component_id.clone(),
                title: title(finding, state),
                since,
                reason: reason(finding, state),
            });
        }
        let reported = before.filter(|_| state.is_none()).map(|it| it.reported);
        Known {
            status,
            // The end of a problem is the beginning of the good state.
            since: if status == Status::Ok { now } else { since },
            reported: reported.unwrap_or(now),
            seen: now,
            last_slot: None,
        }
    }

    /// Two messages about a run that failed and is followed by a good one.
    fn passed(&mut self, subject: &str, function: &str, run: &RecentRun, reason: &str) {
        let draft = |state: MessageState, severity, title: String, reason: String| Draft {
            event: format!("{subject}/{}/{state:?}", run.slot),
            kind: Kind::Run,
            state,
            severity,
            subject: Some(function.to_owned()),
            title,
            since: run.slot,
            reason,
        };
        self.messages.push(draft(
            MessageState::Began,
            Severity::Warning,
            format!("{function} failed"),
            format!("the run of {}: {reason}", run.slot),
        ));
        self.messages.push(draft(
            MessageState::Ended,
            Severity::Ok,
            format!("{function} recovered"),
            "a later run succeeded".to_owned(),
        ));
    }

    fn forget(&mut self, known: &States, present: &Present) {
        let absent = known.iter().filter(|(subject, it)| {
            let is_seen = self.states.contains_key(*subject) || self.removed.contains(subject);
            !is_seen && present.now.duration_since(it.seen) >= ABSENT
        });
        let absent: Vec<String> = absent.map(|(subject, _)| subject.clone()).collect();
        self.removed.extend(absent);
    }
}

/// The reason of a run that failed.
fn failure(run: &RecentRun) -> Option<&str> {
    match &run.state {
        RunState::Running | RunState::Succeeded => None,
        RunState::Stopped => Some("its process ended before it finished"),
        RunState::Degraded(reason) | RunState::Failed(reason) | RunState::Interrupted(reason) => {
            Some(reason)
        }
    }
}

fn kind(finding: &Finding) -> Kind {
    let is_degraded = finding.observed_value["outcome"] == "degraded";
    match finding.key {
        TIMER if is_degraded => Kind::BackupDegraded,
        TIMER => Kind::Run,
        "backup:age" => Kind::BackupLate,
        "backup:verified-age" => Kind::BackupUnverified,
        "scale:configuration" => Kind::Schedule,
        "scale:drift" => Kind::Drift,
        _ => Kind::Check,
    }
}

fn severity(status: Status) -> Severity {
    match status {
        Status::Ok => Severity::Ok,
        Status::Warn => Severity::Warning,
        Status::Fail => Severity::Failure,
    }
}

fn title(finding: &Finding, state: MessageState) -> String {
    let component = finding.component_id.as_deref().unwrap_or_default();
    let (what, problem, end) = match kind(finding) {
        Kind::BackupDegraded => (component, "is degraded", "is whole again"),
        Kind::BackupLate => ("the backup of", "is late", "is in time again"),
        Kind::BackupUnverified => (
            "the backup of",
            "is unverified for too long",
            "is verified again",
        ),
        Kind::Schedule => ("the schedule", "is rejected", "is accepted again"),
        Kind::Drift => ("another party", "changed", "no longer changes"),
        Kind::Run => match finding.observed_value["outcome"].as_str() {
            Some("missed") => (component, "was not called", "recovered"),
            Some("interrupted") => (component, "was interrupted", "recovered"),
            Some("off") => (component, "is off", "recovered"),
            _ => (component, "failed", "recovered"),
        },
        _ => ("the check", "reports a problem", "is good again"),
    };
    let what = match kind(finding) {
        Kind::BackupLate | Kind::BackupUnverified => format!("{what} {component}"),
        Kind::Check => format!("{what} {}", subject(finding)),
        _ => what.to_owned(),
    };
    let title = match state {
        MessageState::Ended => format!("{what} {end}"),
        MessageState::Continues => format!("still: {what} {problem}"),
        _ => format!("{what} {problem}"),
    };
    if finding.key == "scale:drift" {
        return format!("{title} {component}");
    }
    title
}

fn reason(finding: &Finding, state: MessageState) -> String {
    let check = subject(finding);
    match (&finding.output, state) {
        (_, MessageState::Ended) => format!("the check {check} is good"),
        (Some(output), _) => output.clone(),
        (None, _) => format!("the check {check} has the value {}", finding.observed_value),
    }
}

/// A hold that began, or was in force when the watch began, and its end.
fn of_hold(record: &HoldRecord, present: &Present) -> Vec<Draft> {
    let hold = &record.hold;
    let is_over = record.ended <= present.now;
    let draft = |state: MessageState, verb: &str, since: Timestamp| Draft {
        event: format!("hold/{}/{state:?}", record.id),
        kind: Kind::Hold,
        state,
        severity: Severity::Info,
        subject: Some(hold.target.to_string()),
        title: format!("the hold of {} at {} {verb}", hold.target, hold.size),
        since,
        reason: format!("by {} until {}: {}", hold.by, hold.until, hold.reason),
    };
    let began = hold.since >= present.events_since || !is_over;
    let began = began.then(|| draft(MessageState::Began, "began", hold.since));
    let ended = is_over && record.ended >= present.events_since;
    let ended = ended.then(|| {
        let verb = if record.ended < hold.until {
            "was released"
        } else {
            "ended"
        };
        draft(MessageState::Ended, verb, hold.since)
    });
    began.into_iter().chain(ended).collect()
}

/// A change that succeeded.
fn of_size(record: &ChangeRecord) -> Draft {
    let drift = match record.cause.as_str() {
        "drift" => "; another party had changed it",
        _ => "",
    };
    Draft {
        event: format!("size/{}", record.id),
        kind: Kind::Size,
        state: MessageState::Happened,
        severity: Severity::Info,
        subject: Some(record.target.clone()),
        title: format!(
            "{} changed from {} to {}",
            record.target, record.from, record.to
        ),
        since: record.finished_at.unwrap_or(record.requested_at),
        reason: format!("by {}{drift}", record.rule),
    }
}

#[cfg(test)]
mod tests;
