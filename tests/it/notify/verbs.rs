//! `magnusapi notify …`, and the forms of Slack and Teams.

use std::process::Output;

use serde_json::{Value, json};

use super::stage::Stage;
use crate::fakes::Receiver;
use crate::harness::{Start, run};

fn notify(start: Start, arguments: &[&str]) -> Output {
    let start = start.argument("notify");
    arguments
        .iter()
        .fold(start, |start, it| start.argument(it))
        .output()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_test_message_reaches_every_receiver_in_its_form() {
    run(async {
        let receiver = Receiver::start().await;
        let start = || {
            Start::operator()
                .set("NOTIFY_RECEIVERS", "chat, teams, audit")
                .set("NOTIFY_URL_CHAT", &format!("{}/chat", receiver.url))
                .set("NOTIFY_FORMAT_CHAT", "slack")
                .set("NOTIFY_URL_TEAMS", &format!("{}/teams", receiver.url))
                .set("NOTIFY_FORMAT_TEAMS", "teams")
                .set("NOTIFY_URL_AUDIT", &format!("{}/audit", receiver.url))
        };
        let output = notify(start(), &["test"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(stdout(&output).matches("accepted").count(), 3, "{output:?}");
        let body = |path: &str| -> Value {
            let deliveries = receiver.deliveries();
            let found = deliveries.iter().find(|it| it.path == path);
            found.expect(path).json()
        };
        assert_eq!(body("/chat")["text"], "ℹ️ magnusapi: test message");
        let card = &body("/teams")["attachments"][0];
        assert_eq!(
            card["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        assert_eq!(card["content"]["type"], "AdaptiveCard");
        assert_eq!(body("/audit")["kind"], "test");
        let output = notify(start(), &["test", "audit"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(receiver.deliveries().len(), 4);
        let output = notify(start(), &["test", "nowhere"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        receiver.responds("403 Forbidden");
        let output = notify(start(), &["test"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stdout(&output).contains("403"), "{output:?}");
        let output = notify(Start::operator(), &["test"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    });
}

#[test]
fn receivers_heartbeats_and_undelivered_messages_are_listed() {
    run(async {
        let (stage, program) = Stage::failing("500 Internal Server Error").await;
        stage.receiver.received(1).await;
        drop(program);
        let start = || {
            Start::operator()
                .set("DATABASE_URL", &stage.database.url)
                .set(
                    "NOTIFY_URL",
                    &format!("{}{}", stage.receiver.url, super::stage::PATH),
                )
                .set("HEARTBEAT_URL_SCALE", "https://hc.example/uuid")
        };
        let output = notify(start(), &["list"]);
        assert!(output.status.success(), "{output:?}");
        let text = stdout(&output);
        for part in [
            "default",
            "json",
            "item_housekeeping failed",
            "waiting",
            "https://hc.example",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let output = notify(start(), &["list", "--json"]);
        let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let receiver = &list["data"]["receivers"][0];
        assert_eq!(receiver["address"], stage.receiver.url);
        assert_eq!(receiver["deliveries"]["waiting"], 1, "{list}");
        let heartbeat = json!({"function": "scale", "address": "https://hc.example"});
        assert_eq!(list["data"]["heartbeats"], json!([heartbeat]));
        let undelivered = &list["data"]["undelivered"][0];
        assert_eq!(undelivered["title"], "item_housekeeping failed", "{list}");
        let output = notify(Start::operator(), &["list"]);
        assert!(output.status.success(), "{output:?}");
        assert!(
            stdout(&output).contains("NOTIFY_URL is not set"),
            "{output:?}"
        );
    });
}
