//! Loads the schedule's files: `scale.toml` and the calendars that it names.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use super::resource::Resource;
use super::settings::{Place, Settings};
use crate::blob::{BlobError, Blobs};
use schedule::{
    Calendar, CalendarError, Configuration, ConfigurationError, Finding, Schedule, Severity,
    Target, TargetName, lint, parse_calendar,
};

/// A schedule as loaded, with the resource of each target and the findings of lint.
#[derive(Clone, Debug)]
pub struct LoadedSchedule {
    /// The file or blob that it was read from.
    pub place: String,
    /// The schedule.
    pub schedule: Schedule,
    /// The findings, by line.
    pub findings: Vec<Finding>,
    resources: BTreeMap<TargetName, Resource>,
}

/// The schedule could not be read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is no file, and `SCALE_CONFIG` is not set.
    #[error("there is no schedule at {0}; write one there, or name one in SCALE_CONFIG")]
    Missing(String),
    /// A file of this machine.
    #[error("{place}: {error}; check the path and who may read it")]
    File {
        /// Which.
        place: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A blob.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A file that is not text.
    #[error("{0} is not UTF-8 text; save it as UTF-8")]
    Text(String),
    /// The schedule.
    #[error("{place}: {error}")]
    Configuration {
        /// Which file.
        place: String,
        /// What is wrong with it.
        error: ConfigurationError,
    },
    /// A calendar.
    #[error("{place}, of the calendar {calendar}: {error}")]
    Calendar {
        /// Which file.
        place: String,
        /// The calendar that names it.
        calendar: String,
        /// What is wrong with it.
        error: CalendarError,
    },
}

/// The largest file that is read: a schedule of a thousand targets has some 500 kB.
const LIMIT: u64 = 4 * 1024 * 1024;

impl LoadedSchedule {
    /// Reads all files, as of `now`. `None`: there is no schedule, and `SCALE_CONFIG` is not set.
    pub async fn read(
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Option<LoadedSchedule>, LoadError> {
        let files = Files::open(&settings.place)?;
        let name = files.schedule();
        let text = match files.read(&name).await {
            Err(LoadError::Missing(_)) => return Ok(None),
            text => text?,
        };
        let place = files.title(&name);
        let configuration = Configuration::parse(&text);
        let configuration = configuration.map_err(|error| LoadError::Configuration {
            place: place.clone(),
            error,
        })?;
        let calendars = files.calendars(&configuration).await?;
        let schedule = Schedule::new(configuration, &calendars);
        let mut findings = lint(&schedule, now);
        let resources = resources(&schedule, settings, &mut findings);
        findings.sort_by_key(|finding| finding.line);
        Ok(Some(LoadedSchedule {
            place,
            schedule,
            findings,
            resources,
        }))
    }

    /// The resource that is `target`, if it is known.
    pub fn resource(&self, target: &TargetName) -> Option<&Resource> {
        self.resources.get(target)
    }

    /// Whether there is anything to size.
    pub fn has_resources(&self) -> bool {
        !self.resources.is_empty()
    }

    /// What keeps the schedule from being acted on, as one text, if anything does.
    pub fn errors(&self) -> Option<String> {
        let of_errors = |it: &&Finding| it.severity == Severity::Error;
        let errors: Vec<&Finding> = self.findings.iter().filter(of_errors).collect();
        let first = errors.first()?;
        let more = match errors.len() {
            1 => String::new(),
            all => format!(", and {} more", all - 1),
        };
        Some(format!(
            "{}, line {}: {}{more}; `magnusapi scale lint` shows all",
            self.place, first.line, first.text
        ))
    }
}

/// Finds out which resource each target is, and adds what is wrong with that.
fn resources(
    schedule: &Schedule,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> BTreeMap<TargetName, Resource> {
    let mut resources: BTreeMap<TargetName, Resource> = BTreeMap::new();
    for target in schedule.targets() {
        let resource = match &target.resource {
            Some(id) => match id.parse() {
                Ok(resource) => resource,
                Err(error) => {
                    findings.push(Finding::error(
                        target.line,
                        format!("{}: {error}", target.name),
                    ));
                    continue;
                }
            },
            None => match settings.resources.get(&target.name) {
                Some(resource) => resource.clone(),
                None => continue,
            },
        };
        findings.extend(unfit(target, &resource));
        let same = |(_, it): &(&TargetName, &Resource)| it.id().eq_ignore_ascii_case(resource.id());
        if let Some((other, _)) = resources.iter().find(same) {
            let text = format!(
                "{} and {other} are the same resource; remove one of them",
                target.name
            );
            findings.push(Finding::error(target.line, text));
        }
        resources.insert(target.name.clone(), resource);
    }
    findings.extend(unmatched(schedule, settings, &resources));
    resources
}

/// The sizes that this kind of resource does not have. One of a kind is enough.
fn unfit(target: &Target, resource: &Resource) -> Option<Finding> {
    target.sizes().find_map(|(line, place, size)| {
        let error = resource.takes(size).err()?;
        Some(Finding::error(line, format!("{place}: {error}")))
    })
}

/// Where no target has a resource, nothing is to be sized, and that is no mistake: it is how the
/// schedule comes. Where some have one, those without were forgotten.
fn unmatched(
    schedule: &Schedule,
    settings: &Settings,
    resources: &BTreeMap<TargetName, Resource>,
) -> Vec<Finding> {
    let targets = schedule.targets().iter();
    let without = targets.filter(|target| {
        !resources.is_empty() && target.resource.is_none() && !resources.contains_key(&target.name)
    });
    let without = without.map(|target| {
        let text = format!(
            "{0} has no resource, so it is not sized; write resource = \"…\" there, or {0}=… in \
             SCALE_RESOURCES",
            target.name
        );
        Finding::warning(target.line, text)
    });
    let names = settings.resources.keys();
    let unknown = names.filter(|name| schedule.target(name).is_none());
    let unknown = unknown.map(|name| {
        let text =
            format!("SCALE_RESOURCES names {name}, but the schedule has no such target; write [target.{name}]");
        Finding::warning(1, text)
    });
    without.chain(unknown).collect()
}

/// The folder or container of the schedule. The files that it names are beside it.
enum Files {
    Folder {
        folder: PathBuf,
        schedule: String,
        is_named: bool,
    },
    Blobs {
        title: String,
        blobs: Blobs,
        schedule: String,
    },
}

impl Files {
    fn open(place: &Place) -> Result<Files, BlobError> {
        Ok(match place {
            Place::File { path, is_named } => Files::Folder {
                folder: path.parent().unwrap_or(Path::new("")).to_owned(),
                schedule: path
                    .file_name()
                    .map_or_else(String::new, |it| it.to_string_lossy().into_owned()),
                is_named: *is_named,
            },
            Place::Blob { folder, name } => Files::Blobs {
                title: folder.to_string(),
                blobs: Blobs::open(folder)?,
                schedule: name.clone(),
            },
        })
    }

    fn schedule(&self) -> String {
        match self {
            Files::Folder { schedule, .. } | Files::Blobs { schedule, .. } => schedule.clone(),
        }
    }

    /// What errors call a file.
    fn title(&self, name: &str) -> String {
        match self {
            Files::Folder { folder, .. } => folder.join(name).display().to_string(),
            Files::Blobs { title, .. } => format!("{title}/{name}"),
        }
    }

    async fn calendars(
        &self,
        configuration: &Configuration,
    ) -> Result<BTreeMap<String, Calendar>, LoadError> {
        let mut calendars = BTreeMap::new();
        for source in configuration.calendars() {
            for file in &source.files {
                let text = self.read(file).await?;
                let days = parse_calendar(&text).map_err(|error| LoadError::Calendar {
                    place: self.title(file),
                    calendar: source.name.clone(),
                    error,
                })?;
                calendars.insert(file.clone(), days);
            }
        }
        Ok(calendars)
    }

    /// A file's text. The schedule that nobody named may be [missing](LoadError::Missing).
    async fn read(&self, name: &str) -> Result<String, LoadError> {
        let bytes = match self {
            Files::Blobs { blobs, .. } => Box::pin(blobs.read(name, LIMIT)).await?.to_vec(),
            Files::Folder {
                folder,
                schedule,
                is_named,
            } => match tokio::fs::read(folder.join(name)).await {
                Ok(bytes) => bytes,
                Err(error)
                    if error.kind() == ErrorKind::NotFound && !is_named && name == schedule =>
                {
                    return Err(LoadError::Missing(self.title(name)));
                }
                Err(error) => {
                    let place = self.title(name);
                    return Err(LoadError::File { place, error });
                }
            },
        };
        String::from_utf8(bytes).map_err(|_| LoadError::Text(self.title(name)))
    }
}
