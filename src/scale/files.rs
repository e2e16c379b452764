//! The folder or container with the schedule and the calendars that it names.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::settings::Place;
use crate::blob::{BlobError, Blobs};
use schedule::{Calendar, Configuration, parse_calendar};

/// There is no schedule that can be applied.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is no schedule, and `SCALE_CONFIG` is not set: there is nothing to size.
    #[error("there is no schedule at {0}; write one there, or name one in SCALE_CONFIG")]
    Missing(String),
    /// It cannot be read, or it has errors.
    #[error("{0}")]
    Unusable(String),
}

impl From<BlobError> for LoadError {
    fn from(error: BlobError) -> LoadError {
        LoadError::Unusable(error.to_string())
    }
}

/// The largest file: a schedule of a thousand targets has some 500 kB.
const LIMIT: u64 = 4 * 1024 * 1024;

pub(super) struct Files {
    store: Store,
    /// The name of the schedule's file.
    schedule: String,
}

enum Store {
    Folder { path: PathBuf, may_be_missing: bool },
    Blobs { title: String, blobs: Blobs },
}

impl Files {
    pub(super) fn open(place: &Place) -> Result<Files, BlobError> {
        Ok(match place {
            Place::File { path, is_named } => Files {
                store: Store::Folder {
                    path: path.parent().unwrap_or(Path::new("")).to_owned(),
                    may_be_missing: !is_named,
                },
                schedule: path
                    .file_name()
                    .map_or_else(String::new, |it| it.to_string_lossy().into_owned()),
            },
            Place::Blob { folder, name } => Files {
                store: Store::Blobs {
                    title: folder.to_string(),
                    blobs: Blobs::open(folder)?,
                },
                schedule: name.clone(),
            },
        })
    }

    /// The schedule's file in messages.
    pub(super) fn title(&self) -> String {
        self.title_of(&self.schedule)
    }

    fn title_of(&self, name: &str) -> String {
        match &self.store {
            Store::Folder { path, .. } => path.join(name).display().to_string(),
            Store::Blobs { title, .. } => format!("{title}/{name}"),
        }
    }

    pub(super) async fn configuration(&self) -> Result<Configuration, LoadError> {
        let text = self.read(&self.schedule).await?;
        Configuration::parse(&text)
            .map_err(|error| LoadError::Unusable(format!("{}: {error}", self.title())))
    }

    /// The calendars of the files that the configuration names, by file.
    pub(super) async fn calendars(
        &self,
        configuration: &Configuration,
    ) -> Result<BTreeMap<String, Calendar>, LoadError> {
        let mut calendars = BTreeMap::new();
        for source in configuration.calendars() {
            for file in &source.files {
                let text = self.read(file).await?;
                let days = parse_calendar(&text).map_err(|error| {
                    let (place, calendar) = (self.title_of(file), &source.name);
                    LoadError::Unusable(format!("{place}, of the calendar {calendar}: {error}"))
                })?;
                calendars.insert(file.clone(), days);
            }
        }
        Ok(calendars)
    }

    async fn read(&self, name: &str) -> Result<String, LoadError> {
        let bytes = match &self.store {
            Store::Blobs { blobs, .. } => Box::pin(blobs.read(name, LIMIT)).await?.to_vec(),
            Store::Folder {
                path,
                may_be_missing,
            } => {
                let bytes = tokio::fs::read(path.join(name)).await;
                bytes.map_err(|error| {
                    let place = self.title_of(name);
                    let is_missing = error.kind() == ErrorKind::NotFound;
                    if is_missing && *may_be_missing && name == self.schedule {
                        LoadError::Missing(place)
                    } else {
                        LoadError::Unusable(format!(
                            "{place}: {error}; check the path and the file's permissions"
                        ))
                    }
                })?
            }
        };
        String::from_utf8(bytes).map_err(|_| {
            let place = self.title_of(name);
            LoadError::Unusable(format!("{place} is not UTF-8 text; save it as UTF-8"))
        })
    }
}
