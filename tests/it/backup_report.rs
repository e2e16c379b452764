//! `backup report`: text, JSON and one HTML page, from a store with backups of every kind.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Operator, Site, everywhere, run};

const HOSTILE: &str = "<script>alert('1')</script> & \"quotes\" \u{202e}";

/// A proof that took this long.
fn prove(store: &Path, id: &str, milliseconds: u64) {
    let mark = format!(
        r#"{{"verified": "2026-11-24T02:00:00Z", "server_version": "15.18", "tables": 8, "rows": 5,
            "definitions": 31, "milliseconds": {milliseconds}}}"#
    );
    let path = store.join("postfacto").join(id).join("verified.json");
    std::fs::write(path, mark).expect("it is written");
}

/// Backups of every kind, and copies.
struct Stage {
    store: TempDir,
    copies: TempDir,
    operator: Operator,
    /// The proved ones.
    proved: [String; 3],
}

impl Stage {
    async fn new(site: Site) -> Stage {
        let source = site.source(&site.postfacto(0.0).await);
        let [store, copies] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let operator = Operator::with_folder(&source, store.path());
        let first = operator.makes();
        let client = source.connect().await;
        let degrade = "SELECT lo_create(0)";
        client.batch_execute(degrade).await.expect("it is created");
        let degraded = operator.exits(3, &["create"]);
        assert!(degraded.contains("degraded"), "{degraded}");
        let undo = "SELECT lo_unlink(oid) FROM pg_largeobject_metadata";
        client.batch_execute(undo).await.expect("it is deleted");
        let url = format!("file://{}", copies.path().display());
        let operator = operator.set("BACKUP_COPY_URL", &url);
        let proved = [first, operator.makes(), operator.makes()];
        for (id, milliseconds) in proved.iter().zip([1000, 2500, 4000]) {
            prove(store.path(), id, milliseconds);
        }
        Stage {
            store,
            copies,
            operator,
            proved,
        }
    }

    /// A backup of four days ago that cannot be read: its manifest belongs to another one.
    fn add_unreadable(&self) {
        let old = Timestamp::now() - SignedDuration::from_hours(96);
        let old = old.strftime("%Y%m%dT%H%M%SZ-00000001").to_string();
        let folder = self.store.path().join("postfacto");
        let manifest = folder.join(&self.proved[0]).join("manifest.json");
        std::fs::create_dir(folder.join(&old)).expect("a folder");
        std::fs::copy(manifest, folder.join(&old).join("manifest.json")).expect("it is copied");
    }

    /// The source in the report as JSON.
    fn report(&self) -> Value {
        let report = self.operator.json(&["report"]);
        assert_eq!(report["timeZone"], "UTC");
        report["sources"][0].clone()
    }
}

#[test]
fn a_report_names_what_was_made_proved_and_is_missing() {
    everywhere(async |site| {
        let mut stage = Stage::new(site).await;
        let [first, _, third] = stage.proved.clone();
        stage.add_unreadable();
        let lost = stage.copies.path().join("postfacto").join(&first);
        std::fs::remove_dir_all(lost).expect("it is removed");

        let of = stage.report();
        assert_eq!(of["source"], "postfacto");
        assert_eq!(of["backups"].as_array().map(Vec::len), Some(5), "{of}");
        for (member, number) in [("proved", 3), ("degraded", 1), ("unreadable", 1)] {
            assert_eq!(of[member], number, "{member}: {of}");
        }
        let restores = &of["restores"];
        assert_eq!(restores["medianSeconds"], 2.5);
        assert_eq!(restores["worstSeconds"], 4.0);
        assert_eq!(restores["worstBackup"], third.as_str());
        // The three days between, of which the rules keep one backup each.
        assert_eq!(
            of["slots"]["missing"].as_array().map(Vec::len),
            Some(3),
            "{of}"
        );
        let is_copied = |id: &str| {
            let backups = of["backups"].as_array().expect("a list");
            let found = backups.iter().find(|it| it["id"] == id);
            found.expect("it is listed")["copied"].clone()
        };
        assert_eq!(is_copied(&first), false);
        assert_eq!(is_copied(&third), true);
        let text = stage.operator.does(&["report"]);
        for says in [
            "3 proved",
            "2.5 s (median)",
            "missing: 3",
            "is degraded: ",
            &third,
        ] {
            assert!(text.contains(says), "{says}: {text}");
        }
        // Without rules for days, such a backup may have been deleted.
        stage.operator = stage.operator.set("BACKUP_KEEP", "last=2");
        let slots = &stage.report()["slots"];
        assert_eq!(slots["missing"], Value::Array(Vec::new()), "{slots}");
    });
}

#[test]
fn the_page_of_a_report_is_escaped_and_loads_nothing() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        stage
            .operator
            .does(&["hold", &stage.proved[1], "--reason", HOSTILE]);
        let page = stage.operator.does(&["report", "--html"]);
        assert!(page.starts_with("<!doctype html>"), "{page}");
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&#60;script&#62;"), "{page}");
        for of_other_places in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(of_other_places), "{of_other_places}: {page}");
        }
        for says in [
            "Period",
            "UTC",
            "file:///",
            "magnusapi",
            "The report is based on",
            "median 2.5 s, worst 4 s",
            "is degraded",
        ] {
            assert!(page.contains(says), "{says}: {page}");
        }
    });
}

#[test]
fn a_report_is_about_its_period_and_an_empty_period_is_rejected() {
    run(async {
        let site = Site::usual();
        let source = site.source(&site.postfacto(0.0).await);
        let store = tempfile::tempdir().expect("a folder");
        let operator = Operator::with_folder(&source, store.path());
        operator.makes();
        let past = operator.does(&["report", "--since", "2026-01-01", "--until", "2026-02-01"]);
        assert!(past.contains("0 backups"), "{past}");
        operator.exits(
            2,
            &["report", "--since", "2026-02-01", "--until", "2026-02-01"],
        );
    });
}
