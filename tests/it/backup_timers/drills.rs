//! Drills on their own schedule, and after each backup.

use serde_json::json;

use super::{AWAY, Stage};
use crate::harness::{self, Database, Program, Site, call, everywhere, run};

/// The program with a Postfacto, whose drills follow its backups.
async fn with_drills(stage: &Stage, site: Site) -> Program {
    let source = site.readers(&site.postfacto(0.0).await);
    stage
        .start(&[("postfacto", &source)])
        .set("DRILL_DATABASE_URL", &site.url("postgres"))
        .set("DRILL_AFTER", "backup")
        .serving()
        .await
}

#[test]
fn a_drill_without_a_server_fails_and_names_the_setting_also_in_health() {
    run(async {
        let (stage, source) = (Stage::new(), Database::migrated());
        let program = stage.serving(&source.url).await;
        let answer = call(&program, "postfacto_restore_drill", 24).await;
        answer.assert(500, "DRILL_DATABASE_URL");
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let drill = harness::timer(&health.json(), "postfacto_restore_drill");
        assert_eq!(drill["observedValue"]["slot"], "2026-11-24T02:00:00Z");
        let output = drill["output"].as_str().expect("it says why");
        assert!(output.contains("DRILL_DATABASE_URL"), "{output}");
    });
}

/// As a superuser it fails, because functions that are in a backup run with the rights of the role.
#[test]
fn the_drill_proves_the_newest_backup_and_marks_it() {
    everywhere(async |site| {
        let stage = Stage::new();
        let source = site.readers(&site.postfacto(0.0).await);
        let program = stage
            .start(&[("postfacto", &source)])
            .set("DRILL_DATABASE_URL", &site.url("postgres"))
            .serving()
            .await;
        let drill = call(&program, "postfacto_restore_drill", 22).await;
        drill.assert(500, "no backup");
        let backup = call(&program, "postfacto_backup", 24).await;
        backup.assert(200, "");
        let drill = call(&program, "postfacto_restore_drill", 29).await;
        if site.role == "postgres" {
            drill.assert(500, "is a superuser");
            assert!(!stage.path("verified.json").exists());
            return;
        }
        drill.assert(200, "");
        let mark = stage.file("verified.json");
        assert!(mark["verified"].is_string(), "{mark}");
    });
}

#[test]
fn a_drill_that_follows_the_backup_is_a_run_of_its_own_and_proves_that_backup() {
    everywhere(async |site| {
        let stage = Stage::new();
        let program = with_drills(&stage, site).await;
        let answer = call(&program, "postfacto_backup", 24).await;
        answer.assert(200, "");
        if site.role == "postgres" {
            answer.assert_line("is a superuser");
            assert_eq!(
                stage.runs().await,
                [
                    "postfacto_backup 24 02:00 succeeded",
                    "postfacto_restore_drill 24 02:00 failed",
                ]
            );
            return;
        }
        assert!(
            answer.lines[1].contains("restored to PostgreSQL"),
            "{answer:?}"
        );
        let (mark, manifest) = (stage.file("verified.json"), stage.file("manifest.json"));
        let tables = manifest["tables"].as_array().expect("tables");
        let compared = mark["compared"].as_array().expect("tables");
        assert_eq!(compared.len(), tables.len(), "{mark}");
        for (table, compared) in tables.iter().zip(compared) {
            let name = format!("public.{}", table["name"].as_str().expect("a name"));
            assert_eq!(compared["table"], name, "{mark}");
            assert_eq!(compared["rows"], table["rows"]);
            assert_eq!(compared["row_sum"], table["row_sum"]);
        }
        assert!(mark["definitions"].as_u64() > Some(20), "{mark}");
        for step in ["files", "load", "rows", "definitions", "drop"] {
            assert!(mark["seconds"][step].as_f64() > Some(0.0), "{step}: {mark}");
        }
        assert_eq!(
            stage.runs().await,
            [
                "postfacto_backup 24 02:00 succeeded",
                "postfacto_restore_drill 24 02:00 succeeded",
            ]
        );
        // The drill's own schedule has nothing to make up for.
        let drill = call(&program, "postfacto_restore_drill", 29).await;
        drill.assert(200, "nothing to do");
        // A doubled call repeats neither of them.
        let again = call(&program, "postfacto_backup", 24).await;
        again.assert(200, "nothing to do");
        assert_eq!(stage.runs().await.len(), 3);
    });
}

#[test]
fn a_failed_drill_after_a_backup_does_not_fail_the_backup() {
    run(async {
        let (stage, source) = (Stage::new(), Database::migrated());
        let program = stage
            .start(&[("postfacto", &source.url)])
            .set("DRILL_DATABASE_URL", AWAY)
            .set("DRILL_AFTER", "backup")
            .serving()
            .await;
        let answer = call(&program, "postfacto_backup", 24).await;
        answer.assert(200, "");
        answer.assert_line("postfacto_restore_drill failed");
        assert_eq!(
            stage.runs().await,
            [
                "postfacto_backup 24 02:00 succeeded",
                "postfacto_restore_drill 24 02:00 failed",
            ]
        );
        let health = program.get("/health").await.json();
        for (function, status) in [
            ("postfacto_backup", "ok"),
            ("postfacto_restore_drill", "fail"),
        ] {
            assert_eq!(harness::timer(&health, function)["status"], status);
        }
    });
}

#[test]
fn a_drill_that_would_not_fit_is_not_started_and_the_scheduled_one_makes_up_for_it() {
    everywhere(async |site| {
        let stage = Stage::new();
        let program = with_drills(&stage, site).await;
        let answer = call(&program, "postfacto_backup", 24).await;
        answer.assert(200, "");
        // As if a drill had taken an hour.
        let mark = json!({
            "verified": "2026-11-24T02:00:00Z", "server_version": "15.18", "tables": 8, "rows": 5,
            "milliseconds": 3_600_000
        });
        std::fs::write(stage.path("verified.json"), mark.to_string()).expect("it is written");

        let answer = call(&program, "postfacto_backup", 25).await;
        answer.assert(200, "");
        answer.assert_line("was not started");
        answer.assert_line("functionTimeout");
        let drill = call(&program, "postfacto_restore_drill", 29).await;
        let of_drill = if site.role == "postgres" {
            drill.assert(500, "is a superuser");
            "failed"
        } else {
            drill.assert(200, "restored to");
            "succeeded"
        };
        let runs = stage.runs().await;
        let outcomes: Vec<&str> = runs.iter().filter_map(|it| it.split(' ').nth(3)).collect();
        assert_eq!(
            outcomes,
            ["succeeded", of_drill, "succeeded", "failed", of_drill]
        );
    });
}
