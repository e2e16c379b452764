//! The handler's start, end and restart, the end of all processes, and apps that do not start.

use std::{fs, path::Path, time::Duration};

use devhost::{Failure, Framing, Host, HostOptions, Level, ScheduleStatus, TimerCall, TimerResult};
use serde_json::{Value, json};

use crate::stage::{Stage, exchange, get, logged, ready, recorder, same, until, within};

type Tested = Result<(), String>;

fn app() -> Stage {
    Stage::new(&Value::Null, &Value::Null).http("item")
}

fn runs(pid: u32) -> bool {
    // A killed process stays in the table as a zombie until its parent waits for it.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// An app, a host whose recorder responds, and the recorder's process.
async fn started() -> Result<(Stage, Host, u32), String> {
    let stage = app();
    let host = stage.start().await;
    ready(&host).await?;
    let pid = host.handler_pid().expect("a process");
    Ok((stage, host, pid))
}

#[tokio::test]
async fn exits_with_0_and_200_restart_the_handler_without_counting() -> Tested {
    let (zero, two_hundred) = (json!({"exit": 0}), json!({"exit": 200}));
    let lives = json!({"1": zero, "2": two_hundred, "3": zero, "4": two_hundred, "*": {}});
    let stage = Stage::new(&Value::Null, &json!({"start": {"by_life": lives}})).http("item");
    let host = stage.start().await;
    let port = host.handler_port();
    ready(&host).await?;
    assert_eq!((stage.lives(), host.handler_port()), (5, port));
    let logs = host.logs();
    assert!(
        logs.iter().all(|log| log.level != Level::Error),
        "{logs:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_last_error_lines_explain_the_third_exit() -> Tested {
    let print = json!({"text": "one\ntwo\nthree\ndisk on fire\n", "err": 1});
    let start = json!({"start": {"exit": 5, "print": print}});
    let stage = Stage::new(&Value::Null, &start).http("item");
    let host = stage.start().await;
    let failure = within("a failure", host.failed()).await?.to_string();
    assert!(failure.contains("exited with 5"), "{failure}");
    assert!(failure.contains("two,three,disk on fire"), "{failure}");
    assert!(!failure.contains("one,"), "{failure}");
    Ok(())
}

#[tokio::test]
async fn a_handler_that_cannot_be_started_is_reported_with_the_remedy() -> Tested {
    let description = json!({"defaultExecutablePath": "no-such-handler"});
    let members = json!({"customHandler": {"description": description}});
    let stage = Stage::new(&members, &Value::Null).http("item");
    let host = stage.start().await;
    let log = logged(&host, "cannot start the handler no-such-handler").await?;
    assert!(log.text.contains("build it"), "{log}");
    Ok(())
}

#[tokio::test]
async fn the_handler_gets_the_five_variables_the_settings_and_its_folder() -> Tested {
    let description = json!({
        "defaultExecutablePath": "sh",
        "workingDirectory": "work",
        "arguments": ["print.sh", "%GREETING%", "%FUNCTIONS_HTTPWORKER_PORT%", "%NOTHING%", "\"a b\""],
    });
    let members = json!({"customHandler": {"description": description}});
    let stage = Stage::new(&members, &Value::Null).http("item");
    let local = json!({"Values": {"GREETING": "hello", "COLOUR": "red", "SHAPE": "round"}});
    stage.write("app/local.settings.json", &local.to_string());
    let script = "echo \"arguments $# $1 $2 $3\"; pwd; env; exec \"$RECORDER\"";
    stage.write("app/work/print.sh", script);
    let start = stage.start_with(|options| {
        options.settings.insert("SHAPE".into(), "square".into());
        let recorder = recorder().display().to_string();
        let variables = [
            ("COLOUR".into(), "blue".into()),
            ("RECORDER".into(), recorder),
        ];
        options.environment.extend(variables);
    });
    let host = start.await;
    ready(&host).await?;
    let port = host.handler_port().to_string();
    let root = stage.path("app").canonicalize().expect("it exists");
    let lines: Vec<String> = host.logs().into_iter().map(|log| log.text).collect();
    let value = |name: &str| {
        let mut values = lines.iter();
        let value = values.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default()
    };
    for line in [
        format!("arguments 3 hello {port} a b"),
        root.join("work").display().to_string(),
    ] {
        assert!(lines.contains(&line), "{line}: {lines:#?}");
    }
    assert_eq!(value("FUNCTIONS_CUSTOMHANDLER_PORT"), port);
    assert_eq!(value("FUNCTIONS_HTTPWORKER_PORT"), port);
    let id = value("FUNCTIONS_CUSTOMHANDLER_WORKER_ID");
    assert_eq!((value("FUNCTIONS_HTTPWORKER_ID"), id.len()), (id, 36));
    assert_eq!(Path::new(value("FUNCTIONS_APP_ROOT_PATH")), root);
    assert_eq!((value("COLOUR"), value("SHAPE")), ("blue", "square"));
    Ok(())
}

#[tokio::test]
async fn a_client_that_disconnects_aborts_its_request() -> Tested {
    let orders = json!({"reply": {"/item": {"delay": 60}}});
    let stage = Stage::new(&Value::Null, &orders).http("item");
    let host = stage.start().await;
    let address = host.address();
    let request = tokio::spawn(exchange(address, "GET /item", "\r\n"));
    until("the request", || stage.requests("/item").len() == 1).await?;
    request.abort();
    let gone = || stage.events().iter().any(|it| it["ev"] == "gone");
    until("the end of its connection", gone).await
}

#[tokio::test]
async fn the_end_of_function_timeout_kills_the_handler_and_is_not_counted() -> Tested {
    let orders = json!({"reply": {"/slow": {"delay": 60}}});
    let stage = Stage::new(&json!({"functionTimeout": "00:00:00.3"}), &orders);
    let stage = stage.timer("slow", "0 0 3 1 1 *", &json!({}));
    let grace = Duration::from_millis(50);
    let start = stage.start_with(|options| options.limits.timeout_grace = grace);
    let host = start.await;
    for _ in 0..3 {
        let result = within("a run", host.invoke_timer("slow", TimerCall::default())).await?;
        let reason = Failure::Timeout(Duration::from_millis(300));
        assert_eq!(result, TimerResult::Failed { reason });
    }
    ready(&host).await?;
    same("lives", stage.lives(), &json!(4))
}

#[tokio::test]
async fn a_call_decides_the_envelope() -> Tested {
    let stage = app().timer("t", "0 0 3 1 1 *", &json!({}));
    let stage = stage.timer("interval", "00:05:00", &json!({}));
    let host = stage.start().await;
    let never = TimerCall {
        framing: Framing::Length,
        schedule_status: ScheduleStatus::Never,
        past_due: true,
        ..TimerCall::default()
    };
    let null = TimerCall {
        schedule_status: ScheduleStatus::Null,
        ..never
    };
    for (number, (call, last)) in [
        (never, json!("0001-01-01T00:00:00+00:00")),
        (null, Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let result = within("a run", host.invoke_timer("t", call)).await?;
        assert!(result.is_success(), "{result:?}");
        let request = stage.requests("/t").swap_remove(number);
        let body = request["body"].as_str().expect("a body");
        let head = request["head"].as_str().expect("a head");
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{head}"
        );
        let body: Value = serde_json::from_str(body).expect("JSON");
        let timer = &body["Data"]["timer"];
        assert_eq!(
            (&timer["IsPastDue"], &timer["ScheduleStatus"]["Last"]),
            (&json!(true), &last)
        );
    }
    let interval = host.invoke_timer("interval", never);
    within("a run", interval).await?;
    for (path, adjusts) in [("/t", true), ("/interval", false)] {
        let body = stage.requests(path).swap_remove(0)["body"].take();
        let body: Value = serde_json::from_str(body.as_str().expect("a body")).expect("JSON");
        let schedule = &body["Data"]["timer"]["Schedule"];
        assert_eq!(schedule["AdjustForDST"], adjusts, "{path}");
    }
    let unknown = host.invoke_timer("unknown", TimerCall::default()).await;
    let reason = Failure::NotATimer("unknown".to_owned());
    assert_eq!(unknown, TimerResult::Failed { reason });
    Ok(())
}

#[tokio::test]
async fn shutdown_leaves_no_process_and_no_listener() -> Tested {
    let (_stage, host, pid) = started().await?;
    let address = host.address();
    within("the shutdown", host.shutdown()).await?;
    assert!(!runs(pid));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    Ok(())
}

#[tokio::test]
async fn dropping_the_host_kills_the_handler() -> Tested {
    let (_stage, host, pid) = started().await?;
    drop(host);
    until("the end of the handler", || !runs(pid)).await
}

#[test]
fn the_end_of_the_runtime_kills_the_handler() -> Tested {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (_stage, _host, pid) = runtime.block_on(started())?;
    drop(runtime);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(until("the end of the handler", || !runs(pid)))
}

#[tokio::test]
async fn an_app_without_functions_does_not_start() {
    let stage = Stage::new(&Value::Null, &Value::Null);
    let error = Host::start(stage.options()).await.err().expect("an error");
    assert!(
        error.to_string().contains("has no active function"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let stage = app();
    let first = stage.start().await;
    let options = HostOptions {
        address: first.address(),
        ..stage.options()
    };
    let error = Host::start(options).await.err().expect("an error");
    let named = format!("cannot listen on {}: ", first.address());
    assert!(error.to_string().starts_with(&named), "{error}");
}

#[tokio::test]
async fn an_app_that_does_not_proxy_gets_500_and_the_log_names_the_remedy() -> Tested {
    let members = json!({"customHandler": {"enableProxyingHttpRequest": false}});
    let stage = Stage::new(&members, &Value::Null).http("item");
    let host = stage.start().await;
    let reply = get(&host, "GET /item").await;
    assert_eq!((reply.status, reply.body.as_str()), (500, ""));
    logged(&host, "set enableProxyingHttpRequest")
        .await
        .map(drop)
}
