//! Copies of backups in a second location: a folder, a container, a bucket.

mod faults;

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Bucket, Container, Database, Operator, Site, everywhere, folder, run};

/// A Postfacto, a store of its backups, and a second location, both in folders.
struct Stage {
    source: Database,
    store: TempDir,
    elsewhere: TempDir,
}

impl Stage {
    async fn new(site: Site) -> Stage {
        Stage {
            source: site.source(&site.postfacto(0.0).await),
            store: folder(),
            elsewhere: folder(),
        }
    }

    /// An operator without a second location.
    fn operator(&self) -> Operator {
        Operator::with_folder(&self.source, self.store.path())
    }

    /// An operator with copies in the folder.
    fn copying(&self) -> Operator {
        let url = format!("file://{}", self.elsewhere.path().display());
        self.operator().set("BACKUP_COPY_URL", &url)
    }

    fn original(&self, id: &str, name: &str) -> PathBuf {
        file(self.store.path(), id, name)
    }

    fn copy(&self, id: &str, name: &str) -> PathBuf {
        file(self.elsewhere.path(), id, name)
    }
}

/// The path of a file of a backup in a store.
fn file(store: &Path, id: &str, name: &str) -> PathBuf {
    store.join("postfacto").join(id).join(name)
}

#[test]
fn each_kind_of_location_has_copies_that_verify_and_restore_when_the_originals_are_gone() {
    everywhere(async |site| {
        let source = site.source(&site.postfacto(0.0).await);
        let elsewhere = folder();
        let url = format!("file://{}", elsewhere.path().display());
        for settings in site.share([
            vec![("BACKUP_COPY_URL", url)],
            Container::new().await.copy_settings("of us").to_vec(),
            Bucket::new().await.settings().to_vec(),
        ]) {
            let store = folder();
            let operator = Operator::with_folder(&source, store.path()).with_settings(settings);
            let made = operator.json(&["create"]);
            let id = made[0]["manifest"]["id"].as_str().expect("an id");
            assert_eq!(made[0]["copies"]["copied"], json!([id]), "{made}");
            // A loss of everything else.
            std::fs::remove_dir_all(store.path()).expect("it is removed");
            assert_eq!(operator.copies(), [id]);
            operator.does(&["verify", id, "--from", "copy"]);
            operator.does(&["show", "latest", "--from", "copy"]);
            let to = site.url(&Site::fresh_name());
            let restored = operator.json(&["restore", "latest", "--from", "copy", "--to", &to]);
            assert_eq!(restored["verified"], true, "{restored}");
            assert_eq!(restored["tables"], 8, "{restored}");
            let local = folder();
            let path = local.path().display().to_string();
            operator.does(&["download", "latest", "--from", "copy", &path]);
            assert!(local.path().join(id).join("manifest.json").exists());
        }
    });
}

#[test]
fn copies_have_their_own_retention_and_stay_while_held_or_in_use() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let operator = stage.copying().set("BACKUP_COPY_KEEP", "last=1");
        let made: Vec<String> = (0..3).map(|_| operator.makes()).collect();
        let [first, second, third] = &made[..] else {
            panic!("three: {made:?}")
        };
        assert_eq!(operator.listed(), made);
        // Those that the rules of the copies do not keep are not copied again.
        operator.does(&["copy"]);
        assert_eq!(operator.copies(), [third.as_str()]);

        // A hold of the original keeps its copy, and brings it back.
        operator.does(&["hold", first, "--reason", "the audit"]);
        operator.does(&["copy"]);
        assert_eq!(operator.copies(), [first.as_str(), third]);
        // So does a hold of the copy.
        operator.does(&["hold", third, "--from", "copy", "--reason", "the audit"]);
        let fourth = operator.makes();
        assert_eq!(operator.copies(), [first.as_str(), third, &fourth]);
        operator.does(&["release", third, "--from", "copy"]);
        operator.does(&["release", first]);
        // A restore on another machine reads one of them.
        let lease = stage.copy(third, "in-use-29991231T000000Z-00000000.json");
        std::fs::write(&lease, "{}").expect("it is written");
        operator.does(&["prune", "--from", "copy"]);
        assert_eq!(operator.copies(), [third.as_str(), &fourth]);
        std::fs::remove_file(lease).expect("it is removed");
        operator.does(&["prune", "--from", "copy"]);
        assert_eq!(operator.copies(), [fourth.as_str()]);
        assert_eq!(operator.listed().len(), 4);
        assert!(operator.listed().contains(second));
    });
}

#[test]
fn an_encrypted_backup_and_its_proof_are_copied_as_bytes() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let recipient = "age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw";
        let operator = stage.copying().set("BACKUP_RECIPIENTS", recipient);
        let id = operator.makes();
        let mark = r#"{"verified": "2026-11-24T02:00:00Z", "server_version": "15.18", "tables": 8,
                       "rows": 5, "milliseconds": 7}"#;
        std::fs::write(stage.original(&id, "verified.json"), mark).expect("it is written");
        operator.does(&["copy"]);
        let names = std::fs::read_dir(stage.original(&id, "")).expect("a folder");
        let mut number = 0;
        for entry in names.flatten() {
            let name = entry.file_name().display().to_string();
            let copied = std::fs::read(stage.copy(&id, &name)).expect("copied");
            let original = std::fs::read(entry.path()).expect("it is there");
            assert_eq!(copied, original, "{name}");
            number += 1;
        }
        assert_eq!(
            number,
            8 + 3 + 2,
            "tables, toc.dat, schema.sql, README, manifest, mark"
        );
    });
}

#[test]
fn without_a_second_location_the_setting_is_named() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let operator = stage.operator();
        for arguments in [&["list", "--from", "copy"][..], &["copy"]] {
            let error = operator.exits(2, arguments);
            assert!(error.contains("BACKUP_COPY_URL"), "{error}");
        }
    });
}
