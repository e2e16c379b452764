//! The content of a message, as it is stored and as the JSON form sends it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The version of the JSON form. A new member does not change it.
pub(super) const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) version: u32,
    /// The same for every receiver and every attempt.
    pub(super) id: String,
    /// The app's name in Azure.
    pub(super) app: String,
    pub(super) kind: Kind,
    pub(super) state: MessageState,
    pub(super) severity: Severity,
    /// A timer function, a backed-up database, or a target of the schedule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) subject: Option<String>,
    /// One line that states the event.
    pub(super) title: String,
    pub(super) since: Timestamp,
    /// The instant of the message.
    pub(super) at: Timestamp,
    pub(super) reason: String,
    /// The action that the message asks for; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) remedy: Option<String>,
    /// The operators' page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) link: Option<String>,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A timer function failed, was stopped, was missed, or is off.
    Run,
    BackupDegraded,
    BackupLate,
    BackupUnverified,
    Schedule,
    Drift,
    Hold,
    Size,
    /// Another check of `/health`.
    Check,
    Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MessageState {
    Began,
    Continues,
    Ended,
    /// An event without a duration.
    Happened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Info,
    Ok,
    Warning,
    Failure,
}

/// The parts of a message that depend on the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    /// Identifies the event, so that it makes one message only.
    pub(super) event: String,
    pub(super) kind: Kind,
    pub(super) state: MessageState,
    pub(super) severity: Severity,
    pub(super) subject: Option<String>,
    pub(super) title: String,
    pub(super) since: Timestamp,
    pub(super) reason: String,
}

/// The longest text of a reason, in characters. Slack accepts 3000 in a block.
const REASON: usize = 1500;

impl Draft {
    pub(super) fn into_message(self, app: &str, link: Option<&str>, at: Timestamp) -> Message {
        let is_open = matches!(self.state, MessageState::Began | MessageState::Continues);
        let remedy = self.kind.remedy().filter(|_| is_open);
        Message {
            version: VERSION,
            id: Uuid::new_v4().to_string(),
            app: app.to_owned(),
            kind: self.kind,
            state: self.state,
            severity: self.severity,
            subject: self.subject,
            title: self.title,
            since: self.since,
            at,
            reason: shortened(&self.reason, REASON),
            remedy: remedy.map(str::to_owned),
            link: link.map(str::to_owned),
        }
    }
}

/// At most this many characters. Control characters become spaces: a message is shown on one screen.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    let visible = |it: char| if it.is_control() { ' ' } else { it };
    let mut short: String = text.chars().take(characters).map(visible).collect();
    if text.chars().nth(characters).is_some() {
        short.push('…');
    }
    short
}

impl Kind {
    fn remedy(self) -> Option<&'static str> {
        match self {
            Kind::Run => Some(
                "Correct the reason. The next slot runs the function again. The function's log has the details; \
                 see \"The timers\" in docs/operations.md.",
            ),
            Kind::BackupDegraded => Some(
                "The backup has all rows. Create the missing objects by hand after a restore, or correct the \
                 reason; see docs/backups.md.",
            ),
            Kind::BackupLate => Some(
                "Read the log of postfacto_backup, correct the reason, and make a backup: \
                 `magnusapi backup create`.",
            ),
            Kind::BackupUnverified => Some(
                "Read the log of postfacto_restore_drill, correct the reason, and verify a backup: \
                 `magnusapi backup verify latest`.",
            ),
            Kind::Schedule => Some(
                "No size changes until the schedule is correct. Show its errors with `magnusapi scale lint`.",
            ),
            Kind::Drift => Some(
                "Find the other party in Azure's activity log, and stop it; or take the target out of the \
                 schedule.",
            ),
            Kind::Check => Some("See \"When the health check is red\" in docs/operations.md."),
            Kind::Hold | Kind::Size | Kind::Test => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reasons_are_shortened_and_have_no_control_characters() {
        assert_eq!(shortened("ab\ncd\u{1b}[0m", 5), "ab cd…");
        assert_eq!(shortened("žluť", 4), "žluť");
    }
}
