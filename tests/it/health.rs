//! `/health` and `/health/live`.

use serde_json::json;

use crate::harness::{Database, Program, Start, eventually, run, with_program};

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
