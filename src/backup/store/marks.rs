//! The files beside a backup: verified, held, in use.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pgarchive::BackupId;
use serde::{Deserialize, Serialize};

/// The files in the folder of a backup, with their sizes.
pub type Files = BTreeMap<String, u64>;

/// The mark of a backup that was restored and compared.
pub const VERIFIED: &str = "verified.json";

/// The mark of a backup that must stay.
pub(super) const HOLD: &str = "hold.json";

/// The beginning of the name of a lease, which ends by itself. Its end and a number follow, written as in the name
/// of a backup.
pub(super) const LEASE: &str = "in-use-";

/// The same for an announcement that the backup will be deleted.
pub(super) const ANNOUNCEMENT: &str = "deleting-";

const SUFFIX: &str = ".json";

/// The proof of a backup: it was restored, and every count and checksum equalled the manifest's. Marks of
/// older versions lack the members that have a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    pub verified: Timestamp,
    /// The version of the server that it was restored to.
    pub server_version: String,
    pub tables: u64,
    pub rows: u64,
    /// Each table that was compared.
    #[serde(default)]
    pub compared: Vec<Compared>,
    /// Definitions that were compared.
    #[serde(default)]
    pub definitions: Option<usize>,
    /// Objects that the backup, and so the restored database, lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The duration of the restore and of the comparison.
    pub milliseconds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Seconds>,
}

/// A table whose restored rows equalled the backup's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Its schema and name.
    pub table: String,
    pub rows: u64,
    /// The sum of its rows, as in the manifest. `None` if the rows were only counted, because the two servers
    /// write floating-point numbers with other digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_sum: Option<String>,
}

/// The duration of each step of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// Comparing every file with the manifest.
    pub files: f64,
    /// Making and filling the database.
    pub load: f64,
    /// Comparing the rows.
    pub rows: f64,
    /// Comparing the definitions.
    pub definitions: f64,
    /// Dropping the database.
    pub drop: f64,
}

/// The operator wants a backup to stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub reason: String,
    pub since: Timestamp,
}

/// The name of a lease or an announcement that ends then.
pub(super) fn file_until(kind: &str, end: Timestamp, number: u32) -> String {
    format!("{kind}{}{SUFFIX}", BackupId::new(end, number))
}

/// When a file ends, if it is of this kind.
pub(super) fn end(file: &str, kind: &str) -> Option<Timestamp> {
    let name = file.strip_prefix(kind)?.strip_suffix(SUFFIX)?;
    let name: BackupId = name.parse().ok()?;
    Some(name.started())
}

/// Whether a file of a backup is a lease or an announcement, which ends by itself where a store keeps it.
pub(super) fn ends_by_itself(file: &str) -> bool {
    end(file, LEASE).or(end(file, ANNOUNCEMENT)).is_some()
}

/// Whether one of these files of a backup is a lease that holds at `now`.
pub(super) fn is_leased(files: &Files, now: Timestamp) -> bool {
    last_end(files, LEASE, now).is_some()
}

/// Until when one of these files of a backup announces its deletion, if one does at `now`.
pub(super) fn deleted_until(files: &Files, now: Timestamp) -> Option<Timestamp> {
    last_end(files, ANNOUNCEMENT, now)
}

fn last_end(files: &Files, kind: &str, now: Timestamp) -> Option<Timestamp> {
    let ends = files.keys().filter_map(|file| end(file, kind));
    ends.max().filter(|end| now < *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_older_versions_are_read() {
        let mark = r#"{"verified": "2026-11-24T02:00:00Z", "server_version": "15.18", "tables": 8,
                       "rows": 5, "milliseconds": 7}"#;
        let mark: Verified = serde_json::from_str(mark).expect("a mark");
        assert_eq!((mark.rows, mark.definitions, mark.seconds), (5, None, None));
        assert!(mark.compared.is_empty());
    }

    fn files<const N: usize>(names: [&str; N]) -> Files {
        names.map(|name| (name.to_owned(), 1)).into()
    }

    #[test]
    fn a_lease_holds_until_the_time_in_its_name() {
        let now: Timestamp = "2026-11-24T02:00:00Z".parse().expect("good");
        let past = "in-use-20261124T015959Z-00000000.json";
        let future = "in-use-20261124T020001Z-1a2b3c4d.json";
        assert!(is_leased(&files(["toc.dat", past, future]), now));
        assert!(!is_leased(&files([past, "manifest.json"]), now));
        for other in ["in-use-soon.json", "20261124T020001Z-1a2b3c4d", "hold.json"] {
            assert!(!is_leased(&files([other]), now), "{other}");
        }
    }

    #[test]
    fn the_announcement_of_a_killed_prune_ends_by_itself() {
        let now: Timestamp = "2026-11-24T02:00:00Z".parse().expect("good");
        let past = "deleting-20261124T015959Z-00000000.json";
        let future = "deleting-20261124T020001Z-1a2b3c4d.json";
        let until = deleted_until(&files(["manifest.json", past, future]), now);
        assert_eq!(until.map(|it| it.as_second() - now.as_second()), Some(1));
        assert_eq!(deleted_until(&files([past, "manifest.json"]), now), None);
        assert!(!is_leased(&files([past, future]), now));
        assert!(ends_by_itself(past) && !ends_by_itself("manifest.json"));
    }
}
