//! Which backups stay, and why. Pure: the backups, the rules and the time are arguments.
//!
//! The rules are applied three times: to the verified backups, to all whole ones, and to the degraded ones.
//! So an unverified backup never replaces a verified one, and a degraded one replaces neither. These stay
//! whatever the rules say: the newest verified one, one with a hold, one in use, one younger than the
//! immutability period, and one whose manifest cannot be read, because its content is unknown. One that is
//! dated in the future stays too, and no rule counts it, because it would replace the others.

use std::collections::HashMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::backup::settings::Keep;
use pgarchive::BackupId;

/// A backup, as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: BackupId,
    pub state: State,
    pub verified: bool,
    /// The reason of its hold.
    pub hold: Option<String>,
    /// Whether it has a lease, because its files are being read.
    pub in_use: bool,
}

/// The reason to keep a backup with a lease.
pub(super) const IN_USE: &str = "in use by a restore, a check or a download";

/// How complete a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Whole,
    /// It has all rows, and not every object.
    Degraded,
    /// The manifest cannot be read.
    Unreadable,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            State::Whole => "whole",
            State::Degraded => "degraded",
            State::Unreadable => "unreadable",
        })
    }
}

/// Whether a backup stays, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub id: BackupId,
    pub keep: bool,
    /// Every reason to keep it, or the reason to delete it.
    pub reasons: Vec<String>,
}

/// Decides about each backup, the newest first.
pub fn plan(
    candidates: &[Candidate],
    keep: Keep,
    immutable_days: u32,
    now: Timestamp,
) -> Vec<Decision> {
    let mut newest_first: Vec<&Candidate> = candidates.iter().collect();
    newest_first.sort_by(|one, other| other.id.cmp(&one.id));
    let mut reasons = Reasons::default();
    protect(&newest_first, immutable_days, now, &mut reasons);
    let of = |wanted: fn(&Candidate) -> bool| -> Vec<&Candidate> {
        let all = newest_first.iter().copied();
        let all = all.filter(|candidate| !candidate.id.is_of_the_future(now));
        all.filter(|candidate| wanted(candidate)).collect()
    };
    let verified = of(|it| it.state == State::Whole && it.verified);
    apply(keep, &verified, "verified ", &mut reasons);
    apply(keep, &of(|it| it.state == State::Whole), "", &mut reasons);
    let degraded = of(|it| it.state == State::Degraded);
    apply(keep, &degraded, "degraded ", &mut reasons);
    let decisions = newest_first.into_iter();
    decisions
        .map(|candidate| reasons.decide(candidate))
        .collect()
}

/// The reasons to keep a backup, by its name.
#[derive(Default)]
struct Reasons<'a>(HashMap<&'a BackupId, Vec<String>>);

impl<'a> Reasons<'a> {
    fn add(&mut self, candidate: &'a Candidate, reason: impl Into<String>) {
        let reasons = self.0.entry(&candidate.id).or_default();
        reasons.push(reason.into());
    }

    fn decide(&mut self, candidate: &Candidate) -> Decision {
        let reasons = self.0.remove(&candidate.id);
        Decision {
            id: candidate.id.clone(),
            keep: reasons.is_some(),
            reasons: reasons.unwrap_or_else(|| vec!["no rule keeps it".to_owned()]),
        }
    }
}

fn protect<'a>(
    newest_first: &[&'a Candidate],
    immutable_days: u32,
    now: Timestamp,
    reasons: &mut Reasons<'a>,
) {
    let of_the_future = |it: &Candidate| it.id.is_of_the_future(now);
    let mut dated_right = newest_first.iter().filter(|it| !of_the_future(it));
    if let Some(newest) = dated_right.find(|it| it.verified) {
        reasons.add(newest, "the newest verified one");
    }
    let immutable = SignedDuration::from_hours(24 * i64::from(immutable_days));
    for candidate in newest_first {
        if let Some(hold) = &candidate.hold {
            reasons.add(candidate, format!("kept by a hold: {hold}"));
        }
        if candidate.in_use {
            reasons.add(candidate, IN_USE);
        }
        if immutable_days > 0 && now.duration_since(candidate.id.started()) < immutable {
            reasons.add(candidate, format!("younger than {immutable_days} days"));
        }
        if of_the_future(candidate) {
            let why = "dated in the future by a wrong clock: examine it, and delete it by hand";
            reasons.add(candidate, why);
        }
        if candidate.state == State::Unreadable {
            reasons.add(
                candidate,
                "its manifest cannot be read: examine it, and delete it by hand",
            );
        }
    }
}

/// Applies the rules to these backups, the newest first.
fn apply<'a>(keep: Keep, among: &[&'a Candidate], which: &str, reasons: &mut Reasons<'a>) {
    let last = format!("one of the last {} {which}", keep.last);
    for candidate in among.iter().take(keep.last as usize) {
        reasons.add(candidate, last.trim_end());
    }
    // The format of a period's name, in UTC. Weeks are those of ISO 8601.
    let rules = [
        (keep.hourly, "%Y-%m-%dT%H"),
        (keep.daily, "%Y-%m-%d"),
        (keep.weekly, "week %G-W%V"),
        (keep.monthly, "%Y-%m"),
        (keep.yearly, "%Y"),
    ];
    for (number, period) in rules {
        let found = representatives(among, period).into_iter();
        for (name, candidate) in found.take(number as usize) {
            reasons.add(candidate, format!("the {which}one of {name}"));
        }
    }
}

/// For each period with a backup, the newest period first: its newest verified backup, or else its newest
/// one.
fn representatives<'a>(among: &[&'a Candidate], period: &str) -> Vec<(String, &'a Candidate)> {
    let mut found: Vec<(String, &Candidate)> = Vec::new();
    for candidate in among {
        let name = candidate.id.started().strftime(period).to_string();
        match found.last_mut() {
            Some((last, chosen)) if *last == name => {
                if candidate.verified && !chosen.verified {
                    *chosen = candidate;
                }
            }
            _ => found.push((name, candidate)),
        }
    }
    found
}

#[cfg(test)]
mod tests;
