//! Reads the settings from their variables.

use std::fmt::Display;

use jiff::SignedDuration;

use super::{AgeLimits, COPY_STORE, DrillAfter, Keep, STORE, Settings, source};
use crate::blob::BlobAddress;
use crate::environment::{SettingError, number, word};
use pgarchive::Compression;
use pgarchive::encryption::{Identities, Recipients};

impl Settings {
    /// Reads the settings. `under_a_host` is whether a Functions host runs this program.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        under_a_host: bool,
    ) -> Result<Settings, SettingError> {
        let (sources, without_address) = source::read(&variable)?;
        let store = BlobAddress::read(&STORE, &variable)?;
        let copy = BlobAddress::read(&COPY_STORE, &variable)?;
        let is_same = |copy: &BlobAddress| store.as_ref().is_some_and(|it| it.is_same(copy));
        if copy.as_ref().is_some_and(is_same) {
            return Err(SettingError::new(
                "BACKUP_COPY_URL names the same place as BACKUP_URL; name another account, region or folder, or \
                 unset it",
            ));
        }
        let keep = parsed(&variable, "BACKUP_KEEP", Keep::default(), str::parse)?;
        let age = limits(
            &variable,
            ("BACKUP_WARN_AFTER", SignedDuration::from_hours(26)),
            ("BACKUP_FAIL_AFTER", SignedDuration::from_hours(50)),
        )?;
        let moments = [
            ("backup", DrillAfter::Backup),
            ("schedule", DrillAfter::Schedule),
        ];
        let drill_after = word(&variable, "DRILL_AFTER", &moments)?;
        let drill_after = drill_after.unwrap_or(DrillAfter::Schedule);
        let verified_age = match drill_after {
            DrillAfter::Backup => age,
            DrillAfter::Schedule => AgeLimits {
                warn: SignedDuration::from_hours(192),
                fail: SignedDuration::from_hours(360),
            },
        };
        let is_empty = sources.is_empty() && without_address.is_empty();
        if store.is_none() && under_a_host && !is_empty {
            return Err(SettingError::new(
                "BACKUP_DATABASES is set and BACKUP_URL is not; set it to az://container/prefix: under a Functions \
                 host, a folder is lost with its machine",
            ));
        }
        Ok(Settings {
            sources,
            without_address,
            store_is_named: store.is_some(),
            store: store.or_else(default_store),
            jobs: number(&variable, "BACKUP_JOBS", 1..=8)?.unwrap_or(2),
            compression: parsed(
                &variable,
                "BACKUP_COMPRESSION",
                Compression::default(),
                str::parse,
            )?,
            keep,
            copy,
            copy_keep: parsed(&variable, "BACKUP_COPY_KEEP", keep, str::parse)?,
            immutable_days: number(&variable, "BACKUP_IMMUTABLE_DAYS", 0..=36_500)?.unwrap_or(0),
            recipients: parsed(
                &variable,
                "BACKUP_RECIPIENTS",
                Recipients::default(),
                Recipients::parse,
            )?,
            identities: parsed(&variable, "DRILL_IDENTITY", None, |text| {
                Identities::parse(text).map(Some)
            })?,
            drill: source::database(&variable, "DRILL_DATABASE_URL", "DRILL_DATABASE_AUTH")?,
            age,
            drill_after,
            verified_age: limits(
                &variable,
                ("DRILL_WARN_AFTER", verified_age.warn),
                ("DRILL_FAIL_AFTER", verified_age.fail),
            )?,
        })
    }
}

fn default_store() -> Option<BlobAddress> {
    let data = localpg::data_folder().ok()?;
    Some(BlobAddress::folder(&data.with_file_name("backups")))
}

fn limits(
    variable: &impl Fn(&str) -> Option<String>,
    (warn, warn_default): (&'static str, SignedDuration),
    (fail, fail_default): (&'static str, SignedDuration),
) -> Result<AgeLimits, SettingError> {
    let hours = |name, default| {
        let hours = number(variable, name, 1..=100_000)?;
        let age = hours.map(SignedDuration::from_hours);
        Ok::<_, SettingError>(age.unwrap_or(default))
    };
    let limits = AgeLimits {
        warn: hours(warn, warn_default)?,
        fail: hours(fail, fail_default)?,
    };
    if limits.fail < limits.warn {
        return Err(SettingError::new(format!(
            "{fail} must not be less than {warn}; both are in hours"
        )));
    }
    Ok(limits)
}

/// The value of a variable, or the default.
fn parsed<T, E: Display>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: T,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, SettingError> {
    let Some(text) = variable(name) else {
        return Ok(default);
    };
    parse(&text).map_err(|error| SettingError::new(format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment;

    fn read(pairs: &[(&str, &str)], under_a_host: bool) -> Result<Settings, SettingError> {
        Settings::read(environment::of(pairs), under_a_host)
    }

    const SOURCE: [(&str, &str); 2] = [
        ("BACKUP_DATABASES", "postfacto"),
        ("BACKUP_DATABASE_URL_POSTFACTO", "postgres://u@h/x"),
    ];

    #[test]
    fn by_default_nothing_is_backed_up_and_the_store_is_a_folder() {
        let settings = read(&[], true).expect("good");
        assert!(settings.sources.is_empty());
        assert!(!settings.store_is_named);
        assert_eq!(settings.keep, Keep::default());
        assert_eq!(settings.age.warn, SignedDuration::from_hours(26));
        assert!(settings.drill.is_none());
        let settings = read(&SOURCE, false).expect("good");
        assert_eq!(settings.sources.len(), 1);
    }

    #[test]
    fn a_copy_is_elsewhere_and_has_the_same_rules_unless_it_has_its_own() {
        let own = ("BACKUP_URL", "file:///backups");
        let copy = ("BACKUP_COPY_URL", "file:///mnt/other");
        let keep = ("BACKUP_KEEP", "last=3");
        let settings = read(&[own, copy, keep], false).expect("good");
        assert_eq!(settings.copy_keep, settings.keep);
        let settings = read(&[own, copy, keep, ("BACKUP_COPY_KEEP", "last=9")], false);
        assert_eq!(settings.expect("good").copy_keep.last, 9);
        let error = read(&[own, ("BACKUP_COPY_URL", own.1)], false).expect_err("the same");
        assert!(error.to_string().contains("BACKUP_COPY_URL"), "{error}");
        let accounts = [
            ("BACKUP_URL", "az://backups"),
            ("BACKUP_STORAGE_ACCOUNT", "one"),
            ("BACKUP_COPY_URL", "az://backups"),
            ("BACKUP_COPY_STORAGE_ACCOUNT", "other"),
        ];
        read(&accounts, false).expect("two accounts");
    }

    #[test]
    fn drills_after_each_backup_have_the_limits_of_backups() {
        let hours = |pairs: &[(&str, &str)]| {
            let age = read(pairs, false).expect("good").verified_age;
            (age.warn.as_hours(), age.fail.as_hours())
        };
        assert_eq!(hours(&[]), (192, 360));
        let after = ("DRILL_AFTER", "backup");
        let limits = [("BACKUP_WARN_AFTER", "3"), ("BACKUP_FAIL_AFTER", "6")];
        assert_eq!(hours(&[after]), (26, 50));
        assert_eq!(hours(&[after, limits[0], limits[1]]), (3, 6));
        assert_eq!(hours(&[after, ("DRILL_FAIL_AFTER", "99")]), (26, 99));
    }

    #[test]
    fn a_required_address_is_named() {
        let settings = read(&SOURCE[..1], false).expect("good");
        let error = settings.require_addresses().expect_err("it has none");
        let says = "BACKUP_DATABASE_URL_POSTFACTO is not set";
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(settings.names().count(), 1);
        let settings = read(&SOURCE, false).expect("good");
        settings.require_addresses().expect("it has one");
    }

    #[test]
    fn under_a_host_a_source_needs_a_named_store() {
        let error = read(&SOURCE, true).expect_err("no store").to_string();
        assert!(error.contains("BACKUP_URL"), "{error}");
        let with_a_store = [&SOURCE[..], &[("BACKUP_URL", "file:///backups")]].concat();
        assert!(read(&with_a_store, true).expect("good").store_is_named);
    }

    #[test]
    fn errors_name_the_variable() {
        for (name, value) in [
            ("BACKUP_JOBS", "0"),
            ("BACKUP_JOBS", "9"),
            ("BACKUP_COMPRESSION", "lz4"),
            ("BACKUP_KEEP", "last=0"),
            ("BACKUP_IMMUTABLE_DAYS", "-1"),
            ("BACKUP_FAIL_AFTER", "25"),
            ("DRILL_WARN_AFTER", "soon"),
            ("DRILL_AFTER", "backups"),
            ("BACKUP_COPY_URL", "ftp://example"),
            ("BACKUP_COPY_KEEP", "last=0"),
            ("BACKUP_RECIPIENTS", "AGE-SECRET-KEY-1"),
            ("DRILL_IDENTITY", "age1"),
            ("BACKUP_URL", "https://example"),
            ("DRILL_DATABASE_URL", "postgres://h:port/x"),
            ("BACKUP_DATABASES", "A"),
        ] {
            let error = read(&[(name, value)], false).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
