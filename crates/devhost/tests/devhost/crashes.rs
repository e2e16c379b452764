//! The handler's start, end and restart, and the end of all processes.

use std::{fs, path::Path, time::Duration};

use devhost::{Level, TimerCall};
use serde_json::json;

use crate::stage::{AppFolder, get, handler, logged, until, within};

fn app() -> AppFolder {
    AppFolder::new()
        .host("/extensions", json!({"http": {"routePrefix": ""}}))
        .http("All", json!({"route": "{*path}"}))
}

fn runs(pid: u32) -> bool {
    // A killed process stays in the table as a zombie until its parent waits for it.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn exits_with_0_and_200_restart_the_handler_without_counting() {
    let app = app();
    let host = app.launch(app.options("0,200,0,200,ok")).await;
    let port = host.handler_port();
    within(host.ready()).await.expect("the fifth start");
    assert_eq!((app.starts(), host.handler_port()), (5, port));
    assert!(
        host.logs().iter().all(|log| log.level != Level::Error),
        "{:#?}",
        host.logs()
    );
}

#[tokio::test]
async fn the_third_counted_exit_stops_the_host() {
    let app = app();
    let options = app
        .options("3,0,4,5,ok")
        .setting("SAY", "one|two|three|disk on fire");
    let host = app.launch(options).await;
    let failure = within(host.failed()).await.to_string();
    assert!(failure.contains("exited with 5"), "{failure}");
    assert!(
        failure.contains("Exceeded http worker restart retry count"),
        "{failure}"
    );
    // The last three error lines explain it.
    assert!(
        failure.contains("two,three,disk on fire") && !failure.contains("one"),
        "{failure}"
    );
    assert_eq!(app.starts(), 4);
    assert_eq!(within(host.ready()).await, Err(within(host.failed()).await));
    let address = host.address();
    within(async { while tokio::net::TcpStream::connect(address).await.is_ok() {} }).await;
}

#[tokio::test]
async fn third_kill_stops_the_host() {
    let app = app();
    let host = app.start().await;
    for _ in 0..2 {
        let pid = host.handler_pid();
        within(host.kill_handler()).await;
        assert_ne!(host.handler_pid(), pid);
        // An invocation waits for the next process.
        assert_eq!(get(&host, "GET /").await.status, 200);
    }
    within(host.kill_handler()).await;
    let failure = within(host.failed()).await.to_string();
    assert!(failure.contains("exited with 137"), "{failure}");
}

#[tokio::test]
async fn handler_that_never_listens_is_counted_and_killed() {
    let app = app().host("/customHandler/initializationTimeout", json!("00:00:00.2"));
    let host = app.launch(app.options("mute")).await;
    let failure = within(host.failed()).await.to_string();
    assert!(failure.contains("did not listen"), "{failure}");
    assert_eq!(app.starts(), 3);
    let starts = fs::read_to_string(app.path("starts")).expect("a list of starts");
    assert!(
        starts
            .lines()
            .all(|pid| !runs(pid.parse().expect("a process id"))),
        "{starts}"
    );
}

#[tokio::test]
async fn invocation_without_a_ready_handler_stops_the_host() {
    let app = app().host("/customHandler/initializationTimeout", json!("00:00:00.1"));
    let host = app.launch(app.options("0")).await;
    assert_eq!(get(&host, "GET /").await.status, 500);
    let failure = within(host.failed()).await.to_string();
    assert!(failure.contains("Initialization timed out"), "{failure}");
}

#[tokio::test]
async fn invocations_wait_for_a_late_handler() {
    let app = app().timer("TimerOk", json!({}));
    let host = app.launch(app.options("late")).await;
    let (reply, timer) = tokio::join!(
        get(&host, "GET /"),
        host.invoke_timer("TimerOk", TimerCall::default())
    );
    assert_eq!(reply.status, 200);
    assert!(timer.is_success(), "{timer:?}");
}

#[tokio::test]
async fn the_handler_gets_the_five_variables_the_settings_and_its_folder() {
    let app = app().host(
        "/customHandler/description",
        json!({
            "defaultExecutablePath": "sh",
            "workingDirectory": "work",
            "arguments": ["print.sh", "%GREETING%", "%FUNCTIONS_HTTPWORKER_PORT%", "%NOTHING%"],
        }),
    );
    let local = json!({"Values": {"GREETING": "hello", "COLOUR": "red", "SHAPE": "round"}});
    fs::write(app.path("local.settings.json"), local.to_string()).expect("settings");
    fs::create_dir(app.path("work")).expect("a new folder");
    let script = "echo \"arguments $# $1 $2\"; pwd; env; exec \"$HANDLER\"";
    fs::write(app.path("work/print.sh"), script).expect("a script");
    let mut options = app.options("ok").setting("SHAPE", "square");
    options
        .environment
        .insert("COLOUR".to_owned(), "blue".to_owned());
    options
        .environment
        .insert("HANDLER".to_owned(), handler().display().to_string());
    let host = app.launch(options).await;
    within(host.ready()).await.expect("the handler responds");
    let port = host.handler_port();
    let said: Vec<String> = host.logs().into_iter().map(|log| log.text).collect();
    let value = |name: &str| {
        let line = said
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("no {name} in {said:#?}"))
            .to_owned()
    };
    let root = app.path("").canonicalize().expect("the app's folder");
    assert!(
        said.contains(&format!("arguments 2 hello {port}")),
        "{said:#?}"
    );
    assert!(
        said.contains(&root.join("work").display().to_string()),
        "{said:#?}"
    );
    assert_eq!(value("FUNCTIONS_CUSTOMHANDLER_PORT"), port.to_string());
    assert_eq!(value("FUNCTIONS_HTTPWORKER_PORT"), port.to_string());
    assert_eq!(
        value("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"),
        value("FUNCTIONS_HTTPWORKER_ID")
    );
    assert_eq!(Path::new(&value("FUNCTIONS_APP_ROOT_PATH")), root);
    assert_eq!(
        (value("COLOUR"), value("SHAPE")),
        ("blue".to_owned(), "square".to_owned())
    );
}

#[tokio::test]
async fn log_levels_of_host_json_are_obeyed() {
    let app = app().host("/logging", json!({"logLevel": {"default": "Warning"}}));
    let options = app.options("ok").setting("SAY", "it broke").setting(
        "AzureFunctionsJobHost__logging__logLevel__Function",
        "Information",
    );
    let host = app.launch(options).await;
    within(host.ready()).await.expect("the handler responds");
    get(&host, "GET /").await;
    logged(&host, "it broke").await;
    logged(&host, "GET / -> 200").await;
    let said = host.logs();
    assert!(said.iter().all(|log| log.text != "listening"), "{said:#?}");
}

#[tokio::test]
async fn shutdown_leaves_no_process_and_no_listener() {
    let app = app();
    let host = app.start().await;
    let (pid, address) = (host.handler_pid().expect("a process"), host.address());
    assert!(runs(pid));
    within(host.shutdown()).await;
    assert!(!runs(pid));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn draining_lets_a_request_end_and_a_scheduled_run_too() {
    let app = app().timer("TimerPause", json!({"schedule": "* * * * * *"}));
    let options = devhost::HostOptions {
        timers: true,
        ..app.options("ok")
    };
    let host = app.launch(options).await;
    logged(&host, "Executing 'Functions.TimerPause'").await;
    let address = host.address();
    let request = tokio::spawn(crate::stage::send_to(
        address,
        "GET /pause HTTP/1.1\r\nHost: a\r\n\r\n",
    ));
    logged(&host, "pausing a request").await;
    let pid = host.handler_pid().expect("a process");
    within(host.drain()).await;
    assert_eq!(within(request).await.expect("a response").status, 200);
    assert!(!runs(pid));
}

#[tokio::test]
async fn dropping_the_host_kills_the_handler() {
    let app = app();
    let host = app.start().await;
    let pid = host.handler_pid().expect("a process");
    drop(host);
    until("the handler is dead", || !runs(pid)).await;
}

#[test]
fn the_end_of_the_runtime_kills_the_handler() {
    let app = app();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let host = runtime.block_on(app.start());
    let pid = host.handler_pid().expect("a process");
    drop(runtime);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while runs(pid) {
        assert!(std::time::Instant::now() < deadline, "{pid} still runs");
        std::thread::yield_now();
    }
}
