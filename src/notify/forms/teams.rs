//! A Microsoft Teams Workflow that begins with "When a Teams webhook request is received": an adaptive card.
//! Text blocks of Teams resolve Markdown, runs of a rich text block do not.
//! <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>

use serde_json::{Value, json};

use super::{facts, headline};
use crate::notify::message::{Message, Severity};

pub(super) fn body(message: &Message) -> Value {
    let color = match message.severity {
        Severity::Info => "Default",
        Severity::Ok => "Good",
        Severity::Warning => "Warning",
        Severity::Failure => "Attention",
    };
    let title = json!({
        "type": "TextRun", "text": headline(message), "weight": "Bolder", "size": "Medium", "color": color,
    });
    let mut body = vec![json!({"type": "RichTextBlock", "inlines": [title]})];
    body.extend(facts(message).into_iter().map(|(name, text)| {
        json!({
            "type": "RichTextBlock",
            "inlines": [
                {"type": "TextRun", "text": format!("{name}: "), "weight": "Bolder"},
                {"type": "TextRun", "text": text},
            ],
        })
    }));
    let actions = message.link.iter();
    let actions = actions
        .map(|link| json!({"type": "Action.OpenUrl", "title": "Open the page", "url": link}));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
                "actions": actions.collect::<Vec<Value>>(),
            },
        }],
    })
}
