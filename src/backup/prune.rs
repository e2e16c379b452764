//! Deleting the backups that no rule keeps.
//!
//! The manifest goes first: from then on the folder is no backup, so a prune that dies half-way
//! leaves nothing that looks like one and lacks files, only rubbish that is swept later. A store
//! that refuses to delete the manifest keeps the whole backup.

use super::depot::MANIFEST_LIMIT;
use super::manifest::MANIFEST;
use super::retention::{Decision, plan};
use super::{BackupId, Depot, Keep, Stored};
use crate::blob::{BlobError, Deletion};
use jiff::Timestamp;

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
    pub refused: Option<String>,
}

impl Depot {
    /// Decides, and unless it is a dry run deletes. That the store refuses to delete something is
    /// no error: it is told in the answer.
    pub async fn prune(
        &self,
        keep: Keep,
        immutable_days: u32,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Pruning, BlobError> {
        let backups = self.all().await?;
        let candidates: Vec<_> = backups.iter().map(Stored::candidate).collect();
        let decisions = plan(&candidates, keep, immutable_days, now);
        let mut pruned = Vec::new();
        // The oldest first: what is left of a prune that dies is what it would keep longest.
        for decision in decisions.iter().rev().filter(|it| !it.keep && !dry_run) {
            let stored = backups.iter().find(|it| it.id == decision.id);
            let stored = stored.expect("each decision is about one of these");
            pruned.push(Pruned {
                id: stored.id.clone(),
                refused: self.delete(stored).await?,
            });
        }
        Ok(Pruning { decisions, pruned })
    }

    /// Deletes a backup, and answers why something of it is left, if so. Somebody may hold it at any
    /// moment: a hold that came before the manifest went is found before that or after it, and one that
    /// came later finds no manifest ([`Depot::hold`]).
    async fn delete(&self, stored: &Stored) -> Result<Option<String>, BlobError> {
        let held = || Some("it is under a hold since a moment ago".to_owned());
        if self.is_held(&stored.id).await? {
            return Ok(held());
        }
        let manifest = self.path(&stored.id, MANIFEST);
        let content = match self.blobs.read(&manifest, MANIFEST_LIMIT).await {
            Err(BlobError::Missing { .. }) => return Ok(None),
            read => read?,
        };
        if let Deletion::Refused(reason) = self.blobs.delete(&manifest).await? {
            return Ok(Some(reason));
        }
        if self.is_held(&stored.id).await? {
            self.blobs.create(&manifest, content).await?;
            return Ok(held());
        }
        let mut refused = None;
        for file in stored.files.keys().filter(|file| *file != MANIFEST) {
            let path = self.path(&stored.id, file);
            if let Deletion::Refused(reason) = self.blobs.delete(&path).await? {
                refused = Some(format!("{file}: {reason}"));
            }
        }
        Ok(refused)
    }
}
