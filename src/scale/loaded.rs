//! Loads and checks the schedule.

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use super::files::{Files, LoadError};
use super::resource::Resource;
use super::settings::Settings;
use schedule::{Finding, Schedule, Severity, Target, TargetName, lint};

/// A schedule with the resource of each target and the findings of lint.
#[derive(Clone, Debug)]
pub struct LoadedSchedule {
    /// The file or blob.
    pub place: String,
    pub schedule: Schedule,
    /// In the order of the file.
    pub findings: Vec<Finding>,
    resources: BTreeMap<TargetName, Resource>,
}

impl LoadedSchedule {
    /// Also with errors. `now` is the instant of the findings.
    pub async fn read(settings: &Settings, now: Timestamp) -> Result<LoadedSchedule, LoadError> {
        let files = Files::open(&settings.place)?;
        let configuration = files.configuration().await?;
        let calendars = files.calendars(&configuration).await?;
        let schedule = Schedule::new(configuration, &calendars);
        let assigned = Assigned::new(&schedule, settings);
        let mut findings = lint(&schedule, now);
        findings.extend(assigned.findings);
        findings.sort_by_key(|it| it.line);
        Ok(LoadedSchedule {
            place: files.title(),
            schedule,
            findings,
            resources: assigned.resources,
        })
    }

    /// The schedule, if it has no errors: one with errors is not applied.
    pub fn without_errors(self) -> Result<LoadedSchedule, LoadError> {
        match self.errors() {
            Some(errors) => Err(LoadError::Unusable(errors)),
            None => Ok(self),
        }
    }

    /// Of a test.
    #[cfg(test)]
    pub(super) fn without_resources(schedule: Schedule) -> LoadedSchedule {
        LoadedSchedule {
            place: "scale.toml".to_owned(),
            schedule,
            findings: Vec::new(),
            resources: BTreeMap::new(),
        }
    }

    pub fn resource(&self, target: &TargetName) -> Option<&Resource> {
        self.resources.get(target)
    }

    pub fn has_resources(&self) -> bool {
        !self.resources.is_empty()
    }

    pub fn target(&self, name: &TargetName) -> Result<&Target, NoSuchTarget> {
        let targets = self.schedule.targets().iter();
        self.schedule.target(name).ok_or_else(|| NoSuchTarget {
            name: name.clone(),
            known: targets.map(|it| it.name.to_string()).collect(),
        })
    }

    /// The errors as one text.
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

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the schedule has no target {name}, only {}", known.join(", "))]
pub struct NoSuchTarget {
    pub name: TargetName,
    known: Vec<String>,
}

/// The resource of each target, and findings about resources.
#[derive(Default)]
struct Assigned {
    resources: BTreeMap<TargetName, Resource>,
    findings: Vec<Finding>,
}

impl Assigned {
    fn new(schedule: &Schedule, settings: &Settings) -> Assigned {
        let mut assigned = Assigned::default();
        for target in schedule.targets() {
            match (&target.resource, settings.resources.get(&target.name)) {
                (Some(id), _) => match id.parse() {
                    Ok(resource) => assigned.assign(target, resource),
                    Err(error) => {
                        let text = format!("{}: {error}", target.name);
                        assigned.findings.push(Finding::error(target.line, text));
                    }
                },
                (None, Some(resource)) => assigned.assign(target, resource.clone()),
                (None, None) => {}
            }
        }
        let unmatched = unmatched(schedule, settings, &assigned.resources);
        assigned.findings.extend(unmatched);
        assigned
    }

    fn assign(&mut self, target: &Target, resource: Resource) {
        self.findings.extend(unfit(target, &resource));
        let same = |(_, it): &(&TargetName, &Resource)| it.id().eq_ignore_ascii_case(resource.id());
        if let Some((other, _)) = self.resources.iter().find(same) {
            let text = format!(
                "{} and {other} are the same resource; remove one of them",
                target.name
            );
            self.findings.push(Finding::error(target.line, text));
        }
        self.resources.insert(target.name.clone(), resource);
    }
}

/// The first size that this kind of resource cannot have.
fn unfit(target: &Target, resource: &Resource) -> Option<Finding> {
    target.sizes().find_map(|it| {
        let error = resource.takes(it.size).err()?;
        Some(Finding::error(it.line, format!("{}: {error}", it.title)))
    })
}

/// If no target has a resource, the schedule is the one of the package, and sizes nothing. If some have one, the
/// others were probably forgotten.
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
        let text = format!(
            "SCALE_RESOURCES names {name}, but the schedule has no such target; write [target.{name}]"
        );
        Finding::warning(1, text)
    });
    without.chain(unknown).collect()
}
