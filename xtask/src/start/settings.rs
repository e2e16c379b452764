//! `local.settings.json`: the app settings of this machine.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::report;

/// Writes the database and the storage that run here into the checkout's `local.settings.json`. Every other
/// setting stays as it is in the file, and a setting that the file lacks comes from the example.
pub(super) fn write(
    root: &Path,
    database: Option<&str>,
    storage: Option<&str>,
) -> anyhow::Result<()> {
    let example = read(&root.join("local.settings.example.json"))?;
    let path = root.join("local.settings.json");
    let present = match path.try_exists() {
        Ok(false) => None,
        _ => Some(read(&path)?),
    };
    let settings = merged(&example, present, database, storage)
        .with_context(|| format!("cannot use {}", path.display()))?;
    write_whole(&path, &settings).with_context(|| format!("cannot write {}", path.display()))?;
    report("settings", "local.settings.json");
    Ok(())
}

/// Readable for the owner only, since a `DATABASE_URL` may contain a password, and replaced as a whole.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let aside = path.with_extension("json.new");
    fs::remove_file(&aside).ok();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?
        .write_all(text.as_bytes())?;
    fs::rename(&aside, path)
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not JSON; correct it, or delete it and run this command again",
            path.display()
        )
    })
}

fn merged(
    example: &Value,
    present: Option<Value>,
    database: Option<&str>,
    storage: Option<&str>,
) -> anyhow::Result<String> {
    let mut settings = present.unwrap_or_else(|| example.clone());
    let values = values(&mut settings)?;
    for (name, value) in example["Values"].as_object().into_iter().flatten() {
        values.entry(name).or_insert_with(|| value.clone());
    }
    if let Some(url) = database {
        values.insert("DATABASE_URL".to_owned(), url.into());
    }
    match storage {
        Some(storage) => values.insert(STORAGE.to_owned(), storage.into()),
        None => values.remove(STORAGE),
    };
    Ok(format!("{settings:#}\n"))
}

/// The host's own storage.
const STORAGE: &str = "AzureWebJobsStorage";

fn values(settings: &mut Value) -> anyhow::Result<&mut Map<String, Value>> {
    if settings["IsEncrypted"] != Value::Bool(false) {
        bail!("it does not have \"IsEncrypted\": false, so `func` would decrypt its values");
    }
    let values = settings.get_mut("Values").and_then(Value::as_object_mut);
    values.context("it has no object \"Values\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"{"IsEncrypted": false,
        "Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "SCHEDULE": "0 0 * * * *"}}"#;

    fn merge(present: Option<&str>, storage: Option<&str>) -> anyhow::Result<Value> {
        let parse = |text| serde_json::from_str(text).unwrap();
        let text = merged(
            &parse(EXAMPLE),
            present.map(parse),
            Some("host=/run/pg"),
            storage,
        )?;
        Ok(parse(&text)["Values"].take())
    }

    #[test]
    fn new_file_has_the_example_and_the_local_services() {
        let values = merge(None, Some("BlobEndpoint=x")).unwrap();
        assert_eq!(values["DATABASE_URL"], "host=/run/pg");
        assert_eq!(values["AzureWebJobsStorage"], "BlobEndpoint=x");
        assert_eq!(values["SCHEDULE"], "0 0 * * * *");
    }

    #[test]
    fn settings_of_an_existing_file_stay() {
        let file = r#"{"IsEncrypted": false, "Values": {"SCHEDULE": "0 5 * * * *", "MINE": "1",
            "DATABASE_URL": "host=/old"}, "Host": {"CORS": "*"}}"#;
        let values = merge(Some(file), None).unwrap();
        assert_eq!(values["SCHEDULE"], "0 5 * * * *");
        assert_eq!(values["MINE"], "1");
        assert_eq!(values["DATABASE_URL"], "host=/run/pg");
        assert_eq!(values.get("AzureWebJobsStorage"), None);
    }

    #[test]
    fn files_that_func_cannot_use_are_rejected() {
        for file in [
            r#"{"Values": {}}"#,
            r#"{"IsEncrypted": true, "Values": {}}"#,
        ] {
            let error = merge(Some(file), None).unwrap_err().to_string();
            assert!(error.contains("IsEncrypted"), "{error}");
        }
        let error = merge(Some(r#"{"IsEncrypted": false}"#), None).unwrap_err();
        assert!(error.to_string().contains("Values"), "{error}");
    }

    #[test]
    fn files_that_are_not_json_stay_as_they_are() {
        let root = tempfile::tempdir().unwrap();
        let example = root.path().join("local.settings.example.json");
        fs::write(example, EXAMPLE).unwrap();
        let file = root.path().join("local.settings.json");
        fs::write(&file, "{").unwrap();
        assert!(write(root.path(), Some("host=/run/pg"), None).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "{");
        fs::remove_file(&file).unwrap();
        write(root.path(), Some("host=/run/pg"), None).unwrap();
        assert!(fs::read_to_string(&file).unwrap().contains("DATABASE_URL"));
    }
}
