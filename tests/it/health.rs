//! `/health` and `/health/live`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{
    AppFolder, Database, Program, Start, eventually, healthy, run, timer, with_program,
};

#[test]
fn health_has_the_status_the_version_and_each_check() {
    with_program(async |program: Program| {
        let response = eventually("health", || async {
            let response = program.get("/health").await;
            (response.status == 200).then_some(response)
        })
        .await;
        assert_eq!(response.header("content-type"), "application/health+json");
        let report = response.json();
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
fn many_probes_share_one_report() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        eventually("health", || async {
            (program.get("/health").await.status == 200).then_some(())
        })
        .await;
        // A cached report has the same measured latency.
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
fn live_does_not_use_the_database() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=absent")
            .serving()
            .await;
        let response = program.get("/health/live").await;
        assert_eq!(response.status, 200);
        assert_eq!(response.json()["status"], "ok");
        let full = program.get("/health").await;
        assert_eq!(full.status, 503);
        assert_eq!(full.json()["status"], "fail");
        let latency = &full.json()["checks"]["database:latency"][0];
        assert_eq!(latency["status"], json!("fail"));
        let output = latency["output"].as_str().expect("a reason");
        assert!(output.contains("DATABASE_URL"), "{output}");
    });
}

/// The report in docs/api.md.
fn documented() -> Value {
    let text = include_str!("../../docs/api.md");
    let start = text
        .find("{\"status\":\"ok\"")
        .expect("the docs have a report");
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter();
    values.next().expect("a report").expect("it is JSON")
}

#[test]
fn the_documented_report_has_the_checks_and_the_schema_of_the_program() {
    with_program(async |program: Program| {
        healthy(&program).await;
        let report = program.get("/health").await.json();
        let documented = documented();
        let keys = |report: &Value| -> BTreeSet<String> {
            let checks = report["checks"].as_object().expect("an object");
            checks.keys().cloned().collect()
        };
        assert_eq!(keys(&report), keys(&documented));
        let schema = |report: &Value| report["checks"]["database:schema"][0].clone();
        assert_eq!(schema(&report), schema(&documented));
    });
}

const SCHEDULES: [(&str, &str); 3] = [
    ("ITEM_HOUSEKEEPING_SCHEDULE", "0 */10 * * * *"),
    ("BACKUP_SCHEDULE", "0 0 2 * * *"),
    ("DRILL_SCHEDULE", "0 0 4 * * 0"),
];

/// The program like a host starts it for this app, with these settings.
fn hosted(app: &AppFolder, database: &Database, settings: &BTreeMap<&str, &str>) -> Start {
    let folder = app.path().display().to_string();
    let start = Start::handler()
        .set("DATABASE_URL", &database.url)
        .set("FUNCTIONS_APP_ROOT_PATH", &folder);
    settings
        .iter()
        .fold(start, |start, (name, value)| start.set(name, value))
}

#[test]
fn a_timer_that_the_host_does_not_run_fails_health_with_its_setting() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let good = BTreeMap::from(SCHEDULES);
        let program = hosted(&app, &database, &good).serving().await;
        healthy(&program).await;
        for (function, name, value) in [
            ("postfacto_backup", "BACKUP_SCHEDULE", None),
            ("postfacto_backup", "BACKUP_SCHEDULE", Some("")),
            ("postfacto_restore_drill", "DRILL_SCHEDULE", Some("soon")),
            ("scale", "AzureWebJobs.scale.Disabled", Some("true")),
            (
                "item_housekeeping",
                "AzureWebJobs_item_housekeeping_Disabled",
                Some("1"),
            ),
        ] {
            let mut settings = good.clone();
            match value {
                Some(value) => settings.insert(name, value),
                None => settings.remove(name),
            };
            let program = hosted(&app, &database, &settings).serving().await;
            let health = program.get("/health").await;
            assert_eq!(health.status, 503, "{name}={value:?}");
            let finding = timer(&health.json(), function);
            assert_eq!(finding["status"], "fail", "{finding}");
            assert_eq!(finding["observedValue"]["outcome"], "off", "{finding}");
            let output = finding["output"].as_str().expect("a reason");
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
        let program = hosted(&app, &database, &BTreeMap::from(SCHEDULES))
            .serving()
            .await;
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let finding = timer(&health.json(), "scale");
        let output = finding["output"].as_str().expect("a reason");
        assert!(output.contains("scale/function.json"), "{output}");
    });
}

#[test]
fn missed_slots_fail_health_and_slots_before_the_schedule_do_not() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let client = database.connect().await;
        let schedules = "INSERT INTO function_schedule (function, schedule, since)
                         VALUES ('postfacto_backup', '0 0 2 * * *', now() - interval '3 days'),
                                ('scale', 'another', now() - interval '3 days')";
        client
            .batch_execute(schedules)
            .await
            .expect("they are inserted");
        let program = hosted(&app, &database, &BTreeMap::from(SCHEDULES))
            .serving()
            .await;
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

/// The number of bad slots in a row after which `/health` fails, according to docs/operations.md.
fn documented_limit(function: &str) -> usize {
    let docs = include_str!("../../docs/operations.md").replace('\n', " ");
    let from = docs.find("Three in a row of").expect("the sentence");
    let to = docs.find("and a timer that is off").expect("its end");
    let sentence = docs[from..to].to_lowercase();
    let place = sentence.find(&format!("`{function}`")).expect(function);
    let mut words = sentence[..place].split_whitespace().rev();
    let limit = words.find_map(|word| match word {
        "one" => Some(1),
        "three" => Some(3),
        "six" => Some(6),
        _ => None,
    });
    limit.expect("a number")
}

#[test]
fn each_timer_fails_health_after_its_documented_number_of_bad_slots() {
    run(async {
        for function in magnusapi::app::timer_functions() {
            let database = Database::migrated();
            let client = database.connect().await;
            let limit = documented_limit(function);
            for slots in 1..=limit {
                // The process of every second run ended before the run.
                let (finished, outcome) = if slots % 2 == 0 {
                    ("now()", "'failed'")
                } else {
                    ("NULL", "NULL")
                };
                let run = format!(
                    "INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at, outcome)
                     VALUES ('{function}', now() - interval '{} minutes', 'x', now(), {finished}, {outcome})",
                    2 * (limit - slots)
                );
                client.batch_execute(&run).await.expect("a run");
                if slots + 1 < limit {
                    continue;
                }
                let program = Start::on(&database).await;
                let health = program.get("/health").await;
                let expected = if slots == limit { "fail" } else { "warn" };
                let finding = timer(&health.json(), function);
                assert_eq!(finding["status"], expected, "{slots} of {limit}: {finding}");
                let status = if slots == limit { 503 } else { 200 };
                assert_eq!(health.status, status, "{slots} of {limit}: {finding}");
            }
        }
    });
}
