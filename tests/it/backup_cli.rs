//! `magnusapi backup …` on a folder, as an operator types it.

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Database, Operator, Site, Start, everywhere, folder, run};

/// A store in a folder, the database that is backed up into it, and the operator.
struct Stage {
    store: TempDir,
    source: Database,
    operator: Operator,
}

impl Stage {
    async fn new(site: Site) -> Stage {
        let rows = "CREATE TABLE kept AS SELECT generate_series(1, 9) AS id";
        let (store, source) = (folder(), site.filled(rows).await);
        Stage {
            operator: Operator::with_folder(&source, store.path()),
            store,
            source,
        }
    }

    /// The program with the store, without a source's address.
    fn without_address(&self) -> Start {
        let url = format!("file://{}", self.store.path().display());
        Start::operator()
            .set("BACKUP_URL", &url)
            .set("BACKUP_DATABASES", "postfacto")
            .argument("backup")
    }

    fn path(&self, id: &str, file: &str) -> PathBuf {
        self.store.path().join("postfacto").join(id).join(file)
    }
}

/// Asserts the exit code, and returns stderr.
#[track_caller]
fn exited(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_backup_is_made_listed_shown_and_verified() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        assert!(stage.operator.does(&["list"]).contains("no backups"));
        assert!(
            stage
                .operator
                .does(&["create"])
                .starts_with("postfacto: 20")
        );
        let listed = stage.operator.json(&["list"]);
        let id = listed[0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(listed[0]["state"], "whole", "{listed}");
        let table = stage.operator.does(&["list"]);
        assert!(
            table.starts_with("SOURCE") && table.contains(&id),
            "{table}"
        );
        let shown = stage.operator.json(&["show", "latest"]);
        assert_eq!(shown["manifest"]["id"], id.as_str());
        assert!(stage.operator.does(&["show", &id]).contains("verified"));
        assert!(
            stage
                .operator
                .does(&["verify", "latest"])
                .contains("as they were stored")
        );
    });
}

#[test]
fn a_damaged_file_is_named_and_a_damaged_manifest_is_never_skipped() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let (first, second) = (stage.operator.makes(), stage.operator.makes());
        let toc = stage.path(&first, "toc.dat");
        let mut bytes = std::fs::read(&toc).expect("it is there");
        bytes[0] ^= 1;
        std::fs::write(&toc, &bytes).expect("it is written");
        let printed = stage.operator.fails(&["verify", &first]);
        assert!(
            printed.contains("toc.dat") && printed.contains("SHA-256"),
            "{printed}"
        );
        bytes.pop();
        std::fs::write(&toc, &bytes).expect("it is written");
        let printed = stage.operator.fails(&["verify", &first]);
        assert!(
            printed.contains("toc.dat") && printed.contains("bytes"),
            "{printed}"
        );
        std::fs::remove_file(&toc).expect("it is there");
        let target = folder();
        let target = target.path().display().to_string();
        let printed = stage.operator.fails(&["download", &first, &target]);
        assert!(
            printed.contains("toc.dat") && printed.contains("missing"),
            "{printed}"
        );

        std::fs::write(stage.path(&second, "manifest.json"), "{}").expect("it is written");
        let printed = stage.operator.fails(&["show", &second]);
        assert!(printed.contains("checksum"), "{printed}");
        let listed = stage.operator.json(&["list"]);
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
        let printed = stage.operator.fails(&["show", "latest"]);
        assert!(
            printed.contains(&second) && printed.contains(&first),
            "{printed}"
        );
        // A manifest that is too large to read does not affect the other backups.
        let manifest = std::fs::File::create(stage.path(&second, "manifest.json"));
        let manifest = manifest.expect("it is created");
        manifest.set_len(65 * 1024 * 1024).expect("a hole");
        let listed = stage.operator.json(&["list"]);
        let reason = listed[0]["error"].as_str().unwrap_or_default();
        assert!(reason.contains("larger than"), "{listed}");
        stage.operator.does(&["prune"]);
        stage.operator.json(&["show", &first]);
    });
}

#[test]
fn prune_gives_reasons_and_respects_dry_run_and_holds() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let ids: Vec<String> = (0..3).map(|_| stage.operator.makes()).collect();
        stage.operator.does(&["hold", &ids[0], "--reason", "audit"]);
        let printed = stage
            .operator
            .exits(5, &["hold", &ids[0], "--reason", "again"]);
        assert!(printed.contains("already"), "{printed}");
        let one = stage.operator.clone().set("BACKUP_KEEP", "last=1");
        let printed = one.does(&["prune", "--dry-run"]);
        assert!(
            printed.contains("would delete") && printed.contains("kept by a hold: audit"),
            "{printed}"
        );
        assert!(printed.contains("one of the last 1"), "{printed}");
        assert_eq!(stage.operator.listed().len(), 3);
        assert!(one.does(&["prune"]).contains("deleted"));
        assert_eq!(stage.operator.listed(), [ids[0].as_str(), &ids[2]]);
        assert!(!stage.path(&ids[1], "toc.dat").exists());
        stage.operator.does(&["release", &ids[0]]);
        assert!(
            stage
                .operator
                .exits(4, &["release", &ids[0]])
                .contains("no hold")
        );
        one.does(&["prune"]);
        assert_eq!(stage.operator.listed(), [ids[2].as_str()]);
    });
}

#[test]
fn latest_is_the_newest_backup_also_within_one_second() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let made: Vec<Value> = (0..4)
            .map(|_| stage.operator.json(&["create"])[0]["manifest"]["id"].clone())
            .collect();
        assert_eq!(json!(stage.operator.listed()), json!(made));
        assert_eq!(stage.operator.json(&["show", "latest"])["id"], made[3]);
    });
}

#[test]
fn a_download_is_checked_and_never_overwrites() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let id = stage.operator.makes();
        let target = folder();
        let path = target.path().display().to_string();
        let download = ["download", "latest", &path];
        let printed = stage.operator.does(&download);
        assert!(printed.contains("pg_restore"), "{printed}");
        let there = |file: &str| target.path().join(&id).join(file).exists();
        assert!(there("toc.dat") && there("manifest.json"));
        assert!(stage.operator.fails(&download).contains(&id));
        // Into no folder that was not named.
        stage.operator.exits(2, &["download", "latest"]);
    });
}

#[test]
fn a_second_backup_of_a_database_is_refused() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let client = stage.source.connect().await;
        let lock = "SELECT pg_advisory_lock(1835100014, 1650549611)";
        client.batch_execute(lock).await.expect("it is locked");
        let output = stage.operator.output(&["create"]);
        let printed = exited(&output, 5);
        assert!(printed.contains("another backup"), "{printed}");
        assert!(output.stdout.is_empty(), "{output:?}");
        client
            .batch_execute("SELECT pg_advisory_unlock_all()")
            .await
            .expect("it is free");
        stage.operator.makes();
    });
}

#[test]
fn errors_name_the_remedy() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let printed = stage.operator.fails(&["show", "latest"]);
        assert!(printed.contains("no backup"), "{printed}");
        for (arguments, setting) in [
            (["create", "--source", "other"], "BACKUP_DATABASES"),
            (["verify", "latest", "--restore"], "DRILL_DATABASE_URL"),
        ] {
            let printed = stage.operator.exits(2, &arguments);
            assert!(printed.contains(setting), "{printed}");
        }
        stage.operator.exits(2, &["show", "nonsense"]);
        let operator = stage.operator.clone().set("BACKUP_URL", "https://x");
        let printed = operator.exits(2, &["list"]);
        assert!(printed.contains("BACKUP_URL"), "{printed}");
    });
}

#[test]
fn an_unreachable_address_is_reported_with_its_setting() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let unreachable = "postgres://u@127.0.0.1:1/x";
        let other = stage.operator.clone().set("BACKUP_DATABASES", "other");
        let other = other.set("BACKUP_DATABASE_URL_OTHER", unreachable);
        stage.operator.makes();
        let restore = ["restore", "latest", "--to", unreachable];
        let verify = ["verify", "latest", "--restore", "--on", unreachable];
        for (operator, arguments, setting) in [
            (&other, &["create"][..], "BACKUP_DATABASE_URL_OTHER"),
            (&stage.operator, &restore[..], "--to"),
            (&stage.operator, &verify[..], "--on"),
        ] {
            let printed = operator.fails(arguments);
            let advice = format!("check host and port in {setting}, and that");
            assert!(printed.contains(&advice), "{printed}");
        }
    });
}

#[test]
fn a_restore_needs_no_address_of_its_source_and_a_named_database() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        stage.operator.makes();
        let restore = || {
            let start = stage.without_address();
            start.argument("restore").argument("latest")
        };
        let to = site.url(&Site::fresh_name());
        let restored = restore().set("RESTORE_DATABASE_URL", &to).output();
        exited(&restored, 0);
        let printed = exited(&stage.without_address().argument("create").output(), 2);
        assert!(
            printed.contains("BACKUP_DATABASE_URL_POSTFACTO"),
            "{printed}"
        );
        let nameless = restore().argument("--to");
        let nameless = nameless.argument("postgres://postgres@localhost/");
        let printed = exited(&nameless.output(), 2);
        assert!(printed.contains("--to names no database"), "{printed}");
    });
}

#[test]
fn a_store_that_does_not_exist_is_rejected_by_verbs_that_read() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let nowhere = stage.store.path().join("mistyped");
        let operator = Operator::with_folder(&stage.source, &nowhere);
        let printed = operator.fails(&["list"]);
        assert!(
            printed.contains("mistyped") && printed.contains("BACKUP_URL"),
            "{printed}"
        );
        assert!(!nowhere.exists());
    });
}
