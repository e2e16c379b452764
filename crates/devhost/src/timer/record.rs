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

/// The record of one timer: in a file, or only here.
pub(super) struct Record {
    file: Option<PathBuf>,
    schedule: String,
    recorded: Option<Recorded>,
}

impl Record {
    /// The record of `function` in `folder`; empty where there is none, or where it was made for
    /// another schedule. Without a folder it lives as long as the host.
    pub(super) fn open(folder: Option<&Path>, function: &str, schedule: &str) -> io::Result<Self> {
        let file = folder.map(|folder| folder.join(format!("{function}.json")));
        let recorded = match &file {
            Some(file) => read(file, schedule)?,
            None => None,
        };
        Ok(Self {
            file,
            schedule: schedule.to_owned(),
            recorded,
        })
    }

    pub(super) fn recorded(&self) -> Option<Recorded> {
        self.recorded
    }

    /// Writes `recorded` in one step.
    pub(super) fn write(&mut self, recorded: Recorded) -> io::Result<()> {
        self.recorded = Some(recorded);
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

fn read(file: &Path, schedule: &str) -> io::Result<Option<Recorded>> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let invalid = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
    let text: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    if text["Schedule"] != schedule {
        return Ok(None);
    }
    let instant = |name: &str| {
        let instant = text[name]
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok());
        instant.ok_or_else(|| invalid(format!("{name} is not an instant")))
    };
    // The year 1 means never.
    let last = instant("Last")?;
    let last = (last > Timestamp::UNIX_EPOCH).then_some(last);
    Ok(Some(Recorded {
        last,
        next: instant("Next")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_its_host_but_not_another_schedule() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let state = folder.path().join("state");
        let open = |schedule| Record::open(Some(&state), "T", schedule).expect("a readable record");
        assert_eq!(open("0 * * * * *").recorded(), None);

        let next: Timestamp = "2026-09-14T03:15:00Z".parse().expect("an instant");
        for last in [None, Some(next)] {
            let recorded = Recorded { last, next };
            open("0 * * * * *")
                .write(recorded)
                .expect("a written record");
            assert_eq!(open("0 * * * * *").recorded(), Some(recorded));
        }
        assert_eq!(open("0 0 * * * *").recorded(), None);

        fs::write(state.join("T.json"), "{").expect("a spoilt record");
        assert!(Record::open(Some(&state), "T", "0 * * * * *").is_err());
    }
}
