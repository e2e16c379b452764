//! The age of backups in `/health`, with a clock that the test sets.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use magnusapi::backup::{BackupCheck, Backups, Settings};
use magnusapi::clock::Clock;
use magnusapi::health::{Check, Finding, Status};

use crate::harness::{Database, folder, run};

/// The check of one source, with its store in `folder`, and the clock's seconds.
fn check(database: &Database, folder: &Path) -> (BackupCheck, Arc<AtomicI64>) {
    check_with(database, folder, None)
}

/// With copies in this folder.
fn check_with(
    database: &Database,
    folder: &Path,
    copies: Option<&Path>,
) -> (BackupCheck, Arc<AtomicI64>) {
    let store = format!("file://{}", folder.display());
    let settings = Settings::read(
        |name| match name {
            "BACKUP_URL" => Some(store.clone()),
            "BACKUP_COPY_URL" => copies.map(|it| format!("file://{}", it.display())),
            "BACKUP_DATABASES" => Some("postfacto".to_owned()),
            "BACKUP_DATABASE_URL_POSTFACTO" => Some(database.url.clone()),
            _ => None,
        },
        true,
    );
    let seconds = Arc::new(AtomicI64::new(0));
    let hand = seconds.clone();
    let clock: Clock = Arc::new(move || {
        Timestamp::from_second(hand.load(Ordering::Relaxed)).expect("a second of this age")
    });
    let backups = Backups::new(settings.expect("good settings"), clock);
    (BackupCheck::new(backups), seconds)
}

fn store(folder: &Path, id: &str, file: &str) {
    let folder = folder.join("postfacto").join(id);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(file), "{}").expect("a file");
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("an instant").as_second()
}

fn status(findings: &[Finding], key: &str) -> Status {
    let found = findings.iter().find(|finding| finding.key == key);
    found
        .unwrap_or_else(|| panic!("{key}: {findings:?}"))
        .status
}

#[test]
fn ages_warn_and_fail_at_their_limits_and_only_whole_backups_count() {
    run(async {
        let (database, folder) = (Database::migrated(), folder());
        let (check, clock) = check(&database, folder.path());
        clock.store(at("2026-11-22T00:00:00Z"), Ordering::Relaxed);
        let findings = check.check().await;
        assert_eq!(status(&findings, "backup:age"), Status::Warn);
        assert_eq!(status(&findings, "backup:verified-age"), Status::Warn);

        store(folder.path(), "20261122T020000Z-00000001", "manifest.json");
        store(folder.path(), "20261122T020000Z-00000001", "verified.json");
        store(folder.path(), "20261124T020000Z-00000002", "toc.dat");
        for (now, age, verified) in [
            ("2026-11-23T03:59:00Z", Status::Ok, Status::Ok),
            ("2026-11-23T04:00:00Z", Status::Warn, Status::Ok),
            ("2026-11-24T04:00:00Z", Status::Fail, Status::Ok),
            ("2026-11-30T02:00:00Z", Status::Fail, Status::Warn),
            ("2026-12-07T02:00:00Z", Status::Fail, Status::Fail),
        ] {
            clock.store(at(now), Ordering::Relaxed);
            let findings = check.check().await;
            assert_eq!(status(&findings, "backup:age"), age, "{now}: {findings:?}");
            assert_eq!(status(&findings, "backup:verified-age"), verified, "{now}");
        }
        store(folder.path(), "20261207T010000Z-00000003", "manifest.json");
        let findings = check.check().await;
        assert_eq!(
            status(&findings, "backup:age"),
            Status::Fail,
            "kept for a minute"
        );
        clock.store(at("2026-12-07T02:01:00Z"), Ordering::Relaxed);
        let findings = check.check().await;
        assert_eq!(status(&findings, "backup:age"), Status::Ok);
        assert_eq!(status(&findings, "backup:verified-age"), Status::Fail);
    });
}

#[test]
fn a_backup_dated_in_the_future_fails() {
    run(async {
        let (database, folder) = (Database::migrated(), folder());
        let (check, seconds) = check(&database, folder.path());
        seconds.store(at("2026-11-24T03:00:00Z"), Ordering::Relaxed);
        store(folder.path(), "20261124T020000Z-1a2b3c4d", "manifest.json");
        store(folder.path(), "20261125T020000Z-1a2b3c4d", "manifest.json");
        let findings = check.check().await;
        assert_eq!(status(&findings, "backup:age"), Status::Fail);
        let output = findings[0].output.as_deref().unwrap_or_default();
        assert!(output.contains("20261125T020000Z-1a2b3c4d"), "{output}");
        assert_eq!(findings[0].observed_value, serde_json::json!(1.0));
    });
}

#[test]
fn copies_have_an_age_of_their_own() {
    run(async {
        let (database, folder, copies) = (Database::migrated(), folder(), folder());
        let (check, clock) = check_with(&database, folder.path(), Some(copies.path()));
        store(folder.path(), "20261122T020000Z-00000001", "manifest.json");
        clock.store(at("2026-11-22T03:00:00Z"), Ordering::Relaxed);
        let findings = check.check().await;
        assert_eq!(status(&findings, "backup:age"), Status::Ok);
        assert_eq!(status(&findings, "backup:copy-age"), Status::Warn);
        store(copies.path(), "20261122T020000Z-00000001", "manifest.json");
        store(folder.path(), "20261124T020000Z-00000002", "manifest.json");
        store(copies.path(), "20261124T020000Z-00000002", "toc.dat");
        for (now, copied) in [
            ("2026-11-23T03:59:00Z", Status::Ok),
            ("2026-11-24T03:59:00Z", Status::Warn),
            ("2026-11-24T04:01:00Z", Status::Fail),
        ] {
            clock.store(at(now), Ordering::Relaxed);
            let findings = check.check().await;
            assert_eq!(
                status(&findings, "backup:copy-age"),
                copied,
                "{now}: {findings:?}"
            );
        }
    });
}

#[test]
fn a_second_location_that_cannot_be_reached_warns_and_changes_no_other_finding() {
    run(async {
        let (database, folder) = (Database::migrated(), folder());
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let copies = file.join("copies");
        let (check, clock) = check_with(&database, folder.path(), Some(&copies));
        store(folder.path(), "20261122T020000Z-00000001", "manifest.json");
        clock.store(at("2026-11-22T03:00:00Z"), Ordering::Relaxed);
        let findings = check.check().await;
        assert_eq!(status(&findings, "backup:age"), Status::Ok);
        assert_eq!(status(&findings, "backup:copy-age"), Status::Warn);
        let output = findings.iter().find(|it| it.key == "backup:copy-age");
        let output = output.and_then(|it| it.output.clone()).unwrap_or_default();
        assert!(output.contains(&copies.display().to_string()), "{output}");
    });
}
