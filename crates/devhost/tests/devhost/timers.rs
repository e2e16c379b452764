//! Timers: the envelope, the table of replies, manual runs, and the schedule.

use std::{fs, time::Duration};

use devhost::{
    Failure, Framing, HostOptions, Level, Limits, RetryContext, ScheduleStatus, TimerCall,
    TimerResult,
};
use serde_json::{Value, json};

use crate::stage::{AppFolder, get, logged, send, until, within};

const NEVER: &str = "0001-01-01T00:00:00+00:00";

#[tokio::test]
async fn each_reply_has_the_meaning_of_the_host() {
    let replies = [
        ("TimerOk", "succeeded"),
        ("TimerBare", "succeeded"),
        ("TimerEmpty", "hang"),
        ("TimerNoContent", "hang"),
        ("TimerNull", "hang"),
        (
            "TimerText",
            "failed: Invalid HttpResponseMessage: the content type is missing",
        ),
        (
            "TimerBroken",
            "failed: Invalid HttpResponseMessage: the body is not JSON",
        ),
        (
            "TimerArray",
            "failed: Invalid HttpResponseMessage: the body is JSON, but not an object",
        ),
        ("TimerFailure", "failed: the handler returned 500"),
        ("TimerRedirect", "failed: the handler returned 302"),
        ("TimerReset", "failed: no reply from the handler"),
        ("TimerExit", "failed: no reply from the handler"),
    ];
    let app = replies.iter().fold(AppFolder::new(), |app, (name, _)| {
        app.timer(name, json!({}))
    });
    let host = app.start().await;
    for (name, expected) in replies {
        let result = within(host.invoke_timer(name, TimerCall::default())).await;
        let said = match &result {
            TimerResult::Succeeded { .. } => "succeeded".to_owned(),
            TimerResult::Failed { reason } => format!("failed: {reason}"),
            TimerResult::Hang { .. } => "hang".to_owned(),
        };
        assert!(said.starts_with(expected), "{name}: {said}");
        let end = logged(&host, &format!("Executed 'Functions.{name}'")).await;
        assert_eq!(end.level == Level::Error, !result.is_success(), "{end}");
        assert!(end.invocation.is_some());
    }
    let unknown = host.invoke_timer("Unknown", TimerCall::default()).await;
    let reason = Failure::NotATimer("Unknown".to_owned());
    assert_eq!(unknown, TimerResult::Failed { reason });
    // The host does not read the body of a failed reply.
    assert!(host.logs().iter().all(|log| log.text != "lost"));
}

#[tokio::test]
async fn success_has_logs_and_the_return_value() {
    let app = AppFolder::new().timer("TimerOk", json!({}));
    let host = app.start().await;
    let (logs, body) = run(&host, TimerCall::default()).await;
    assert_eq!(logs, ["transfer-encoding: chunked", "content-length: none"]);
    assert_eq!(body["Metadata"]["sys"]["MethodName"], "TimerOk");
    let line = logged(&host, "transfer-encoding: chunked").await;
    assert_eq!(
        (line.level, line.source.to_string().as_str()),
        (Level::Information, "Function.TimerOk.User")
    );
    assert!(line.invocation.is_some());
    let printed = logged(&host, "timer ran").await;
    assert_eq!(printed.invocation, None);
}

#[tokio::test]
async fn envelope_has_every_variant() {
    let app = AppFolder::new().timer("TimerOk", json!({"schedule": "0 15 3 * * *"}));
    let host = app.start().await;
    let call = TimerCall {
        framing: Framing::Length,
        ..TimerCall::default()
    };
    let (logs, body) = run(&host, call).await;
    assert_eq!(logs[0], "transfer-encoding: none");
    assert_eq!(
        logs[1],
        format!("content-length: {}", body.to_string().len())
    );
    let timer = &body["Data"]["clock"];
    assert_eq!(
        (&timer["IsPastDue"], &timer["Schedule"]["AdjustForDST"]),
        (&json!(false), &json!(true))
    );
    assert!(
        timer["ScheduleStatus"]["Last"]
            .as_str()
            .is_some_and(|last| last > "2026"),
        "{timer}"
    );

    let null = TimerCall {
        schedule_status: ScheduleStatus::Null,
        past_due: true,
        ..call
    };
    let (_, body) = run(&host, null).await;
    assert_eq!(body["Data"]["clock"]["ScheduleStatus"], Value::Null);
    assert_eq!(body["Data"]["clock"]["IsPastDue"], true);

    let retry = Some(RetryContext {
        retry_count: 1,
        max_retry_count: 2,
    });
    let never = TimerCall {
        schedule_status: ScheduleStatus::Never,
        retry,
        ..call
    };
    let (_, body) = run(&host, never).await;
    assert_eq!(body["Data"]["clock"]["ScheduleStatus"]["Last"], NEVER);
    assert_eq!(body["Metadata"]["RetryContext"]["RetryCount"], 1);
}

#[tokio::test]
async fn function_timeout_kills_the_handler_and_starts_it_again_uncounted() {
    let app = AppFolder::new()
        .host("/functionTimeout", json!("00:00:00.3"))
        .timer("TimerSlow", json!({}))
        .timer("TimerOk", json!({}));
    let limits = Limits {
        timeout_grace: Duration::from_millis(50),
        ..Limits::default()
    };
    let host = app
        .launch(HostOptions {
            limits,
            ..app.options("ok")
        })
        .await;
    for _ in 0..3 {
        let result = within(host.invoke_timer("TimerSlow", TimerCall::default())).await;
        let reason = Failure::Timeout(Duration::from_millis(300));
        assert_eq!(result, TimerResult::Failed { reason });
    }
    run(&host, TimerCall::default()).await;
    assert_eq!(app.starts(), 4);
}

#[tokio::test]
async fn manual_run_is_202_at_once_and_its_end_is_logged() {
    let app = AppFolder::new()
        .http("Item", json!({}))
        .timer("TimerOk", json!({}))
        .timer("TimerOdd", json!({"schedule": "%WHEN%"}))
        .timer("TimerSlow", json!({}));
    let host = app.start().await;
    let post = async |name: &str, body: &str| {
        let length = body.len();
        let head = format!(
            "POST /admin/functions/{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
        );
        send(
            &host,
            &format!("{head}Content-Length: {length}\r\n\r\n{body}"),
        )
        .await
        .status
    };
    assert_eq!(post("TimerOk", r#"{"input":""}"#).await, 202);
    assert!(
        logged(&host, "Executed 'Functions.TimerOk'")
            .await
            .text
            .contains("Succeeded")
    );
    assert_eq!(post("TimerOk", "").await, 400);
    assert_eq!(post("TimerOk", "{").await, 400);
    assert_eq!(post("Unknown", "{}").await, 404);
    for body in ["[]", "\"x\"", "{\"input\":{}}"] {
        assert_eq!(post("TimerOk", body).await, 400, "{body}");
    }
    // The function does not run, and the host does not report it.
    assert_eq!(post("Item", "{}").await, 202);
    assert_eq!(post("TimerOdd", "{}").await, 202);
    let status = get(&host, "GET /admin/functions/timerodd/status").await;
    assert!(status.body.contains("WHEN"), "{}", status.body);
    assert_eq!(
        get(&host, "GET /admin/functions/TimerOk/status").await.body,
        "{}"
    );
    assert_eq!(get(&host, "GET /admin/functions/TimerOk").await.status, 200);
    let untyped = "POST /admin/functions/TimerOk HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(send(&host, untyped).await.status, 415);
    // Both runs have begun before one has ended: there is no lock.
    for _ in 0..2 {
        assert_eq!(post("TimerSlow", "{}").await, 202);
    }
    let begun = || {
        host.logs()
            .iter()
            .filter(|log| log.text == "Executing 'Functions.TimerSlow'")
            .count()
    };
    until("two runs at once", || begun() == 2).await;
}

#[tokio::test]
async fn failure_is_retried_by_the_policy() {
    let app = AppFolder::new().function(
        "TimerRetried",
        &json!({
            "retry": {"strategy": "fixedDelay", "maxRetryCount": 4, "delayInterval": "00:00:00.01"},
            "bindings": [{
                "type": "timerTrigger", "name": "t", "schedule": "0 0 0 1 1 *", "runOnStartup": true
            }],
        }),
    );
    let host = app
        .launch(HostOptions {
            timers: true,
            ..app.options("ok")
        })
        .await;
    logged(&host, "third time").await;
    let ends = host
        .logs()
        .iter()
        .filter(|log| log.text.contains("(Failed"))
        .count();
    assert_eq!(ends, 2);
}

#[tokio::test]
async fn schedule_repeats_a_timer_and_never_overlaps_it() {
    let app = AppFolder::new()
        .timer("TimerOk", json!({"schedule": "* * * * * *"}))
        .timer("TimerSlow", json!({"schedule": "* * * * * *"}));
    let host = app
        .launch(HostOptions {
            timers: true,
            ..app.options("ok")
        })
        .await;
    let begun = |name: &str| {
        let text = format!("Executing 'Functions.{name}'");
        host.logs().iter().filter(|log| log.text == text).count()
    };
    until("three runs", || begun("TimerOk") >= 3).await;
    assert_eq!(begun("TimerSlow"), 1);
}

#[tokio::test]
async fn switched_off_timers_do_not_run_by_schedule() {
    let app = AppFolder::new().timer(
        "TimerOk",
        json!({"schedule": "* * * * * *", "runOnStartup": true}),
    );
    let host = app.start().await;
    let timers = host.timers();
    assert_eq!(
        (timers[0].function.as_str(), timers[0].next.len()),
        ("TimerOk", 3)
    );
    // By the second after next, an active schedule would have fired.
    let due = timers[0].next[1];
    until("two seconds", || jiff::Timestamp::now() > due).await;
    assert!(
        host.logs()
            .iter()
            .all(|log| !log.text.starts_with("Executing"))
    );
}

#[tokio::test]
async fn run_missed_while_the_host_was_stopped_is_made_up_once() {
    let app = AppFolder::new().timer("TimerOk", json!({"schedule": "0 0 0 1 1 *"}));
    let state = app.path("state");
    let options = || HostOptions {
        timers: true,
        state: Some(state.clone()),
        ..app.options("ok")
    };
    let file = state.join("TimerOk.json");

    let host = app.launch(options()).await;
    until("a record", || file.exists()).await;
    within(host.shutdown()).await;
    let mut record: Value =
        serde_json::from_str(&fs::read_to_string(&file).expect("a record")).expect("JSON");
    assert_eq!(
        (&record["Last"], &record["Schedule"]),
        (&json!(NEVER), &json!("0 0 0 1 1 *"))
    );

    record["Next"] = json!("2020-01-01T00:00:00+00:00");
    fs::write(&file, record.to_string()).expect("a changed record");
    let host = app.launch(options()).await;
    logged(&host, "Executing 'Functions.TimerOk', past due").await;
    logged(&host, "(Succeeded").await;
    let noted = || fs::read_to_string(&file).is_ok_and(|text| !text.contains("2020-01-01"));
    until("a new record", noted).await;
    within(host.shutdown()).await;

    let host = app.launch(options()).await;
    within(host.ready()).await.expect("the handler responds");
    assert!(
        host.logs()
            .iter()
            .all(|log| !log.text.starts_with("Executing"))
    );
}

/// Runs `TimerOk`: its logs, and the body that it got.
async fn run(host: &devhost::Host, call: TimerCall) -> (Vec<String>, Value) {
    match within(host.invoke_timer("TimerOk", call)).await {
        TimerResult::Succeeded { logs, return_value } => {
            let body = return_value.as_str().expect("the body comes back");
            (logs, serde_json::from_str(body).expect("the body is JSON"))
        }
        other => panic!("{other:?}"),
    }
}
