//! The samples: a database of Postfacto on the local server, whose backups and drills have roles as in production,
//! and a schedule in shadow mode.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::database::Database;
use super::settings::LocalSettings;

/// The name of the database in `BACKUP_DATABASES`.
pub(super) const SOURCE: &str = "postfacto-sample";

const DATABASES: &str = "BACKUP_DATABASES";
const DATABASE: &str = "postfacto_sample";

/// Also the first backup and its drill take a second or two with so few rows.
const RETROS: u32 = 300;
const SCALE: &str = "0.005";

/// The schema and the generator of the integration tests.
const SCHEMA: &str = include_str!("../../../tests/it/sample_data/postfacto/schema.sql");
const ROWS: &str = include_str!("../../../tests/it/sample_data/postfacto/rows.sql");

/// Each value that names a part of the samples contains it, so another value is the developer's own and stays.
const MARK: &str = "sample";

/// The settings of the samples.
pub(super) struct Samples {
    settings: [(&'static str, String); 4],
}

impl Samples {
    /// Whether the settings name no other database.
    pub(super) fn fit(settings: &LocalSettings) -> bool {
        let names = settings.get(DATABASES);
        names.trim().is_empty() || names.split(',').any(|name| name.trim() == SOURCE)
    }

    /// Creates the database, its roles and the folder of its backups if they do not exist.
    pub(super) fn create(root: &Path, database: &Database) -> anyhow::Result<Samples> {
        if !database.has(DATABASE)? {
            fill(database)?;
        }
        let store = store()?;
        fs::create_dir_all(&store)?;
        let schedule = root.join("xtask/samples/scale.toml");
        Ok(Samples {
            settings: [
                (
                    "BACKUP_DATABASE_URL_POSTFACTO_SAMPLE",
                    database.url_for("sample_backup", DATABASE),
                ),
                ("BACKUP_URL", url(&store)),
                (
                    "DRILL_DATABASE_URL",
                    database.url_for("sample_drill", "postgres"),
                ),
                ("SCALE_CONFIG", schedule.display().to_string()),
            ],
        })
    }

    pub(super) fn description() -> String {
        format!(
            "{RETROS} retros of Postfacto in database {DATABASE}, schedule xtask/samples/scale.toml"
        )
    }

    /// Adds the samples. A setting with another value stays.
    pub(super) fn name_in(&self, settings: &mut LocalSettings) {
        if settings.get(DATABASES).trim().is_empty() {
            settings.set(DATABASES, SOURCE);
        }
        for (name, value) in &self.settings {
            let present = settings.get(name);
            if present.is_empty() || present.contains(MARK) {
                settings.set(name, value);
            }
        }
    }

    /// Removes the samples of an earlier start.
    pub(super) fn remove_from(settings: &mut LocalSettings) -> anyhow::Result<()> {
        let names = settings.get(DATABASES).to_owned();
        let others = names.split(',').filter(|name| name.trim() != SOURCE);
        settings.set(DATABASES, &others.collect::<Vec<_>>().join(","));
        if settings.get(DATABASES).is_empty() && settings.get("BACKUP_URL") == url(&store()?) {
            settings.set("BACKUP_URL", "");
        }
        for name in [
            "BACKUP_DATABASE_URL_POSTFACTO_SAMPLE",
            "DRILL_DATABASE_URL",
            "SCALE_CONFIG",
        ] {
            if settings.get(name).contains(MARK) {
                settings.set(name, "");
            }
        }
        Ok(())
    }
}

/// The store of backups that the program uses where no setting names one, so `cargo run -- backup list` reads it.
fn store() -> anyhow::Result<PathBuf> {
    Ok(localpg::data_folder()?.with_file_name("backups"))
}

fn url(store: &Path) -> String {
    format!("file://{}", store.display())
}

/// The database gets its name when it is complete, so an interrupted start does not keep a part of it.
fn fill(database: &Database) -> anyhow::Result<()> {
    database.run(
        "postgres",
        &format!(
            "DO $$
             BEGIN
                 IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sample_owner') THEN
                     CREATE ROLE sample_owner;
                     CREATE ROLE sample_backup LOGIN IN ROLE pg_read_all_data;
                     CREATE ROLE sample_drill LOGIN CREATEDB;
                 END IF;
             END $$;
             DROP DATABASE IF EXISTS {DATABASE}_new;
             CREATE DATABASE {DATABASE}_new OWNER sample_owner;"
        ),
    )?;
    let settings = format!(
        "SET ROLE sample_owner; SET postfacto.scale = {SCALE}; SET postfacto.retros = {RETROS};"
    );
    let rows = format!("BEGIN; {settings}\n{SCHEMA}\n{ROWS}\nCOMMIT; RESET ROLE; ANALYZE;");
    database.run(&format!("{DATABASE}_new"), &rows)?;
    database.run(
        "postgres",
        &format!("ALTER DATABASE {DATABASE}_new RENAME TO {DATABASE}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &str) -> LocalSettings {
        let root = tempfile::tempdir().unwrap();
        let text = format!(r#"{{"IsEncrypted": false, "Values": {values}}}"#);
        fs::write(root.path().join("local.settings.example.json"), text).unwrap();
        LocalSettings::read(root.path()).unwrap()
    }

    fn samples() -> Samples {
        Samples {
            settings: [
                (
                    "BACKUP_DATABASE_URL_POSTFACTO_SAMPLE",
                    "user=sample_backup".into(),
                ),
                ("BACKUP_URL", url(&store().unwrap())),
                ("DRILL_DATABASE_URL", "user=sample_drill".into()),
                ("SCALE_CONFIG", "/checkout/xtask/samples/scale.toml".into()),
            ],
        }
    }

    #[test]
    fn samples_are_named_and_removed_again() {
        let mut settings = settings(r#"{"BACKUP_DATABASES": "", "SCALE_CONFIG": ""}"#);
        assert!(Samples::fit(&settings));
        samples().name_in(&mut settings);
        assert_eq!(settings.get(DATABASES), SOURCE);
        assert_eq!(settings.get("DRILL_DATABASE_URL"), "user=sample_drill");
        assert!(Samples::fit(&settings));
        Samples::remove_from(&mut settings).unwrap();
        for name in [
            DATABASES,
            "BACKUP_URL",
            "DRILL_DATABASE_URL",
            "SCALE_CONFIG",
        ] {
            assert_eq!(settings.get(name), "", "{name}");
        }
    }

    #[test]
    fn own_settings_stay() {
        let own = r#"{"BACKUP_DATABASES": "postfacto-sample,mine", "SCALE_CONFIG": "/my/scale.toml",
            "BACKUP_URL": "az://backups"}"#;
        let mut settings = settings(own);
        samples().name_in(&mut settings);
        assert_eq!(settings.get(DATABASES), "postfacto-sample,mine");
        assert_eq!(settings.get("SCALE_CONFIG"), "/my/scale.toml");
        Samples::remove_from(&mut settings).unwrap();
        assert_eq!(settings.get(DATABASES), "mine");
        assert_eq!(settings.get("SCALE_CONFIG"), "/my/scale.toml");
        assert_eq!(settings.get("BACKUP_URL"), "az://backups");
        assert!(!Samples::fit(&settings));
    }
}
