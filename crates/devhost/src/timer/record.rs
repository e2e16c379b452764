//! The record of a timer's last and next run.
//!
//! Source: azure-webjobs-sdk-extensions, `StorageScheduleMonitor.cs`, which keeps it in a blob.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::envelope::status_json;
use crate::call::Recorded;

/// The file with the record of one timer, for one schedule; `None` where runs are not recorded.
pub(super) struct Record {
    file: Option<PathBuf>,
    schedule: String,
}

impl Record {
    /// The record of `function` in `folder`.
    pub(super) fn new(folder: Option<&Path>, function: &str, schedule: &str) -> Self {
        Self {
            file: folder.map(|folder| folder.join(format!("{function}.json"))),
            schedule: schedule.to_owned(),
        }
    }

    /// `None` where there is none, or where it was made for another schedule.
    pub(super) fn read(&self) -> io::Result<Option<Recorded>> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let text: Value = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        if text["Schedule"] != self.schedule {
            return Ok(None);
        }
        let instant = |name: &str| {
            let instant = text[name]
                .as_str()
                .and_then(|text| text.parse::<Timestamp>().ok());
            instant.ok_or_else(|| io::Error::other(format!("{name} is not an instant")))
        };
        // The year 1 means never.
        let last = instant("Last")?;
        let last = (last > Timestamp::UNIX_EPOCH).then_some(last);
        let next = instant("Next")?;
        Ok(Some(Recorded { last, next }))
    }

    /// Writes `recorded` in one step.
    pub(super) fn write(&self, recorded: Recorded) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut text = status_json(recorded, None);
        text["Schedule"] = json!(self.schedule);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let unfinished = file.with_extension("unfinished");
        fs::write(&unfinished, text.to_string())?;
        fs::rename(&unfinished, file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_its_host_but_not_another_schedule() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let state = folder.path().join("state");
        let record = |schedule| Record::new(Some(&state), "T", schedule);
        let read = |schedule| record(schedule).read().expect("a readable record");
        assert_eq!(read("0 * * * * *"), None);

        let next: Timestamp = "2026-09-14T03:15:00Z".parse().expect("an instant");
        for last in [None, Some(next)] {
            let recorded = Recorded { last, next };
            let written = record("0 * * * * *").write(recorded);
            written.expect("a written record");
            assert_eq!(read("0 * * * * *"), Some(recorded));
        }
        assert_eq!(read("0 0 * * * *"), None);

        fs::write(state.join("T.json"), "{").expect("a spoilt record");
        assert!(record("0 * * * * *").read().is_err());
    }
}
