//! The program under a Functions host, end to end.

use devhost::{Framing, Level, ScheduleStatus, Source, TimerCall, TimerResult};
use reqwest::Method;
use serde_json::json;

use crate::harness::{
    AppFolder, Database, Response, checkout_on, client, eventually, logged, run, start,
};

fn request(url: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
    client().request(method, format!("{url}{path}"))
}

async fn get(url: &str, path: &str) -> Response {
    Response::to(request(url, Method::GET, path)).await
}

async fn post(url: &str, path: &str, body: serde_json::Value) -> Response {
    let request = request(url, Method::POST, path).header("content-type", "application/json");
    Response::to(request.body(body.to_string())).await
}

#[test]
fn items_and_health_are_served_through_the_host() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::empty());
        let host = start(app.on(&database).setting("LOG_REQUESTS", "all")).await;
        let url = host.url();
        let made = post(&url, "/item", json!({"name": "a new item"})).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(get(&url, made.header("location")).await.json(), made.json());
        let list = get(&url, "/item").await.json();
        assert_eq!(list["data"][0], made.json()["data"]);
        let health = eventually("health", || async {
            let response = get(&url, "/health").await;
            (response.status == 200).then_some(response)
        })
        .await;
        assert_eq!(health.json()["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(get(&url, "/health/live").await.status, 200);
        assert_eq!(get(&url, "/openapi.json").await.status, 200);
        let put = Response::to(request(&url, Method::PUT, "/item")).await;
        put.problem(405, "method-not-allowed");
        // The response has the id of the host's invocation.
        let id = made.header("x-request-id").to_owned();
        logged(&host, |log| {
            log.source == Source::Console && log.text.contains(&id)
        })
        .await;
        host.shutdown().await;
    });
}

#[test]
fn a_host_runs_the_checkout_itself() {
    run(async {
        let database = Database::migrated();
        let host = start(checkout_on(&database)).await;
        let url = host.url();
        let made = post(&url, "/item", json!({"name": "a new item"})).await;
        assert_eq!(made.status, 201, "{made:?}");
        // The timer reads the schedule beside host.json, through a link too.
        let result = host.invoke_timer("scale", TimerCall::default()).await;
        let TimerResult::Succeeded { logs, .. } = result else {
            panic!("{result:?}");
        };
        assert!(logs.iter().any(|it| it.starts_with("web: ")), "{logs:?}");
        host.shutdown().await;
    });
}

#[test]
fn a_chunked_creation_succeeds_through_the_host() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let chunks = ["{\"na", "me\":\"chunked\"}"].map(Ok::<_, std::io::Error>);
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let request = request(&host.url(), Method::POST, "/item");
        let request = request
            .header("content-type", "application/json")
            .body(body);
        assert_eq!(Response::to(request).await.status, 201);
        host.shutdown().await;
    });
}

#[test]
fn the_timer_succeeds_with_every_kind_of_call() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        for framing in [Framing::Chunked, Framing::Length] {
            for schedule_status in [
                ScheduleStatus::Never,
                ScheduleStatus::Null,
                ScheduleStatus::Past,
            ] {
                for past_due in [false, true] {
                    let call = TimerCall {
                        framing,
                        schedule_status,
                        past_due,
                        ..TimerCall::default()
                    };
                    let result = host.invoke_timer("item_housekeeping", call).await;
                    let TimerResult::Succeeded { logs, .. } = result else {
                        panic!("{call:?}: {result:?}");
                    };
                    let is_done = ["idempotency keys", "nothing to do"];
                    assert!(is_done.iter().any(|it| logs[0].contains(it)), "{logs:?}");
                }
            }
        }
        host.shutdown().await;
    });
}

#[test]
fn a_timer_fires_on_its_schedule() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let mut options = app
            .on(&database)
            .setting("ITEM_HOUSEKEEPING_SCHEDULE", "* * * * * *");
        options.timers = true;
        let host = start(options).await;
        let function = Source::User("item_housekeeping".into());
        let fired = |log: &devhost::HostLog| {
            log.source == function && log.text.contains("deleted 0 idempotency keys")
        };
        logged(&host, fired).await;
        host.shutdown().await;
    });
}

#[test]
fn a_failed_timer_fails_in_the_host_with_its_reason_on_the_console() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let options = app
            .on(&database)
            .setting("DATABASE_URL", "host=/nowhere user=absent")
            .setting("DATABASE_WAIT", "1");
        let host = start(options).await;
        let result = host
            .invoke_timer("item_housekeeping", TimerCall::default())
            .await;
        assert!(matches!(result, TimerResult::Failed { .. }), "{result:?}");
        logged(&host, |log| {
            log.source == Source::Console
                && log.level == Level::Error
                && log.text.contains("item_housekeeping failed")
        })
        .await;
        host.shutdown().await;
    });
}

#[test]
fn the_host_records_a_failed_request_as_a_warning_and_its_cause_as_an_error() {
    run(async {
        let app = AppFolder::new();
        // The cause names the database, and the host takes an error with the text `warn` for a warning.
        let database = Database {
            url: "postgres://ada@127.0.0.1:1/warnings".to_owned(),
        };
        let host = start(app.on(&database).setting("DATABASE_WAIT", "1")).await;
        assert_eq!(get(&host.url(), "/item/1").await.status, 503);
        for (level, text) in [
            (Level::Information, "serving on http://"),
            (Level::Warning, "GET item returned 503"),
            (Level::Error, "the database is not available"),
        ] {
            let record =
                |log: &devhost::HostLog| log.source == Source::Console && log.text.contains(text);
            assert_eq!(logged(&host, record).await.level, level, "{text}");
        }
        host.shutdown().await;
    });
}

#[test]
fn a_timer_can_run_by_hand_and_not_from_outside() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let url = host.url();
        let accepted = post(
            &url,
            "/admin/functions/item_housekeeping",
            json!({"input": ""}),
        )
        .await;
        assert_eq!(accepted.status, 202);
        logged(&host, |log| log.text.contains("deleted 0 idempotency keys")).await;
        let outside = post(&url, "/item_housekeeping", json!({})).await;
        assert_eq!(outside.status, 404);
        host.shutdown().await;
    });
}

#[test]
fn a_killed_handler_restarts_and_loses_no_item() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let url = host.url();
        let first = host.handler_pid();
        let made = post(&url, "/item", json!({"name": "kept"})).await;
        host.kill_handler().await;
        eventually("another handler", || async {
            let pid = host.handler_pid();
            (pid.is_some() && pid != first).then_some(())
        })
        .await;
        assert_eq!(get(&url, made.header("location")).await.json(), made.json());
        host.shutdown().await;
    });
}

#[test]
fn an_app_without_a_database_logs_the_missing_setting() {
    run(async {
        let app = AppFolder::new();
        let database = Database { url: String::new() };
        let host = devhost::Host::start(app.on(&database)).await;
        let host = host.expect("the host itself starts");
        let failure = host.failed().await;
        assert!(!failure.0.is_empty());
        let missing =
            |log: &devhost::HostLog| log.text.contains("set the app setting DATABASE_URL");
        logged(&host, missing).await;
    });
}
