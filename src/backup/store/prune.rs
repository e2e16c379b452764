//! Deleting the backups that no rule keeps.
//!
//! The manifest goes first: from then on the folder is no backup, so a prune that dies half-way
//! leaves nothing that looks like one and lacks files, only rubbish that is swept later. A store
//! that refuses to delete the manifest keeps the whole backup.

use super::retention::{Decision, plan};
use super::source_backups::{SourceBackups, Stored};
use crate::backup::settings::Keep;
use crate::blob::{BlobError, Deletion};
use jiff::Timestamp;
use pgarchive::BackupId;
use pgarchive::manifest::{self, MANIFEST};

/// What was decided about each backup of a source, and what became of those that had to go.
#[derive(Clone, Debug)]
pub struct Pruning {
    /// The decisions, the newest backup first.
    pub decisions: Vec<Decision>,
    /// The deletions, in the order in which they were made; none in a dry run.
    pub pruned: Vec<Pruned>,
}

/// What became of a backup that had to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Which one.
    pub id: BackupId,
    /// Why it, or part of it, is still there.
    pub kept: Option<String>,
}

impl SourceBackups {
    /// Decides, and unless it is a dry run deletes. A backup that has to stay after all is not an error.
    pub async fn prune(
        &self,
        keep: Keep,
        immutable_days: u32,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Pruning, BlobError> {
        let backups = self.all().await?;
        let candidates: Vec<_> = backups.iter().map(|it| it.candidate(now)).collect();
        let decisions = plan(&candidates, keep, immutable_days, now);
        let mut pruned = Vec::new();
        // The oldest first: what is left of a prune that dies is what it would keep longest.
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

    /// Deletes a backup, and returns why something of it is left, if so. A hold or a lease may come at
    /// any moment: one that came before the manifest went is found before that or after it, and one
    /// that came later finds no manifest ([`SourceBackups::require_manifest`]).
    async fn delete(&self, stored: &Stored, now: Timestamp) -> Result<Option<String>, BlobError> {
        if let Some(keeper) = self.keeper(&stored.id, now).await? {
            return Ok(Some(keeper.to_owned()));
        }
        let manifest = self.path(&stored.id, MANIFEST);
        let content = match self.blobs.read(&manifest, manifest::LIMIT).await {
            Err(BlobError::Missing { .. }) => return Ok(None),
            read => read?,
        };
        if let Deletion::Refused(reason) = self.blobs.delete(&manifest).await? {
            return Ok(Some(format!("the store refused: {reason}")));
        }
        if let Some(keeper) = self.keeper(&stored.id, now).await? {
            self.blobs.create(&manifest, content).await?;
            return Ok(Some(keeper.to_owned()));
        }
        let mut kept = None;
        for file in stored.files.keys().filter(|file| *file != MANIFEST) {
            let path = self.path(&stored.id, file);
            if let Deletion::Refused(reason) = self.blobs.delete(&path).await? {
                kept = Some(format!("the store refused: {file}: {reason}"));
            }
        }
        Ok(kept)
    }
}
