//! The name of a backup within its source.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The start of a backup, in UTC to the second, and eight hexadecimal digits:
/// `20261124T020000Z-1a2b3c4d`. The first three digits are the fraction of the second, in 4096ths, so
/// that names sort by time. The others are the run's own, so that no name is used twice. In older names
/// all eight are the run's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackupId {
    started: Timestamp,
    text: String,
}

/// The text is not the name of a backup.
#[derive(Debug, Error)]
#[error(
    "{0:?} is not the name of a backup, such as 20261124T020000Z-1a2b3c4d; see `magnusapi backup list`"
)]
pub struct BackupIdError(String);

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The clocks of healthy machines differ by less.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(10);

impl BackupId {
    /// The name of a backup that starts at `now`. The lower 20 bits of `run` are used.
    pub fn new(now: Timestamp, run: u32) -> BackupId {
        let nanosecond = i64::from(now.subsec_nanosecond());
        let fraction = nanosecond * 4096 / 1_000_000_000;
        let run = run & 0xf_ffff;
        let text = format!("{}-{fraction:03x}{run:05x}", now.strftime(FORMAT));
        text.parse().expect("the name is well-formed")
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Whether the clock of its machine was wrong: it started after `now`.
    pub fn is_of_the_future(&self, now: Timestamp) -> bool {
        self.started.duration_since(now) > CLOCKS_DIFFER
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(formatter)
    }
}

impl FromStr for BackupId {
    type Err = BackupIdError;

    fn from_str(text: &str) -> Result<BackupId, BackupIdError> {
        let error = || BackupIdError(text.to_owned());
        let (time, run) = text.split_once('-').ok_or_else(error)?;
        let hexadecimal = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
        if time.len() != 16 || run.len() != 8 || !run.bytes().all(hexadecimal) {
            return Err(error());
        }
        let time = DateTime::strptime(FORMAT, time).map_err(|_| error())?;
        let started = time.to_zoned(TimeZone::UTC).map_err(|_| error())?;
        Ok(BackupId {
            started: started.timestamp(),
            text: text.to_owned(),
        })
    }
}

impl TryFrom<String> for BackupId {
    type Error = BackupIdError;

    fn try_from(text: String) -> Result<BackupId, BackupIdError> {
        text.parse()
    }
}

impl From<BackupId> for String {
    fn from(id: BackupId) -> String {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_contains_the_start() {
        let now: Timestamp = "2026-11-24T02:00:00.9Z".parse().expect("good");
        let id = BackupId::new(now, 0x1a2b_3c4d);
        assert_eq!(id.as_str(), "20261124T020000Z-e66b3c4d");
        assert_eq!(id.started().to_string(), "2026-11-24T02:00:00Z");
    }

    #[test]
    fn names_sort_by_start() {
        let at = |text: &str, run| BackupId::new(text.parse().expect("good"), run);
        let ids = [
            at("2026-11-24T02:00:00Z", u32::MAX),
            at("2026-11-24T02:00:00.001Z", 7),
            at("2026-11-24T02:00:00.002Z", 3),
            at("2026-11-24T02:00:00.999999999Z", 2),
            at("2026-11-24T02:00:01Z", 1),
        ];
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().map(BackupId::as_str).is_sorted(), "{ids:?}");
    }

    #[test]
    fn malformed_names_are_rejected() {
        for text in [
            "",
            "latest",
            "20261124T020000Z",
            "20261124T020000Z-1A2B3C4D",
            "20261124T020000Z-1a2b3c4",
            "20261324T020000Z-1a2b3c4d",
            "2026112T020000Z-1a2b3c4d",
            "../20261124T020000Z-1a2b3c4d",
        ] {
            assert!(text.parse::<BackupId>().is_err(), "{text}");
        }
    }
}
