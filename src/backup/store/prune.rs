//! Deletes the backups that no rule keeps.
//!
//! A prune can be killed at every step. It first announces the deletion beside the backup, and then looks for
//! readers and holds ([`super::lease`]). Up to here the backup is complete. Then the manifest goes: from
//! then on the folder is not a backup, and what remains of it is swept later. A store that refuses to
//! delete the manifest keeps the whole backup.

use std::collections::BTreeMap;

use super::error::StoreError;
use super::retention::{Candidate, Decision, plan};
use super::source_backups::{SourceBackups, Stored, keeper};
use crate::backup::settings::Keep;
use crate::blob::Deletion;
use jiff::Timestamp;
use pgarchive::BackupId;
use pgarchive::manifest::MANIFEST;

/// The decision about each backup of a source, and the result for those that were to be deleted.
#[derive(Clone, Debug)]
pub struct Pruning {
    /// The decisions, the newest backup first.
    pub decisions: Vec<Decision>,
    /// The deletions, in the order in which they were made; none in a dry run.
    pub pruned: Vec<Pruned>,
}

impl Pruning {
    /// The backups that had to stay after all, each with the reason.
    pub fn not_deleted(&self) -> impl Iterator<Item = String> {
        self.pruned.iter().filter_map(|it| {
            let reason = it.kept.as_ref()?;
            Some(format!("{} was not deleted: {reason}", it.id))
        })
    }
}

/// The result for a backup that was to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Which one.
    pub id: BackupId,
    /// Why it, or part of it, is still there.
    pub kept: Option<String>,
}

/// The rules for one store.
#[derive(Clone, Debug)]
pub struct Rules {
    pub keep: Keep,
    pub immutable_days: u32,
    /// Backups with a hold in another store, with the reason.
    pub held_elsewhere: BTreeMap<BackupId, String>,
}

impl Rules {
    /// Decides about each of these backups, the newest first.
    pub fn decide(&self, mut candidates: Vec<Candidate>, now: Timestamp) -> Vec<Decision> {
        for candidate in &mut candidates {
            if let Some(reason) = self.held_elsewhere.get(&candidate.id) {
                candidate.hold.get_or_insert_with(|| reason.clone());
            }
        }
        plan(&candidates, self.keep, self.immutable_days, now)
    }
}

impl SourceBackups {
    /// Decides, and unless it is a dry run deletes. A backup that has to stay after all is not an error.
    pub async fn prune(
        &self,
        rules: &Rules,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Pruning, StoreError> {
        let backups = self.all().await?;
        let candidates = backups.iter().map(|it| it.candidate(now)).collect();
        let decisions = rules.decide(candidates, now);
        let mut pruned = Vec::new();
        // The oldest first: a prune that dies has not deleted the newest ones.
        for decision in decisions.iter().rev().filter(|it| !it.keep && !dry_run) {
            let stored = backups.iter().find(|it| it.id == decision.id);
            let stored = stored.expect("each decision is about one of these");
            pruned.push(Pruned {
                id: stored.id.clone(),
                kept: self.delete(stored, now).await?,
            });
        }
        Ok(Pruning { decisions, pruned })
    }

    /// Deletes a backup, and returns why something of it stays, if so.
    async fn delete(&self, stored: &Stored, now: Timestamp) -> Result<Option<String>, StoreError> {
        if let Some(reason) = self.clear_announcements(stored, now).await? {
            return Ok(Some(format!("the store refused: {reason}")));
        }
        let announcement = self.announce_deletion(&stored.id).await?;
        let kept = self.delete_announced(&stored.id, now).await;
        announcement.release().await;
        kept
    }

    async fn delete_announced(
        &self,
        id: &BackupId,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        if let Some(keeper) = keeper(&self.files(id).await?, now) {
            return Ok(Some(keeper.to_owned()));
        }
        if let Deletion::Refused(reason) = self.blobs.delete(&self.path(id, MANIFEST)).await? {
            return Ok(Some(format!("the store refused: {reason}")));
        }
        // Where this program was stopped for longer than its announcement held, a reader has come
        // meanwhile. It keeps the files, which a later run sweeps.
        let files = self.files(id).await?;
        if let Some(keeper) = keeper(&files, now) {
            return Ok(Some(format!(
                "its manifest was deleted, and its files stay: {keeper}"
            )));
        }
        let (_, kept) = self.delete_files(id, &files).await?;
        Ok(kept.map(|kept| kept.to_string()))
    }
}
