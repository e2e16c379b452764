//! The threads of the runtime.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::harness::{Database, Program, Response, Start, postfacto, ready, run};

/// A member of a backup takes far less than this, also without optimization on a busy machine.
const STALL: Duration = Duration::from_secs(2);

fn threads(program: &Program) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", program.pid()));
    tasks.expect("the process runs").count()
}

#[test]
fn the_number_of_runtime_threads_is_a_setting() {
    run(async {
        let database = Database::migrated();
        let mut counts = Vec::new();
        for number in ["1", "17"] {
            let start = Start::handler().set("DATABASE_URL", &database.url);
            let program = start.set("RUNTIME_THREADS", number).serving().await;
            ready(&program).await;
            counts.push(threads(&program));
        }
        // Threads for files and names come and go.
        assert!(counts[0] + 10 < counts[1], "{counts:?}");
    });
}

#[test]
fn one_runtime_thread_serves_requests_while_a_backup_compresses() {
    run(async {
        let (own, source) = (Database::migrated(), postfacto(0.05).await);
        let folder = tempfile::tempdir().expect("a folder");
        let program = Start::handler()
            .set("DATABASE_URL", &own.url)
            .set("RUNTIME_THREADS", "1")
            .set("BACKUP_URL", &format!("file://{}", folder.path().display()))
            .set("BACKUP_DATABASES", "postfacto")
            .set("BACKUP_DATABASE_URL_POSTFACTO", &source.url)
            .serving()
            .await;
        let path = format!("/item/{}", program.make("item").await);
        let call = json!({
            "Data": {"timer": {"ScheduleStatus": {
                "Last": "0001-01-01T00:00:00+00:00", "Next": "2026-11-24T02:00:00+00:00"
            }, "IsPastDue": false}},
            "Metadata": {"sys": {"UtcNow": "2026-11-24T02:00:00.1Z"}}
        });
        let call = program.with_json(Method::POST, "/postfacto_backup", &call);
        let call = call.header("X-Azure-Functions-InvocationId", "one");
        let backup = tokio::spawn(Response::to(call));
        let (mut reads, mut longest) = (0, Duration::ZERO);
        while !backup.is_finished() {
            let begun = Instant::now();
            assert_eq!(program.get(&path).await.status, 200);
            longest = longest.max(begun.elapsed());
            reads += 1;
        }
        let backup = backup.await.expect("no panic");
        assert_eq!(backup.status, 200, "{}", backup.json());
        assert!(
            reads > 20 && longest < STALL,
            "{reads} reads, the slowest in {longest:?}"
        );
    });
}
