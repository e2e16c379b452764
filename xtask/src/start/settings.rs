//! `local.settings.json`: the app settings of this machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fs_err as fs;
use serde_json::{Map, Value};

/// The checkout's file.
pub(super) struct LocalSettings {
    path: PathBuf,
    /// Without its values.
    file: Value,
    values: Map<String, Value>,
}

const VALUES: &str = "Values";

impl LocalSettings {
    /// The file of the checkout. A setting that it lacks comes from the example.
    pub(super) fn read(root: &Path) -> anyhow::Result<LocalSettings> {
        let example = json(&root.join("local.settings.example.json"))?;
        let path = root.join("local.settings.json");
        let mut file = match path.try_exists() {
            Ok(false) => example.clone(),
            _ => json(&path)?,
        };
        let values = values(&mut file).with_context(|| format!("cannot use {}", path.display()));
        let mut values = values?;
        for (name, value) in example[VALUES].as_object().into_iter().flatten() {
            values.entry(name).or_insert_with(|| value.clone());
        }
        Ok(LocalSettings { path, file, values })
    }

    /// The value of a setting. A missing setting is empty.
    pub(super) fn get(&self, name: &str) -> &str {
        let value = self.values.get(name).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.into());
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// The settings as the variables of a program. A host drops empty ones.
    pub(super) fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = self.values.iter();
        values
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .filter(|(_, value)| !value.is_empty())
    }

    pub(super) fn write(&self) -> anyhow::Result<()> {
        let mut file = self.file.clone();
        file[VALUES] = self.values.clone().into();
        let folder = self.path.parent().context("a file is in a folder")?;
        // Only the owner can read a temporary file: a `DATABASE_URL` may contain a password.
        let mut whole = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(whole, "{file:#}")?;
        whole.persist(&self.path)?;
        Ok(())
    }
}

fn json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path)?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not JSON; correct it, or delete it and run this command again",
            path.display()
        )
    })
}

fn values(file: &mut Value) -> anyhow::Result<Map<String, Value>> {
    if file["IsEncrypted"] != Value::Bool(false) {
        bail!("it does not have \"IsEncrypted\": false, so `func` would decrypt its values");
    }
    match file.get_mut(VALUES).map(Value::take) {
        Some(Value::Object(values)) => Ok(values),
        _ => bail!("it has no object \"{VALUES}\""),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const EXAMPLE: &str = r#"{"IsEncrypted": false,
        "Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "SCHEDULE": "0 0 * * * *"}}"#;

    /// A checkout with the example, and with this file if there is one.
    fn checkout(file: Option<&str>) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("local.settings.example.json", Some(EXAMPLE)),
            ("local.settings.json", file),
        ];
        for (name, text) in files {
            if let Some(text) = text {
                fs::write(root.path().join(name), text).unwrap();
            }
        }
        root
    }

    fn error(file: &str) -> String {
        let root = checkout(Some(file));
        let error = LocalSettings::read(root.path()).err().unwrap();
        let text = fs::read_to_string(root.path().join("local.settings.json")).unwrap();
        assert_eq!(text, file);
        format!("{error:#}")
    }

    #[test]
    fn new_file_has_the_settings_of_the_example() {
        let root = checkout(None);
        let mut settings = LocalSettings::read(root.path()).unwrap();
        settings.set("DATABASE_URL", "host=/run/pg");
        settings.remove("AzureWebJobsStorage");
        settings.write().unwrap();
        let text = fs::read_to_string(root.path().join("local.settings.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let values = r#"{"SCHEDULE": "0 0 * * * *", "DATABASE_URL": "host=/run/pg"}"#;
        let values: Value = serde_json::from_str(values).unwrap();
        assert_eq!(
            (&file["IsEncrypted"], &file["Values"]),
            (&false.into(), &values)
        );
    }

    #[test]
    fn settings_of_an_existing_file_stay() {
        let file = r#"{"IsEncrypted": false, "Values": {"SCHEDULE": "0 5 * * * *", "MINE": "1",
            "DATABASE_URL": "host=/old"}, "Host": {"CORS": "*"}}"#;
        let root = checkout(Some(file));
        let mut settings = LocalSettings::read(root.path()).unwrap();
        settings.set("DATABASE_URL", "host=/run/pg");
        settings.write().unwrap();
        let settings = LocalSettings::read(root.path()).unwrap();
        assert_eq!(settings.get("SCHEDULE"), "0 5 * * * *");
        assert_eq!(settings.get("MINE"), "1");
        assert_eq!(settings.get("DATABASE_URL"), "host=/run/pg");
        assert_eq!(settings.file["Host"]["CORS"], "*");
    }

    #[test]
    fn files_that_func_cannot_use_are_rejected_and_stay_as_they_are() {
        for file in [
            r#"{"Values": {}}"#,
            r#"{"IsEncrypted": true, "Values": {}}"#,
        ] {
            let error = error(file);
            assert!(error.contains("IsEncrypted"), "{error}");
        }
        assert!(error(r#"{"IsEncrypted": false}"#).contains("Values"));
    }

    #[test]
    fn files_that_are_not_json_stay_as_they_are() {
        assert!(error("{").contains("is not JSON"));
    }
}
