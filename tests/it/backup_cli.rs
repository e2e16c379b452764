//! `magnusapi backup …` on a folder, as an operator types it.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Database, Start, run};

/// A store in a folder, and the database that is backed up into it.
struct Stage {
    folder: TempDir,
    source: Database,
}

impl Stage {
    fn new() -> Stage {
        Stage {
            folder: tempfile::tempdir().expect("a folder"),
            source: Database::migrated(),
        }
    }

    /// Runs a verb, with every setting.
    fn backup(&self, arguments: &str) -> Output {
        let url = format!("file://{}", self.folder.path().display());
        let start = Start::operator().set("BACKUP_URL", &url);
        self.verb(start, arguments)
    }

    fn verb(&self, start: Start, arguments: &str) -> Output {
        let mut start = start
            .set("BACKUP_DATABASES", "postfacto")
            .set("BACKUP_DATABASE_URL_POSTFACTO", &self.source.url);
        for argument in arguments.split(' ') {
            start = start.argument(argument);
        }
        start.output()
    }

    /// Runs a verb that succeeds, and hands on what it printed.
    #[track_caller]
    fn prints(&self, arguments: &str) -> String {
        let output = self.backup(arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn json(&self, arguments: &str) -> Value {
        let printed = self.prints(&format!("{arguments} --json"));
        let printed: Value = serde_json::from_str(&printed).expect("JSON and nothing else");
        printed["data"].clone()
    }

    /// Runs a verb that fails, and hands on its one line on stderr.
    #[track_caller]
    fn fails(&self, arguments: &str) -> String {
        self.exits(1, arguments)
    }

    /// Runs a verb that exits with this code, and hands on its one line on stderr.
    #[track_caller]
    fn exits(&self, code: i32, arguments: &str) -> String {
        let output = self.backup(arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// Makes a backup and returns its id.
    fn made(&self) -> String {
        let made = self.json("backup create");
        made[0]["manifest"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    fn path(&self, id: &str, file: &str) -> PathBuf {
        self.folder.path().join("postfacto").join(id).join(file)
    }
}

#[test]
fn a_backup_is_made_listed_shown_and_verified() {
    run(async {
        let stage = Stage::new();
        assert!(stage.prints("backup list").contains("no backups"));
        assert!(stage.prints("backup create").starts_with("postfacto: 20"));
        let listed = stage.json("backup list");
        let id = listed[0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(listed[0]["state"], "whole", "{listed}");
        let table = stage.prints("backup list");
        assert!(
            table.starts_with("SOURCE") && table.contains(&id),
            "{table}"
        );
        let shown = stage.json("backup show latest");
        assert_eq!(shown["manifest"]["id"], id.as_str());
        assert!(
            stage
                .prints(&format!("backup show {id}"))
                .contains("verified")
        );
        assert!(
            stage
                .prints("backup verify latest")
                .contains("as they were stored")
        );
    });
}

#[test]
fn a_damaged_file_is_named_and_a_damaged_manifest_is_never_skipped() {
    run(async {
        let stage = Stage::new();
        let (first, second) = (stage.made(), stage.made());
        let toc = stage.path(&first, "toc.dat");
        let mut bytes = std::fs::read(&toc).expect("it is there");
        bytes[0] ^= 1;
        std::fs::write(&toc, &bytes).expect("it is written");
        let printed = stage.fails(&format!("backup verify {first}"));
        assert!(
            printed.contains("toc.dat") && printed.contains("SHA-256"),
            "{printed}"
        );
        bytes.pop();
        std::fs::write(&toc, &bytes).expect("it is written");
        let printed = stage.fails(&format!("backup verify {first}"));
        assert!(
            printed.contains("toc.dat") && printed.contains("bytes"),
            "{printed}"
        );
        std::fs::remove_file(&toc).expect("it is there");
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().display();
        let printed = stage.fails(&format!("backup download {first} {folder}"));
        assert!(
            printed.contains("toc.dat") && printed.contains("missing"),
            "{printed}"
        );

        std::fs::write(stage.path(&second, "manifest.json"), "{}").expect("it is written");
        let printed = stage.fails(&format!("backup show {second}"));
        assert!(printed.contains("checksum"), "{printed}");
        let listed = stage.json("backup list");
        let states: Vec<&str> = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["state"].as_str())
            .collect();
        assert!(
            states.contains(&"unreadable") && states.contains(&"whole"),
            "{listed}"
        );
        let printed = stage.fails("backup show latest");
        assert!(
            printed.contains(&second) && printed.contains(&first),
            "{printed}"
        );
        // A manifest that is too large to read does not affect the other backups.
        let manifest = std::fs::File::create(stage.path(&second, "manifest.json"));
        let manifest = manifest.expect("it is created");
        manifest.set_len(65 * 1024 * 1024).expect("a hole");
        let listed = stage.json("backup list");
        let reason = listed[0]["error"].as_str().unwrap_or_default();
        assert!(reason.contains("larger than"), "{listed}");
        stage.prints("backup prune");
        stage.json(&format!("backup show {first}"));
    });
}

#[test]
fn prune_gives_reasons_and_respects_dry_run_and_holds() {
    run(async {
        let stage = Stage::new();
        let ids: Vec<String> = (0..3).map(|_| stage.made()).collect();
        stage.prints(&format!("backup hold {} --reason audit", ids[0]));
        let printed = stage.exits(5, &format!("backup hold {} --reason again", ids[0]));
        assert!(printed.contains("already"), "{printed}");
        let one = |arguments: &str| {
            let url = format!("file://{}", stage.folder.path().display());
            let start = Start::operator().set("BACKUP_URL", &url);
            let output = stage.verb(start.set("BACKUP_KEEP", "last=1"), arguments);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        let printed = one("backup prune --dry-run");
        assert!(
            printed.contains("would delete") && printed.contains("kept by a hold: audit"),
            "{printed}"
        );
        assert!(printed.contains("one of the last 1"), "{printed}");
        assert_eq!(left(&stage).len(), 3);
        assert!(one("backup prune").contains("deleted"));
        assert_eq!(left(&stage), [ids[0].clone(), ids[2].clone()]);
        assert!(!stage.path(&ids[1], "toc.dat").exists());
        stage.prints(&format!("backup release {}", ids[0]));
        assert!(
            stage
                .exits(4, &format!("backup release {}", ids[0]))
                .contains("no hold")
        );
        one("backup prune");
        assert_eq!(left(&stage), [ids[2].clone()]);
    });
}

fn left(stage: &Stage) -> Vec<String> {
    let listed = stage.json("backup list");
    let ids = listed.as_array().expect("a list").iter();
    // The newest is the first.
    ids.rev()
        .map(|it| it["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn latest_is_the_newest_backup_also_within_one_second() {
    run(async {
        let stage = Stage::new();
        let made: Vec<String> = (0..4).map(|_| stage.made()).collect();
        assert_eq!(left(&stage), made);
        assert_eq!(stage.json("backup show latest")["id"], made[3].as_str());
    });
}

#[test]
fn a_download_is_checked_and_never_overwrites() {
    run(async {
        let stage = Stage::new();
        let id = stage.made();
        let target = tempfile::tempdir().expect("a folder");
        let command = format!("backup download latest {}", target.path().display());
        let printed = stage.prints(&command);
        assert!(printed.contains("pg_restore"), "{printed}");
        let there = |file: &str| target.path().join(&id).join(file).exists();
        assert!(there("toc.dat") && there("manifest.json"));
        assert!(stage.fails(&command).contains(&id));
        // Into no folder that was not named.
        let output = stage.backup("backup download latest");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    });
}

#[test]
fn a_second_backup_of_a_database_is_refused() {
    run(async {
        let stage = Stage::new();
        let client = stage.source.connect().await;
        let lock = "SELECT pg_advisory_lock(1835100014, 1650549611)";
        client.batch_execute(lock).await.expect("it is locked");
        let output = stage.backup("backup create");
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains("another backup"), "{printed}");
        assert!(output.stdout.is_empty(), "{output:?}");
        client
            .batch_execute("SELECT pg_advisory_unlock_all()")
            .await
            .expect("it is free");
        stage.made();
    });
}

#[test]
fn errors_name_the_remedy() {
    run(async {
        let stage = Stage::new();
        let printed = stage.fails("backup show latest");
        assert!(printed.contains("no backup"), "{printed}");
        for (arguments, setting) in [
            ("backup create --source other", "BACKUP_DATABASES"),
            ("backup verify latest --restore", "DRILL_DATABASE_URL"),
        ] {
            let output = stage.backup(arguments);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            let printed = String::from_utf8_lossy(&output.stderr);
            assert!(printed.contains(setting), "{printed}");
        }
        let output = stage.backup("backup show nonsense");
        assert_eq!(output.status.code(), Some(2));
        let nowhere = Start::operator();
        let output = stage.verb(nowhere.set("BACKUP_URL", "https://x"), "backup list");
        assert_eq!(output.status.code(), Some(2));
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains("BACKUP_URL"), "{printed}");
    });
}

#[test]
fn an_unreachable_address_is_reported_with_its_setting() {
    run(async {
        let stage = Stage::new();
        let unreachable = "postgres://u@127.0.0.1:1/x";
        let made = Start::operator()
            .set(
                "BACKUP_URL",
                &format!("file://{}", stage.folder.path().display()),
            )
            .set("BACKUP_DATABASES", "other")
            .set("BACKUP_DATABASE_URL_OTHER", unreachable)
            .argument("backup")
            .argument("create")
            .output();
        let printed = String::from_utf8_lossy(&made.stderr).into_owned();
        let advice = "check host and port in BACKUP_DATABASE_URL_OTHER, and that";
        assert!(printed.contains(advice), "{made:?}");
        stage.made();
        let printed = stage.fails(&format!("backup restore latest --to {unreachable}"));
        assert!(
            printed.contains("check host and port in --to, and that"),
            "{printed}"
        );
        let printed = stage.fails(&format!(
            "backup verify latest --restore --on {unreachable}"
        ));
        assert!(
            printed.contains("check host and port in --on, and that"),
            "{printed}"
        );
    });
}

#[test]
fn a_restore_needs_no_address_of_its_source_and_a_named_database() {
    run(async {
        let stage = Stage::new();
        stage.made();
        let with = |arguments: &str| {
            let url = format!("file://{}", stage.folder.path().display());
            let mut start = Start::operator()
                .set("BACKUP_URL", &url)
                .set("BACKUP_DATABASES", "postfacto");
            for argument in arguments.split(' ') {
                start = start.argument(argument);
            }
            start.output()
        };
        let output = Start::operator()
            .set(
                "BACKUP_URL",
                &format!("file://{}", stage.folder.path().display()),
            )
            .set("BACKUP_DATABASES", "postfacto")
            .set(
                "RESTORE_DATABASE_URL",
                &crate::harness::postgres().url("cli_without_source"),
            )
            .argument("backup")
            .argument("restore")
            .argument("latest")
            .output();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let output = with("backup create");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            printed.contains("BACKUP_DATABASE_URL_POSTFACTO"),
            "{printed}"
        );
        let output = with("backup restore latest --to postgres://postgres@localhost/");
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(printed.contains("--to names no database"), "{printed}");
    });
}

#[test]
fn a_store_that_does_not_exist_is_rejected_by_verbs_that_read() {
    run(async {
        let stage = Stage::new();
        let nowhere = stage.folder.path().join("mistyped");
        let url = format!("file://{}", nowhere.display());
        let output = stage.verb(Start::operator().set("BACKUP_URL", &url), "backup list");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            printed.contains("mistyped") && printed.contains("BACKUP_URL"),
            "{printed}"
        );
        assert!(!nowhere.exists());
    });
}
