//! What killed runs have left.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::marks::is_leased;
use crate::backup::settings::SourceName;
use crate::blob::{BlobError, Blobs, Deletion};
use pgarchive::BackupId;
use pgarchive::manifest::MANIFEST;

/// A folder without a manifest that is older is of a run that died: none may take so long.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);

/// A folder that was no backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Its name.
    pub id: BackupId,
    /// Files that are gone.
    pub deleted: u64,
    /// Files that the store keeps, and why it does, for the last of them.
    pub kept: Option<(u64, String)>,
}

impl fmt::Display for Swept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Swept { id, deleted, .. } = self;
        write!(
            formatter,
            "{id} was never finished: {deleted} files deleted"
        )?;
        match &self.kept {
            Some((kept, reason)) => write!(formatter, ", {kept} kept by the store: {reason}"),
            None => Ok(()),
        }
    }
}

/// Deletes what has no manifest and was begun more than a day ago. What the store keeps is no error:
/// it is tried again the next time.
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
        // Pruning that died just after it deleted the manifest may have left files that are read.
        if files().all(|file| file != MANIFEST) && !is_leased(files(), now) {
            blobs.discard_unfinished(&folder).await?;
            let names = found.into_iter().map(|blob| blob.name);
            swept.push(delete(blobs, id, names).await?);
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
            Deletion::Refused(reason) => {
                let kept = swept.kept.take().map_or(0, |(kept, _)| kept);
                swept.kept = Some((kept + 1, reason));
            }
        }
    }
    Ok(swept)
}
