//! Every setting of docs/settings.md means the same when it is empty and when it is unset.

use std::collections::BTreeSet;
use std::process::Output;

use crate::harness::{Database, Start, healthy, run};

/// The names in the tables of docs/settings.md.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../docs/settings.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_uppercase())
            && name
                .bytes()
                .all(|it| it.is_ascii_uppercase() || b"_<>".contains(&it))
    };
    names
        .filter(|name| is_name(name))
        .map(|name| name.replace("<NAME>", "POSTFACTO"))
        .collect()
}

/// Valid values of settings that make other settings relevant.
fn valid(database: &Database) -> Vec<(&'static str, String)> {
    let own = |value: &str| value.to_owned();
    vec![
        ("DATABASE_URL", database.url.clone()),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", own("0")),
        ("BACKUP_DATABASES", own("postfacto")),
        ("BACKUP_DATABASE_URL_POSTFACTO", database.url.clone()),
        ("BACKUP_URL", own("az://backups/here")),
        ("BACKUP_STORAGE_ACCOUNT", own("account")),
        ("DRILL_DATABASE_URL", database.url.clone()),
        ("SCALE_CONFIG", own("az://schedules/here/scale.toml")),
        ("SCALE_STORAGE_ACCOUNT", own("account")),
    ]
}

/// The output of the program with `setting` empty or unset. It reads all settings for every verb.
fn output_with(database: &Database, setting: &str, is_empty: bool) -> Output {
    let others = valid(database).into_iter();
    let others = others.filter(|(name, _)| *name != setting);
    let start = others.fold(Start::operator(), |start, (name, value)| {
        start.set(name, &value)
    });
    let start = if is_empty {
        start.set(setting, "")
    } else {
        start
    };
    start.argument("migrate").output()
}

#[test]
fn an_empty_setting_means_the_same_as_an_unset_one() {
    let database = Database::migrated();
    let names = documented();
    assert!(names.len() > 50, "{names:?}");
    let valid: BTreeSet<String> = valid(&database)
        .into_iter()
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(valid.is_subset(&names), "{valid:?}");
    for setting in &names {
        let empty = output_with(&database, setting, true);
        // Without the other settings, the unset case succeeds.
        if valid.contains(setting) {
            assert_eq!(empty, output_with(&database, setting, false), "{setting}");
        } else {
            assert!(empty.status.success(), "{setting}: {empty:?}");
        }
    }
}

/// Sets all settings to empty values, except for these.
fn all_empty(start: Start, but: &[&str]) -> Start {
    let names = documented().into_iter();
    let names = names.filter(|name| !but.contains(&name.as_str()));
    names.fold(start, |start, name| start.set(&name, ""))
}

#[test]
fn verbs_print_the_same_with_empty_and_with_unset_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    for verb in [
        "serve",
        "migrate",
        "backup list",
        "backup create",
        "backup restore postfacto/latest",
        "scale lint",
        "scale holds",
    ] {
        let start = || {
            let data = folder.path().display().to_string();
            let start = Start::operator().set("MAGNUSAPI_DATA", &data);
            verb.split_whitespace().fold(start, Start::argument)
        };
        let empty = all_empty(start(), &["MAGNUSAPI_DATA"]).output();
        assert_eq!(empty, start().output(), "{verb}");
    }
}

#[test]
fn the_program_serves_with_all_other_settings_empty() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler();
        let but = ["DATABASE_URL", "FUNCTIONS_CUSTOMHANDLER_PORT"];
        let start = all_empty(start, &but).set("DATABASE_URL", &database.url);
        healthy(&start.serving().await).await;
    });
}
