//! `/health` and `/health/live`.

use serde_json::json;

use crate::harness::{AppFolder, Database, Program, Start, eventually, run, timer, with_program};

#[test]
fn health_says_ok_with_the_version_and_each_check() {
    with_program(async |program: Program| {
        let answer = eventually("health", || async {
            let answer = program.get("/health").await;
            (answer.status == 200).then_some(answer)
        })
        .await;
        assert_eq!(answer.header("content-type"), "application/health+json");
        let report = answer.json();
        assert_eq!(report["status"], "ok");
        assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
        assert!(
            report["releaseId"]
                .as_str()
                .is_some_and(|commit| !commit.is_empty())
        );
        for check in ["database:latency", "database:schema", "database:pool"] {
            assert_eq!(
                report["checks"][check][0]["status"], "ok",
                "{check}: {report}"
            );
        }
        assert!(report["checks"]["database:latency"][0]["observedValue"].as_f64() > Some(0.0));
    });
}

#[test]
fn many_probes_cost_one_query_every_few_seconds() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        eventually("health", || async {
            (program.get("/health").await.status == 200).then_some(())
        })
        .await;
        // The same report is sent again, down to the latency that it measured.
        let started = std::time::Instant::now();
        let mut latencies = std::collections::HashSet::new();
        for _ in 0..200 {
            let report = program.get("/health").await.json();
            latencies.insert(report["checks"]["database:latency"].to_string());
        }
        let reports = 2 + started.elapsed().as_secs() / 3;
        assert!(latencies.len() as u64 <= reports, "{latencies:?}");
    });
}

#[test]
fn live_touches_nothing() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=nobody")
            .serving()
            .await;
        let answer = program.get("/health/live").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["status"], "ok");
        let full = program.get("/health").await;
        assert_eq!(full.status, 503);
        assert_eq!(full.json()["status"], "fail");
        let latency = &full.json()["checks"]["database:latency"][0];
        assert_eq!(latency["status"], json!("fail"));
        let output = latency["output"].as_str().expect("it says why");
        assert!(output.contains("DATABASE_URL"), "{output}");
    });
}

const SCHEDULES: [(&str, &str); 3] = [
    ("ITEM_HOUSEKEEPING_SCHEDULE", "0 */10 * * * *"),
    ("BACKUP_SCHEDULE", "0 0 2 * * *"),
    ("DRILL_SCHEDULE", "0 0 4 * * 0"),
];

/// The program as a host starts it for this app, with a schedule for each timer.
fn hosted(app: &AppFolder, database: &Database) -> Start {
    let folder = app.path().display().to_string();
    let start = Start::handler()
        .set("DATABASE_URL", &database.url)
        .set("FUNCTIONS_APP_ROOT_PATH", &folder);
    SCHEDULES
        .iter()
        .fold(start, |start, (name, value)| start.set(name, value))
}

#[test]
fn a_timer_that_the_host_does_not_run_fails_health_and_its_setting_is_named() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let program = hosted(&app, &database).serving().await;
        eventually("health", || async {
            (program.get("/health").await.status == 200).then_some(())
        })
        .await;
        for (function, name, value) in [
            ("postfacto_backup", "BACKUP_SCHEDULE", ""),
            ("postfacto_restore_drill", "DRILL_SCHEDULE", "soon"),
            ("scale", "AzureWebJobs.scale.Disabled", "true"),
        ] {
            let program = hosted(&app, &database).set(name, value).serving().await;
            let health = program.get("/health").await;
            assert_eq!(health.status, 503, "{name}={value}");
            let finding = timer(&health.json(), function);
            assert_eq!(finding["status"], "fail", "{finding}");
            assert_eq!(finding["observedValue"]["outcome"], "off", "{finding}");
            let output = finding["output"].as_str().expect("it says why");
            assert!(output.contains(name), "{output}");
        }
    });
}

#[test]
fn a_timer_without_a_file_fails_health() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let file = app.path().join("scale/function.json");
        std::fs::write(file, "{").expect("it is written");
        let program = hosted(&app, &database).serving().await;
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let finding = timer(&health.json(), "scale");
        let output = finding["output"].as_str().expect("it says why");
        assert!(output.contains("scale/function.json"), "{output}");
    });
}

#[test]
fn slots_that_the_host_missed_fail_health_and_slots_before_the_schedule_do_not() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let client = database.connect().await;
        let schedules = "INSERT INTO function_schedule (function, schedule, since)
                         VALUES ('postfacto_backup', '0 0 2 * * *', now() - interval '3 days'),
                                ('scale', 'another', now() - interval '3 days')";
        client.batch_execute(schedules).await.expect("they go in");
        let program = hosted(&app, &database).serving().await;
        let health = eventually("a finding of the backups", || async {
            let health = program.get("/health").await;
            let is_there = health.json()["checks"]["timer:last-due"].is_array();
            is_there.then_some(health)
        })
        .await;
        assert_eq!(health.status, 503);
        let backup = timer(&health.json(), "postfacto_backup");
        assert_eq!(backup["observedValue"]["outcome"], "missed", "{backup}");
        let findings = health.json()["checks"]["timer:last-due"].clone();
        assert_eq!(findings.as_array().map(Vec::len), Some(1), "{findings}");
    });
}
