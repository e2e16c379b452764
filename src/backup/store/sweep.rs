//! Deletes the remains of killed exports.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::marks::{ends_by_itself, is_leased};
use crate::backup::settings::SourceName;
use crate::blob::{BlobError, Blobs, Deletion};
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
        let Swept { id, deleted, .. } = self;
        write!(
            formatter,
            "{id} was never finished: {deleted} files deleted"
        )?;
        match &self.kept {
            Some(Kept { files, reason }) => {
                write!(formatter, ", {files} kept by the store: {reason}")
            }
            None => Ok(()),
        }
    }
}

/// Deletes folders without a manifest that are more than a day old. Files that the store keeps are not an
/// error: the next sweep tries again.
pub async fn sweep(
    blobs: &Blobs,
    source: &SourceName,
    now: Timestamp,
) -> Result<Vec<Swept>, BlobError> {
    let mut swept = Vec::new();
    for name in blobs.folders(source.as_str()).await? {
        let Ok(id) = name.parse::<BackupId>() else {
            continue;
        };
        if now.duration_since(id.started()) < ABANDONED {
            continue;
        }
        let folder = format!("{source}/{id}");
        let found = blobs.list(&folder).await?;
        let files = || found.iter().filter_map(|it| it.name.rsplit('/').next());
        // Pruning may have died after it deleted the manifest of a backup that is still being read.
        if files().all(|file| file != MANIFEST) && !is_leased(files(), now) {
            blobs.discard_unfinished(&folder).await?;
            let names = found.into_iter().map(|blob| blob.name);
            let deleted = delete(blobs, id, names).await?;
            if deleted.deleted > 0 || deleted.kept.is_some() {
                swept.push(deleted);
            }
        }
    }
    Ok(swept)
}

async fn delete(
    blobs: &Blobs,
    id: BackupId,
    names: impl Iterator<Item = String>,
) -> Result<Swept, BlobError> {
    let mut swept = Swept {
        id,
        deleted: 0,
        kept: None,
    };
    for name in names {
        match blobs.delete(&name).await? {
            Deletion::Done => swept.deleted += 1,
            Deletion::Missing => {}
            Deletion::Refused(_) if name.rsplit('/').next().is_some_and(ends_by_itself) => {}
            Deletion::Refused(reason) => {
                let files = swept.kept.map_or(0, |kept| kept.files) + 1;
                swept.kept = Some(Kept { files, reason });
            }
        }
    }
    Ok(swept)
}
