//! Lines of an invocation have its id, also those of tasks that work for it, and a timer's messages appear
//! once.

use std::collections::BTreeSet;

use devhost::{Host, Source, TimerCall, TimerResult};
use reqwest::Method;
use serde_json::{Value, json};

use super::INVOCATION;
use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{
    AppFolder, Container, Database, Program, Response, Site, Start, eventually, logged, postfacto,
    run, start, waiting_for_a_lock,
};

/// The lines of the program so far that contain this text, as JSON.
fn lines(program: &Program, text: &str) -> Vec<Value> {
    let lines = [program.stdout(), program.stderr()].concat();
    let lines = lines.iter().filter(|line| line.contains(text));
    lines
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect()
}

async fn call(program: &Program, function: &str) -> Response {
    let request = program.with_json(Method::POST, &format!("/{function}"), &json!({}));
    Response::to(request.header("X-Azure-Functions-InvocationId", INVOCATION)).await
}

/// The program with a source to back up.
fn with_source(own: &Database, source: &Database) -> Start {
    Start::handler()
        .set("DATABASE_URL", &own.url)
        .set("BACKUP_DATABASES", "postfacto")
        .set("BACKUP_DATABASE_URL_POSTFACTO", &source.url)
}

/// With a store in this container, behind these faults.
fn with_store(start: Start, container: &Container, faults: &StorageFaults) -> Start {
    let settings = container.through(&faults.address).settings("of us");
    let settings = settings.into_iter();
    settings.fold(start, |start, (name, value)| start.set(name, &value))
}

#[test]
fn retries_of_the_store_have_the_id_of_their_invocation() {
    run(async {
        let (own, source) = (Database::migrated(), postfacto(0.0).await);
        let container = Container::new().await;
        let faults = StorageFaults::before(container.address()).await;
        let busy = || Fault::status("503 Busy", "ServerBusy", "");
        for call in [Call::Part, Call::Put, Call::Commit, Call::List] {
            faults.once(call, busy());
            faults.once(call, Fault::CutRequest(0));
        }
        let start = with_store(with_source(&own, &source), &container, &faults);
        let program = start.serving().await;
        let response = call(&program, "postfacto_backup").await;
        assert_eq!(response.status, 200, "{response:?}");
        let retries = lines(&program, "backing off");
        assert!(retries.len() >= 4, "{retries:?}");
        for line in retries {
            assert_eq!(line["invocation_id"], INVOCATION, "{line}");
            assert_eq!(line["function"], "postfacto_backup", "{line}");
            assert_eq!(line["method"], "POST", "{line}");
            assert_eq!(line["path"], "/postfacto_backup", "{line}");
            assert!(line["traceparent"].is_string(), "{line}");
            // A count that means "without a limit" would not help an operator.
            assert!(
                !line.to_string().contains(&usize::MAX.to_string()),
                "{line}"
            );
        }
    });
}

#[test]
fn a_connection_that_ends_is_logged_under_the_invocation_that_used_it() {
    run(async {
        let (own, source) = (Database::migrated(), postfacto(0.0).await);
        let container = Container::new().await;
        let faults = StorageFaults::before(container.address()).await;
        let program = with_store(with_source(&own, &source), &container, &faults)
            .serving()
            .await;
        // The backup waits for its store, and its first session is idle until the next table.
        faults.hold(Call::Part);
        let watcher = source.connect().await;
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                      AND application_name = 'magnusapi' AND state = 'idle in transaction'";
        let ending = async {
            eventually("rows on their way", || async {
                (faults.seen(Call::Part) > 0).then_some(())
            })
            .await;
            eventually("an idle session of the backup", || async {
                let ended = watcher.query_one(end, &[]).await.expect("the activity");
                (ended.get::<_, i64>(0) > 0).then_some(())
            })
            .await;
            let ended = program.line(|line| line.contains("a database connection ended"));
            ended.await;
            faults.release();
        };
        tokio::join!(call(&program, "postfacto_backup"), ending);
        let ended = lines(&program, "a database connection ended");
        assert!(!ended.is_empty());
        for line in ended {
            assert_eq!(line["invocation_id"], INVOCATION, "{line}");
            assert_eq!(line["function"], "postfacto_backup", "{line}");
        }
    });
}

#[test]
fn a_request_whose_connection_ends_is_logged_with_its_id() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let id = program.make("x").await;
        let lock = database.connect().await;
        let begin = "BEGIN; SELECT FROM item FOR UPDATE";
        lock.batch_execute(begin).await.expect("a lock");
        let rename =
            program.with_json(Method::PATCH, &format!("/item/{id}"), &json!({"name": "y"}));
        let rename = rename.header("X-Azure-Functions-InvocationId", INVOCATION);
        let rename = tokio::spawn(Response::to(rename));
        waiting_for_a_lock(&database, 1).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
        lock.query(end, &[]).await.expect("it can be ended");
        let response = rename.await.expect("no panic");
        response.problem(503, "database-interrupted");
        program
            .error_line(|line| {
                line.contains("ended during a statement") && line.contains(INVOCATION)
            })
            .await;
    });
}

/// A timer's lines in the host's log: `Logs` of its responses, and messages on the console.
struct TimerLog {
    logs: Vec<String>,
    console: Vec<String>,
}

impl TimerLog {
    fn of(host: &Host, function: &str) -> TimerLog {
        let (mut logs, mut console) = (Vec::new(), Vec::new());
        for record in host.logs() {
            if record.source == Source::User(function.to_owned()) {
                logs.push(record.text);
            } else if record.source == Source::Console
                && let Ok(line) = serde_json::from_str::<Value>(&record.text)
            {
                console.push(line["message"].as_str().unwrap_or_default().to_owned());
            }
        }
        TimerLog { logs, console }
    }
}

#[test]
fn a_timers_messages_appear_once() {
    run(async {
        let (app, own, source) = (AppFolder::new(), Database::migrated(), postfacto(0.0).await);
        let folder = tempfile::tempdir().expect("a folder");
        let options = app
            .on(&own)
            .setting("BACKUP_URL", format!("file://{}", folder.path().display()))
            .setting("BACKUP_DATABASES", "postfacto")
            .setting("BACKUP_DATABASE_URL_POSTFACTO", &source.url)
            .setting(
                "DRILL_DATABASE_URL",
                Site::usual().administrators().url("postgres"),
            );
        let host = start(options).await;
        for function in magnusapi::app::timer_functions() {
            let result = host.invoke_timer(function, TimerCall::default()).await;
            assert!(
                matches!(result, TimerResult::Succeeded { .. }),
                "{function}: {result:?}"
            );
            let log = TimerLog::of(&host, function);
            assert!(!log.logs.is_empty(), "{function} has no lines");
            let different: BTreeSet<&String> = log.logs.iter().collect();
            assert_eq!(different.len(), log.logs.len(), "{:?}", log.logs);
            for line in &log.logs {
                let twice = log.console.iter().find(|it| it.contains(line));
                assert_eq!(twice, None, "{function}");
            }
        }
        host.shutdown().await;
    });
}

#[test]
fn a_failed_timers_messages_appear_once_on_the_console() {
    run(async {
        let (app, own, source) = (AppFolder::new(), Database::migrated(), postfacto(0.0).await);
        let folder = tempfile::tempdir().expect("a folder");
        let away = "postgres://u@127.0.0.1:1/x?sslmode=disable";
        let options = app
            .on(&own)
            .setting("BACKUP_URL", format!("file://{}", folder.path().display()))
            .setting("BACKUP_DATABASES", "away,there")
            .setting("BACKUP_DATABASE_URL_AWAY", away)
            .setting("BACKUP_DATABASE_URL_THERE", &source.url);
        let host = start(options).await;
        let result = host
            .invoke_timer("postfacto_backup", TimerCall::default())
            .await;
        assert!(matches!(result, TimerResult::Failed { .. }), "{result:?}");
        logged(&host, |log| log.text.contains("postfacto_backup failed")).await;
        let log = TimerLog::of(&host, "postfacto_backup");
        assert!(log.logs.is_empty(), "{:?}", log.logs);
        let failed = log.console.iter().filter(|it| it.contains("away: failed"));
        assert_eq!(failed.count(), 1, "{:?}", log.console);
        let different: BTreeSet<&String> = log.console.iter().collect();
        assert_eq!(different.len(), log.console.len(), "{:?}", log.console);
        host.shutdown().await;
    });
}
