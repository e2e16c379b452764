//! Settings from the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::resource::Resource;
use crate::azure::resource_manager::Base;
use crate::blob::{BlobAddress, BlobSettings};
use crate::environment::SettingError;
use schedule::TargetName;

#[derive(Clone, Debug)]
pub struct Settings {
    /// `SCALE_CONFIG`.
    pub place: Place,
    /// `SCALE_RESOURCES`: the resources of targets that have none in the schedule.
    pub resources: BTreeMap<TargetName, Resource>,
    /// `SCALE_RESOURCE_MANAGER`.
    pub manager: Base,
}

/// The file or blob of the schedule. The calendars that it names are beside it.
#[derive(Clone, Debug)]
pub enum Place {
    File {
        path: PathBuf,
        /// Whether `SCALE_CONFIG` names it. The default file may be missing.
        is_named: bool,
    },
    Blob {
        folder: Box<BlobAddress>,
        name: String,
    },
}

/// The default schedule. In the packaged app it is beside `host.json`.
const FILE: &str = "scale.toml";

/// The names of the settings for a schedule in Azure Blob Storage.
const BLOB: BlobSettings = BlobSettings {
    url: "SCALE_CONFIG",
    account: "SCALE_STORAGE_ACCOUNT",
    endpoint: "SCALE_STORAGE_ENDPOINT",
    key: "SCALE_STORAGE_KEY",
    wait: "SCALE_STORAGE_WAIT",
};

impl Settings {
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
        let unusable = |name: &str, error: String| SettingError::new(format!("{name}: {error}"));
        let resources = resources(&variable("SCALE_RESOURCES").unwrap_or_default());
        let manager = variable("SCALE_RESOURCE_MANAGER");
        let manager = manager.map_or_else(|| Ok(Base::default()), |text| text.parse());
        Ok(Settings {
            place: Place::read(&variable)?,
            resources: resources.map_err(|error| unusable("SCALE_RESOURCES", error))?,
            manager: manager.map_err(|error| unusable("SCALE_RESOURCE_MANAGER", error))?,
        })
    }
}

impl Place {
    fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<Place, SettingError> {
        let Some(config) = variable("SCALE_CONFIG") else {
            // The host starts the program there. An operator may be in any folder.
            let root = variable("FUNCTIONS_APP_ROOT_PATH").map(PathBuf::from);
            return Ok(Place::File {
                path: root.unwrap_or_default().join(FILE),
                is_named: false,
            });
        };
        match config
            .strip_prefix("az://")
            .and_then(|it| it.rsplit_once('/'))
        {
            Some((folder, name)) if !name.is_empty() => Ok(Place::Blob {
                folder: Box::new(BlobAddress::of(&BLOB, &format!("az://{folder}"), variable)?),
                name: name.to_owned(),
            }),
            _ if config.starts_with("az://") => Err(BLOB.unusable_url(&config)),
            _ => Ok(Place::File {
                path: PathBuf::from(config),
                is_named: true,
            }),
        }
    }
}

fn resources(text: &str) -> Result<BTreeMap<TargetName, Resource>, String> {
    let mut resources = BTreeMap::new();
    for entry in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (name, id) = entry.split_once('=').ok_or_else(|| {
            format!("{entry:?} is not an entry; write <target>=<resource id>, and commas between entries")
        })?;
        let name: TargetName = name
            .trim()
            .parse()
            .map_err(|it: schedule::Error| it.to_string())?;
        let resource = id.trim().parse()?;
        if resources.insert(name.clone(), resource).is_some() {
            return Err(format!("{name} is named twice; remove one of the entries"));
        }
    }
    Ok(resources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment;

    const GROUP: &str = "/subscriptions/s/resourceGroups/g/providers";

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(environment::of(pairs))
    }

    #[test]
    fn the_default_schedule_is_in_the_apps_folder() {
        let settings = read(&[("FUNCTIONS_APP_ROOT_PATH", "/app")]).expect("good");
        let Place::File { path, is_named } = settings.place else {
            panic!("a file");
        };
        assert_eq!((path, is_named), (PathBuf::from("/app/scale.toml"), false));
        assert!(settings.resources.is_empty());
    }

    #[test]
    fn resources_are_listed_by_target() {
        let text = format!(
            "web={GROUP}/Microsoft.Web/sites/web, \
             apps={GROUP}/Microsoft.ContainerService/managedClusters/c/agentPools/apps,"
        );
        let settings = read(&[("SCALE_RESOURCES", &text)]).expect("good");
        let names: Vec<String> = settings.resources.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["apps", "web"]);
    }

    #[test]
    fn errors_name_the_setting() {
        let twice = format!("a={GROUP}/Microsoft.Web/sites/a,a={GROUP}/Microsoft.Web/sites/b");
        for (name, value, hint) in [
            ("SCALE_RESOURCES", "web", "<target>=<resource id>"),
            ("SCALE_RESOURCES", "Web=/subscriptions/s", "lower-case"),
            ("SCALE_RESOURCES", "web=/subscriptions/s", "agentPools"),
            ("SCALE_RESOURCES", twice.as_str(), "twice"),
            ("SCALE_RESOURCE_MANAGER", "http://arm", "https://"),
            ("SCALE_CONFIG", "az://settings", "az://<container>"),
            (
                "SCALE_CONFIG",
                "az://settings/x.toml",
                "SCALE_STORAGE_ACCOUNT",
            ),
        ] {
            let error = read(&[(name, value)]).expect_err(value).to_string();
            assert!(error.contains(hint) && error.contains("SCALE_"), "{error}");
        }
    }
}
