//! The bodies of messages for Slack, Teams, and programs.

mod json;
mod slack;
mod teams;

use jiff::Timestamp;

use super::message::{Message, MessageState, Severity};
use super::settings::{Format, Receiver};
use super::transport::Post;

/// The request that delivers `message` at `now`.
pub(super) fn post(receiver: &Receiver, message: &Message, now: Timestamp) -> Post {
    match receiver.format {
        Format::Slack => json::unsigned(&slack::body(message)),
        Format::Teams => json::unsigned(&teams::body(message)),
        Format::Json => json::signed(message, receiver.secret.as_ref(), now),
    }
}

/// A mark at the beginning of a title.
fn mark(message: &Message) -> &'static str {
    match (message.state, message.severity) {
        (MessageState::Ended, Severity::Ok) => "✅",
        (_, Severity::Failure) => "🔴",
        (_, Severity::Warning) => "🟠",
        _ => "ℹ️",
    }
}

/// `🔴 func-magnus-prod: scale failed`
fn headline(message: &Message) -> String {
    format!("{} {}: {}", mark(message), message.app, message.title)
}

/// The facts below the title, each with its name.
fn facts(message: &Message) -> Vec<(&'static str, String)> {
    let minute = |it: Timestamp| it.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let remedy = message.remedy.clone().map(|remedy| ("Remedy", remedy));
    let subject = message.subject.clone().map(|subject| ("On", subject));
    let facts = subject.into_iter().chain([
        ("Since", minute(message.since)),
        ("Reason", message.reason.clone()),
    ]);
    facts.chain(remedy).collect()
}

#[cfg(test)]
mod tests;
