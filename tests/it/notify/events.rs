//! Messages about holds, sizes, drift, schedules and backups.

use super::stage::{Stage, event, tick};
use crate::fakes::Delivery;
use crate::harness::run;

/// `kind state: title`
fn titles(deliveries: &[Delivery]) -> Vec<String> {
    let titles = deliveries.iter().map(|it| {
        let title = it.json()["title"].as_str().expect("a title").to_owned();
        format!("{}: {title}", event(it))
    });
    titles.collect()
}

/// A change of `web` from 1 to 4.
async fn changed(stage: &Stage, cause: &str, outcome: &str) {
    stage
        .execute(&format!(
            "INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule, cause,
                                       invocation_id, finished_at, outcome)
             VALUES ('web', '/r', now(), '1', '4', 'work day', '{cause}', 'x', now(), '{outcome}')"
        ))
        .await;
}

#[test]
fn holds_and_sizes_make_messages_once() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.handler().set("NOTIFY_SIZES", "on").serving().await;
        tick(&program).await;
        stage
            .execute(
                "INSERT INTO scale_hold (target, size, since, until, reason, made_by)
                 VALUES ('web', '6', now(), now() + interval '1 hour', 'release', 'ann')",
            )
            .await;
        changed(&stage, "schedule", "succeeded").await;
        changed(&stage, "schedule", "failed").await;
        tick(&program).await;
        tick(&program).await;
        stage
            .execute("UPDATE scale_hold SET released_at = now()")
            .await;
        tick(&program).await;
        stage.delivered(3).await;
        assert_eq!(
            titles(&stage.receiver.deliveries()),
            [
                "hold began: the hold of web at 6 began",
                "size happened: web changed from 1 to 4",
                "hold ended: the hold of web at 6 was released"
            ]
        );
        let hold = stage.receiver.deliveries()[0].json();
        let reason = hold["reason"].as_str().expect("a reason");
        assert!(
            reason.starts_with("by ann until 20") && reason.ends_with("release"),
            "{hold}"
        );
    });
}

#[test]
fn changes_of_sizes_are_silent_by_default() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.serving().await;
        tick(&program).await;
        changed(&stage, "schedule", "succeeded").await;
        tick(&program).await;
        assert_eq!(stage.value("SELECT count(*) FROM notify_message").await, 0);
    });
}

#[test]
fn a_rejected_schedule_and_drift_make_messages() {
    run(async {
        let stage = Stage::new().await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("scale.toml");
        std::fs::write(&file, "nonsense").expect("it is written");
        let start = stage
            .handler()
            .set("SCALE_CONFIG", &file.display().to_string());
        changed(&stage, "drift", "succeeded").await;
        // The program may evaluate all checks as soon as it starts.
        let program = start.serving().await;
        tick(&program).await;
        stage.delivered(2).await;
        let mut titles = titles(&stage.receiver.deliveries());
        titles.sort();
        assert_eq!(
            titles,
            [
                "drift began: another party changed web",
                "schedule began: the schedule is rejected"
            ]
        );
    });
}

#[test]
fn a_missing_and_a_degraded_backup_make_messages() {
    run(async {
        let stage = Stage::new().await;
        let folder = tempfile::tempdir().expect("a folder");
        let start = stage
            .handler()
            .set("BACKUP_DATABASES", "postfacto")
            .set("BACKUP_DATABASE_URL_POSTFACTO", &stage.database.url)
            .set("BACKUP_URL", &format!("file://{}", folder.path().display()));
        stage
            .execute(
                "INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at,
                                           outcome, failure, degraded)
                 VALUES ('postfacto_backup', now(), 'x', now(), now(), 'failed',
                         'not in the backup: a rule', true)",
            )
            .await;
        let program = start.serving().await;
        tick(&program).await;
        stage.delivered(3).await;
        let mut titles = titles(&stage.receiver.deliveries());
        titles.sort();
        assert_eq!(
            titles,
            [
                "backup-degraded began: postfacto_backup is degraded",
                "backup-late began: the backup of postfacto is late",
                "backup-unverified began: the backup of postfacto is unverified for too long"
            ]
        );
    });
}
