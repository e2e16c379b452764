//! `local.settings.json`: the app settings of this machine.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// Writes the example's settings into the app folder, with the database and storage that run here.
pub(super) fn write(
    root: &Path,
    app: &Path,
    database: Option<&str>,
    storage: Option<&str>,
) -> anyhow::Result<()> {
    let example = root.join("local.settings.example.json");
    let text = fs::read_to_string(&example)
        .with_context(|| format!("cannot read {}", example.display()))?;
    let settings = filled(&text, database, storage)
        .with_context(|| format!("cannot use {}", example.display()))?;
    let path = app.join("local.settings.json");
    // For its owner alone: a DATABASE_URL may hold a password.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(settings.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn filled(example: &str, database: Option<&str>, storage: Option<&str>) -> anyhow::Result<String> {
    let mut settings: Value = serde_json::from_str(example)?;
    let values = settings.get_mut("Values").and_then(Value::as_object_mut);
    let values = values.context("it has no object \"Values\"")?;
    for (name, value) in [("DATABASE_URL", database), ("AzureWebJobsStorage", storage)] {
        match value {
            Some(value) => values.insert(name.to_owned(), value.into()),
            None => values.remove(name),
        };
    }
    Ok(format!("{settings:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"{"IsEncrypted": false,
        "Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "SCHEDULE": "0 0 * * * *"}}"#;

    fn values(storage: Option<&str>) -> Value {
        let text = filled(EXAMPLE, Some("host=/run/pg"), storage).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["Values"].take()
    }

    #[test]
    fn what_runs_here_is_filled_in_and_the_rest_kept() {
        let values = values(Some("BlobEndpoint=x"));
        assert_eq!(values["DATABASE_URL"], "host=/run/pg");
        assert_eq!(values["AzureWebJobsStorage"], "BlobEndpoint=x");
        assert_eq!(values["SCHEDULE"], "0 0 * * * *");
    }

    #[test]
    fn without_storage_none_is_promised() {
        assert_eq!(values(None).get("AzureWebJobsStorage"), None);
    }

    #[test]
    fn an_example_without_values_is_refused() {
        assert!(filled("{}", None, None).is_err());
    }
}
