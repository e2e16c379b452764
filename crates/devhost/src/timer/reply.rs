//! The meaning of a handler's reply to a timer. Pure.
//!
//! Source: Azure/azure-functions-host, `DefaultHttpWorkerService.cs` (`ProcessHttpInvocationRequest`)
//! and `HttpScriptInvocationResultExtensions.cs`.

use std::time::Duration;

use funcapp::parse_first_json;
use serde_json::{Map, Value};

/// The result of one run of a timer, for the host.
#[derive(Debug, Clone, PartialEq)]
pub enum TimerResult {
    /// A 2xx reply with a JSON object.
    Succeeded {
        /// `Logs`, in order: each is one Information record of the function.
        logs: Vec<String>,
    },
    /// The run failed. `Logs` and `Outputs` of the reply are ignored.
    Failed { reason: Failure },
    /// The real host ignores such a reply: the invocation would hang until functionTimeout, and the host would then kill the
    /// handler. This host reports it at once.
    Hang {
        /// The reply in words.
        reply: String,
    },
}

/// The reason of a failed run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the handler returned {0}; the reply's Logs and Outputs were not read")]
    Status(u16),
    #[error("Invalid HttpResponseMessage: {0}")]
    Body(String),
    #[error("no reply from the handler: {0}")]
    Connection(String),
    #[error("timed out after {0:?} (functionTimeout); the handler was killed")]
    Timeout(Duration),
    #[error("the host has stopped: {0}")]
    HostStopped(String),
    #[error("`{0}` is not an active timer of this app")]
    NotATimer(String),
}

impl TimerResult {
    pub fn is_success(&self) -> bool {
        matches!(self, TimerResult::Succeeded { .. })
    }
}

/// Whether a reply's body will be read: only after a 2xx.
pub(super) fn check_status(status: u16) -> Result<(), TimerResult> {
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(failed(Failure::Status(status)))
    }
}

/// The meaning of a 2xx reply.
pub(super) fn meaning(status: u16, content_type: Option<&str>, body: &[u8]) -> TimerResult {
    if body.is_empty() {
        return TimerResult::Hang {
            reply: format!("{status} with an empty body"),
        };
    }
    if !content_type.is_some_and(is_json) {
        let content_type = content_type.unwrap_or("missing");
        return failed(Failure::Body(format!(
            "the content type is {content_type}, not application/json"
        )));
    }
    match parse_first_json(body) {
        _ if body.iter().all(u8::is_ascii_whitespace) => TimerResult::Hang {
            reply: format!("{status} with a blank body"),
        },
        Ok(Value::Null) => TimerResult::Hang {
            reply: "the JSON `null`".to_owned(),
        },
        Ok(Value::Object(members)) => {
            read(&members).unwrap_or_else(|problem| failed(Failure::Body(problem)))
        }
        Ok(_) => failed(Failure::Body(
            "the body is JSON, but not an object".to_owned(),
        )),
        Err(error) => failed(Failure::Body(format!("the body is not JSON: {error}"))),
    }
}

fn failed(reason: Failure) -> TimerResult {
    TimerResult::Failed { reason }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    ["application/json", "text/json"]
        .iter()
        .any(|json| media_type.eq_ignore_ascii_case(json))
}

fn read(members: &Map<String, Value>) -> Result<TimerResult, String> {
    if !matches!(member(members, "Outputs"), None | Some(Value::Object(_))) {
        return Err("Outputs is not an object".to_owned());
    }
    Ok(TimerResult::Succeeded {
        logs: logs(members)?,
    })
}

/// Strings, and the values that Newtonsoft turns into strings; an object makes the whole reply invalid.
fn logs(members: &Map<String, Value>) -> Result<Vec<String>, String> {
    let lines = match member(members, "Logs") {
        None => return Ok(Vec::new()),
        Some(Value::Array(lines)) => lines,
        Some(_) => return Err("Logs is not an array".to_owned()),
    };
    lines
        .iter()
        .map(|line| match line {
            Value::String(line) => Ok(line.clone()),
            Value::Null => Ok("[null]".to_owned()),
            Value::Number(_) | Value::Bool(_) => Ok(line.to_string()),
            Value::Array(_) | Value::Object(_) => {
                Err("Logs holds something that is not a string".to_owned())
            }
        })
        .collect()
}

fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}
