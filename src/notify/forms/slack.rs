//! Slack's incoming webhooks: blocks of plain text, in which Slack resolves no link and no mention.
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use serde_json::{Value, json};

use super::{facts, headline};
use crate::notify::message::{Message, shortened};

/// The longest header of Slack.
const HEADER: usize = 140;

pub(super) fn body(message: &Message) -> Value {
    let headline = headline(message);
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": shortened(&headline, HEADER), "emoji": true},
    })];
    blocks.extend(facts(message).into_iter().map(|(name, text)| {
        json!({
            "type": "section",
            "text": {"type": "plain_text", "text": format!("{name}: {text}"), "emoji": false},
        })
    }));
    if let Some(link) = &message.link {
        let link = format!("<{}|Open the page>", escaped(link));
        blocks.push(json!({
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": link}],
        }));
    }
    // The text of the notification. Without escapes, Slack would resolve mentions and links in it.
    json!({"text": escaped(&headline), "blocks": blocks})
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
