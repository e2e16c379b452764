//! Deletes the remains of killed exports.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::error::StoreError;
use super::marks::{Files, ends_by_itself, is_leased};
use super::source_backups::SourceBackups;
use crate::blob::{BlobError, Deletion};
use pgarchive::BackupId;
use pgarchive::manifest::MANIFEST;

/// No export may run this long, so an older folder without a manifest belongs to one that died.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);

/// A folder without a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    pub id: BackupId,
    pub deleted: u64,
    pub kept: Option<Kept>,
}

/// Files that the store does not delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub files: u64,
    /// Why it keeps the last of them.
    pub reason: String,
}

impl fmt::Display for Swept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Swept { id, deleted, kept } = self;
        write!(
            formatter,
            "{id} was never finished: {deleted} files deleted"
        )?;
        kept.as_ref()
            .map_or(Ok(()), |kept| write!(formatter, ", {kept}"))
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Kept { files, reason } = self;
        write!(
            formatter,
            "the store refused to delete {files} files: {reason}"
        )
    }
}

impl SourceBackups {
    /// Deletes folders without a manifest that are more than a day old. Files that the store keeps are not an
    /// error: the next sweep tries again.
    pub async fn sweep(&self, now: Timestamp) -> Result<Vec<Swept>, StoreError> {
        let mut swept = Vec::new();
        for name in self.blobs.folders(self.source.as_str()).await? {
            let Ok(id) = name.parse::<BackupId>() else {
                continue;
            };
            if now.duration_since(id.started()) < ABANDONED {
                continue;
            }
            let files = self.files(&id).await?;
            // Pruning may have died after it deleted the manifest of a backup that is still being read.
            if files.contains_key(MANIFEST) || is_leased(&files, now) {
                continue;
            }
            let folder = format!("{}/{id}", self.source);
            self.blobs.discard_unfinished(&folder).await?;
            let (deleted, kept) = self.delete_files(&id, &files).await?;
            if deleted > 0 || kept.is_some() {
                swept.push(Swept { id, deleted, kept });
            }
        }
        Ok(swept)
    }

    /// Deletes these files of a backup. Returns how many, and those that the store keeps, except for marks that end
    /// by themselves.
    pub(super) async fn delete_files(
        &self,
        id: &BackupId,
        files: &Files,
    ) -> Result<(u64, Option<Kept>), BlobError> {
        let (mut deleted, mut kept) = (0, None::<Kept>);
        for file in files.keys() {
            match self.blobs.delete(&self.path(id, file)).await? {
                Deletion::Done => deleted += 1,
                Deletion::Refused(reason) if !ends_by_itself(file) => {
                    let files = kept.map_or(0, |kept| kept.files) + 1;
                    kept = Some(Kept { files, reason });
                }
                Deletion::Missing | Deletion::Refused(_) => {}
            }
        }
        Ok((deleted, kept))
    }
}
