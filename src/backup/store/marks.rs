//! What stands beside a backup: that it was restored, that it must stay.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The file that says that a backup was restored and compared.
pub const VERIFIED: &str = "verified.json";

/// The file that keeps a backup.
pub(super) const HOLD: &str = "hold.json";

/// A backup was restored, and every count and checksum was that of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When.
    pub verified: Timestamp,
    /// The version of the server that it was restored to.
    pub server_version: String,
    /// How many tables were compared.
    pub tables: u64,
    /// How many rows.
    pub rows: u64,
    /// How many definitions were compared; `None` in marks of before this was done.
    #[serde(default)]
    pub definitions: Option<usize>,
    /// What the backup lacks, and so the restored database too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// How long restoring and comparing took.
    pub milliseconds: u64,
}

/// Somebody wants a backup to stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}
