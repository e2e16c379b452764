//! The copies of a source's backups in the second location.
//!
//! A run makes every copy that is missing, the newest first: so it also completes those that were interrupted or
//! failed. It copies only the backups that the rules of the second location keep, and deletes the others
//! there.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::backups::Backups;
use super::progress::Progress;
use super::settings::{Location, SourceName};
use super::store::{CopyLimit, Pruning, SourceBackups, StoreError, Stored, Swept, VERIFIED};
use pgarchive::BackupId;

/// The result for one source.
#[derive(Debug, Default)]
pub struct Copies {
    /// Backups that were copied, the newest first.
    pub copied: Vec<BackupId>,
    /// Why a backup was not copied, or a copy not pruned.
    pub failures: Vec<String>,
    /// `None` after a failure: then no copy is deleted.
    pub pruning: Option<Pruning>,
    /// The remains of copies that died.
    pub swept: Vec<Swept>,
}

impl Backups {
    /// Makes the missing copies of a source's backups, and deletes those that no rule keeps. The cancellation of
    /// `stop` ends it early. `progress` counts the bytes that are read.
    pub async fn copy(
        &self,
        source: &SourceName,
        deadline: Duration,
        stop: &CancellationToken,
        progress: &Progress,
    ) -> Copies {
        let limit = CopyLimit {
            end: Instant::now() + deadline,
            stop,
        };
        let mut copies = Copies::default();
        if let Err(error) = self.copy_into(source, &limit, progress, &mut copies).await {
            copies.failures.push(error.to_string());
        }
        self.last_newest().forget().await;
        copies
    }

    async fn copy_into(
        &self,
        source: &SourceName,
        limit: &CopyLimit<'_>,
        progress: &Progress,
        copies: &mut Copies,
    ) -> Result<(), StoreError> {
        let originals = self.of_source(Location::Original, source)?;
        let target = self.of_source(Location::Copy, source)?;
        let (stored, present) = (originals.all().await?, target.all().await?);
        for backup in self.missing(&stored, &present) {
            match originals.copy(backup, &target, limit, progress).await {
                Ok(()) => copies.copied.push(backup.id.clone()),
                Err(error) => {
                    let text = format!("{} was not copied: {error}", backup.id);
                    copies.failures.push(text);
                    if !error.is_about_one_backup() {
                        return Ok(());
                    }
                }
            }
        }
        copy_proofs(&originals, &stored, &target, &present).await?;
        if copies.failures.is_empty() {
            let (rules, now) = (self.rules(Location::Copy, &stored), (self.clock())());
            copies.pruning = Some(target.prune(&rules, now, false).await?);
            copies.swept = self.sweep(Location::Copy, source).await?;
        }
        Ok(())
    }

    /// The backups that have no copy, and whose copy the rules would keep.
    fn missing<'a>(&self, stored: &'a [Stored], present: &[Stored]) -> Vec<&'a Stored> {
        let now = (self.clock())();
        let has_copy = |id: &BackupId| present.iter().any(|it| it.id == *id);
        let without: Vec<&Stored> = stored
            .iter()
            .filter(|it| it.manifest.is_ok() && !has_copy(&it.id))
            .collect();
        let all = present.iter().chain(without.iter().copied());
        let candidates = all.map(|it| it.candidate(now)).collect();
        let decisions = self.rules(Location::Copy, stored).decide(candidates, now);
        let is_kept = |id: &BackupId| decisions.iter().any(|it| it.id == *id && it.keep);
        without.into_iter().filter(|it| is_kept(&it.id)).collect()
    }
}

/// A proof is about the bytes of a backup, which its copy has too.
async fn copy_proofs(
    originals: &SourceBackups,
    stored: &[Stored],
    target: &SourceBackups,
    present: &[Stored],
) -> Result<(), StoreError> {
    for copy in present.iter().filter(|it| it.verified.is_none()) {
        let original = stored.iter().find(|it| it.id == copy.id);
        if original.is_some_and(|it| it.verified.is_some()) {
            originals.copy_small(&copy.id, VERIFIED, target).await?;
        }
    }
    Ok(())
}
