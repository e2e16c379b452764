//! The contents of a report: the backups of a period, their proofs, and what is missing. Pure: the backups, the rules
//! and the time are arguments.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::slots::{Basis, Slots};
use crate::backup::store::retention::{Candidate, State};
use crate::backup::store::{Rules, Stored};
use crate::version::{COMMIT, VERSION};
use pgarchive::BackupId;
use pgarchive::manifest::Manifest;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) time_zone: &'static str,
    /// When the report was made.
    pub(super) made: Timestamp,
    pub(super) version: &'static str,
    pub(super) commit: &'static str,
    pub(super) store: String,
    pub(super) schedule: Option<String>,
    pub(super) sources: Vec<SourceReport>,
}

/// The backups of one source in the period.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceReport {
    pub(super) source: String,
    /// The rules by which the store keeps backups now.
    pub(super) keep: String,
    /// The newest first.
    pub(super) backups: Vec<Line>,
    pub(super) proved: usize,
    pub(super) degraded: usize,
    pub(super) unreadable: usize,
    pub(super) restores: Option<Restores>,
    pub(super) slots: Slots,
}

/// How long the restores of proved backups took, with the comparison of all rows and definitions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restores {
    pub(super) number: usize,
    pub(super) median_seconds: f64,
    pub(super) worst_seconds: f64,
    pub(super) worst_backup: BackupId,
}

/// A backup of the period.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) id: BackupId,
    pub(super) started: Timestamp,
    pub(super) state: State,
    pub(super) bytes: u64,
    /// From the manifest; without it, `error` has the reason.
    pub(super) made: Option<Made>,
    pub(super) error: Option<String>,
    /// Objects that the backup lacks.
    pub(super) missing: Vec<String>,
    pub(super) proof: Option<Proof>,
    pub(super) hold: Option<String>,
    /// Whether the second location has it; `None` if that is unknown.
    pub(super) copied: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    pub(super) finished: Timestamp,
    pub(super) tables: usize,
    pub(super) rows: u64,
    pub(super) server_version: String,
    pub(super) seconds: f64,
}

/// A backup was restored, and every row equalled the backup's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proof {
    pub(super) at: Timestamp,
    pub(super) server_version: String,
    pub(super) tables: u64,
    pub(super) rows: u64,
    pub(super) definitions: Option<usize>,
    pub(super) seconds: f64,
}

impl Report {
    pub(super) fn new(basis: &Basis, sources: Vec<SourceReport>) -> Report {
        Report {
            since: basis.period.start,
            until: basis.period.end,
            time_zone: "UTC",
            made: basis.now,
            version: VERSION,
            commit: COMMIT,
            store: basis.store.clone(),
            schedule: basis.schedule.map(ToString::to_string),
            sources,
        }
    }
}

impl SourceReport {
    /// `stored` are all backups of the source, the newest first. `copies` are those in the second location, if
    /// it could be read.
    pub(super) fn new(
        basis: &Basis,
        source: String,
        rules: &Rules,
        stored: &[Stored],
        copies: Option<&BTreeSet<BackupId>>,
    ) -> SourceReport {
        let is_inside = |it: &&Stored| basis.period.contains(&it.id.started());
        let inside = stored.iter().filter(is_inside);
        let backups: Vec<Line> = inside.map(|it| Line::new(it, copies)).collect();
        let number = |state| backups.iter().filter(|it| it.state == state).count();
        let candidates: Vec<Candidate> = stored.iter().map(|it| it.candidate(basis.now)).collect();
        SourceReport {
            source,
            keep: rules.keep.to_string(),
            proved: backups.iter().filter(|it| it.proof.is_some()).count(),
            degraded: number(State::Degraded),
            unreadable: number(State::Unreadable),
            restores: Restores::of(&backups),
            slots: Slots::new(basis, rules, &candidates),
            backups,
        }
    }
}

impl Restores {
    fn of(backups: &[Line]) -> Option<Restores> {
        let proofs = backups
            .iter()
            .filter_map(|it| Some((it.proof.as_ref()?.seconds, &it.id)));
        let mut took: Vec<(f64, &BackupId)> = proofs.collect();
        took.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let (worst, backup) = took.last()?;
        Some(Restores {
            number: took.len(),
            median_seconds: f64::midpoint(took[(took.len() - 1) / 2].0, took[took.len() / 2].0),
            worst_seconds: *worst,
            worst_backup: (*backup).clone(),
        })
    }
}

impl Line {
    fn new(stored: &Stored, copies: Option<&BTreeSet<BackupId>>) -> Line {
        let manifest = stored.manifest.as_ref();
        Line {
            id: stored.id.clone(),
            started: stored.id.started(),
            state: stored.state(),
            bytes: stored.bytes(),
            made: manifest.ok().map(made),
            error: manifest.err().cloned(),
            missing: manifest.map(|it| it.findings.clone()).unwrap_or_default(),
            proof: stored.verified.as_ref().map(|it| Proof {
                at: it.verified,
                server_version: it.server_version.clone(),
                tables: it.tables,
                rows: it.rows,
                definitions: it.definitions,
                seconds: seconds(it.milliseconds),
            }),
            hold: stored.hold.as_ref().map(|it| it.reason.clone()),
            copied: copies.map(|it| it.contains(&stored.id)),
        }
    }
}

fn made(manifest: &Manifest) -> Made {
    Made {
        finished: manifest.finished,
        tables: manifest.tables.len(),
        rows: manifest.rows(),
        server_version: manifest.server.version.clone(),
        seconds: seconds(manifest.milliseconds.total),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no duration has more digits than an f64"
)]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
