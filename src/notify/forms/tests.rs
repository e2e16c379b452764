use super::*;
use crate::notify::message::{Draft, Kind};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn message(reason: &str) -> Message {
    let draft = Draft {
        event: "1".into(),
        kind: Kind::Run,
        state: MessageState::Began,
        severity: Severity::Failure,
        subject: Some("scale".into()),
        title: "scale failed".into(),
        since: at("2026-11-24T08:00:00Z"),
        reason: reason.into(),
    };
    let link = Some("https://app.example/ops");
    draft.into_message("func-magnus", link, at("2026-11-24T08:00:10Z"))
}

#[test]
fn slack_resolves_no_link_and_no_mention_of_a_reason() {
    let hostile = message("<!channel> <https://evil.example|click> & *bold*");
    let body = slack::body(&hostile);
    let blocks = body["blocks"].as_array().expect("blocks");
    for block in blocks {
        if block["type"] == "section" {
            assert_eq!(block["text"]["type"], "plain_text", "{block}");
        }
    }
    assert_eq!(body["text"], "🔴 func-magnus: scale failed");
    let long = slack::body(&message(&"x".repeat(5000)));
    for block in long["blocks"].as_array().expect("blocks") {
        let text = block["text"]["text"].as_str().unwrap_or_default();
        assert!(text.chars().count() <= 3000, "{block}");
    }
}

#[test]
fn teams_resolves_no_markdown_of_a_reason() {
    let body = teams::body(&message("[click](https://evil.example) **bold**"));
    let card = &body["attachments"][0]["content"];
    for block in card["body"].as_array().expect("a body") {
        assert_eq!(block["type"], "RichTextBlock", "{block}");
    }
    assert_eq!(card["actions"][0]["url"], "https://app.example/ops");
}

#[test]
fn a_message_states_subject_time_reason_and_remedy() {
    let message = message("403");
    let names: Vec<&str> = facts(&message).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["On", "Since", "Reason", "Remedy"]);
    assert_eq!(headline(&message), "🔴 func-magnus: scale failed");
}
