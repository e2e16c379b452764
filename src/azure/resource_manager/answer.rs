//! An answer of the Resource Manager, and what it means.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, Url};
use serde_json::Value;

use super::request::Request;
use super::{Base, CallError, Trace};

/// The wait where Azure asks for one and does not say how long.
const WAIT: Duration = Duration::from_secs(30);

/// The shortest wait, also where Azure asks for none: nothing is asked in a tight loop.
const SHORTEST: Duration = Duration::from_millis(200);

/// The longest wait that is kept. Azure asks for minutes at most, and no caller waits this long, so a
/// longer one is the same to it.
const LONGEST: Duration = Duration::from_hours(1);

/// How much of Azure's words is passed on, characters.
const WORDS: usize = 400;

/// An answer, read whole.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Null where there is none, or none in JSON.
    pub(super) body: Value,
    /// Whether the response has no body at all.
    is_empty: bool,
    /// The request that it belongs to.
    pub(super) trace: Trace,
    /// The link `Azure-AsyncOperation`, if it leads to this Resource Manager.
    pub(super) operation: Option<Url>,
    /// The link `Location`, if it leads to this Resource Manager.
    pub(super) location: Option<Url>,
    /// How long to wait before the next look, if Azure says.
    pub(super) retry_after: Option<Duration>,
}

impl Answer {
    pub(super) async fn read(
        response: Response,
        base: &Base,
        trace: Trace,
    ) -> reqwest::Result<Answer> {
        let status = response.status().as_u16();
        let headers = response.headers();
        let (operation, location) = (
            link(headers, "azure-asyncoperation", base),
            link(headers, "location", base),
        );
        let retry_after = retry_after(headers);
        let correlation = headers.get(Trace::CORRELATION_ID);
        let trace = trace.answered(correlation.and_then(|id| id.to_str().ok()));
        let body = response.bytes().await?;
        Ok(Answer {
            status,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            is_empty: body.is_empty(),
            trace,
            operation,
            location,
            retry_after,
        })
    }

    /// Itself, if it is one of success. The token is looked for in what would be printed: a proxy may
    /// send back what it got.
    pub(super) fn accepted(self, request: &Request<'_>, token: &str) -> Result<Answer, CallError> {
        if (200..300).contains(&self.status) {
            return self.of_azure(request);
        }
        let (code, message) = code_and_message(&self.body);
        let [code, message] = [code, message].map(|text| text.replace(token, "…"));
        Err(self.refusal(request, code, message))
    }

    /// Itself, if it is one of Azure's: these are JSON objects, or empty where Azure has nothing to say yet
    /// (202) or any more (204). A success with another body comes from something on the way there.
    fn of_azure(self, request: &Request<'_>) -> Result<Answer, CallError> {
        if self.body.is_object() || (self.is_empty && matches!(self.status, 202 | 204)) {
            return Ok(self);
        }
        Err(CallError::Unavailable {
            resource: request.id.to_string(),
            reason: format!(
                "{} with a body that is not a JSON object, as a proxy sends it",
                self.status
            ),
            trace: self.trace,
        })
    }

    /// <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors>
    fn refusal(&self, request: &Request<'_>, code: String, message: String) -> CallError {
        let resource = request.id.to_string();
        let status = self.status;
        let trace = self.trace.clone();
        let reason = reason(status, &code, &message);
        match (status, code.as_str()) {
            (401 | 403, _) => CallError::Denied {
                resource,
                reason,
                action: request.action(),
                trace,
            },
            (404, _) => CallError::Missing {
                resource,
                reason,
                trace,
            },
            // AKS answers so where others answer 412.
            (412, _) | (409, "EtagMismatch") => CallError::Changed { resource, trace },
            // No waiting mends a lock, nor a want of cores, which has the code `OperationNotAllowed` too.
            (409, code) if code != "ScopeLocked" && !message.contains("quota") => CallError::Busy {
                resource,
                reason,
                trace,
            },
            (429, _) => CallError::Throttled {
                resource,
                wait: self.retry_after.unwrap_or(WAIT).max(SHORTEST),
                trace,
            },
            (400..=499, _) if status != 408 => CallError::Refused {
                resource,
                status,
                code,
                message,
                trace,
            },
            (300..=399, _) => CallError::Unavailable {
                resource,
                reason: format!("it returned {status}, and a token follows no redirect"),
                trace,
            },
            _ => CallError::Unavailable {
                resource,
                reason,
                trace,
            },
        }
    }

    /// How long to wait before the next look, where the usual pause is this.
    pub(super) fn pause(&self, usual: Duration) -> Duration {
        self.retry_after.unwrap_or(usual).max(SHORTEST)
    }
}

fn link(headers: &HeaderMap, name: &str, base: &Base) -> Option<Url> {
    let link = headers.get(name)?.to_str().ok()?;
    let own = base.own_link(link);
    if own.is_none() {
        log::warn!("the link {name} leads away from {base} and is not followed");
    }
    own
}

/// In seconds, as Azure writes it, up to [`LONGEST`].
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    // A number that does not fit is longer than any wait.
    let seconds = text.parse().unwrap_or(u64::MAX);
    is_number.then(|| Duration::from_secs(seconds).min(LONGEST))
}

/// Azure's code and words, each empty where there are none. They are in `error`, or at the top as AKS
/// sends them at times, or there with capitals as App Service does.
pub(super) fn code_and_message(body: &Value) -> (String, String) {
    let error = body.get("error").unwrap_or(body);
    let text = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| error.get(name)?.as_str());
        let words = found.unwrap_or_default().split_whitespace();
        let line = words.collect::<Vec<_>>().join(" ");
        line.chars().take(WORDS).collect()
    };
    (text(["code", "Code"]), text(["message", "Message"]))
}

/// `409 OperationNotAllowed: …`, with what there is of it.
fn reason(status: u16, code: &str, message: &str) -> String {
    let code = Some(code).filter(|it| !it.is_empty());
    let code = code.map_or(String::new(), |code| format!(" {code}"));
    let message = Some(message).filter(|it| !it.is_empty());
    let message = message.map_or(String::new(), |message| format!(": {message}"));
    format!("{status}{code}{message}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_and_words_are_found_wherever_azure_puts_them() {
        for body in [
            json!({"error": {"code": "Conflict", "message": "one\n  line"}}),
            json!({"code": "Conflict", "message": "one line"}),
            json!({"Code": "Conflict", "Message": "one line", "Target": null}),
        ] {
            let found = code_and_message(&body);
            assert_eq!(found, ("Conflict".to_owned(), "one line".to_owned()));
        }
        let none = (String::new(), String::new());
        assert_eq!(code_and_message(&Value::Null), none);
    }

    #[test]
    fn a_wait_is_read_in_seconds_and_has_an_end() {
        let read = |text: &'static str| {
            let value = reqwest::header::HeaderValue::from_static(text);
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)])).map(|wait| wait.as_secs())
        };
        assert_eq!(read("0"), Some(0));
        assert_eq!(read(" 30 "), Some(30));
        for long in ["3601", "18446744073709551615", "99999999999999999999999"] {
            assert_eq!(read(long), Some(3600), "{long}");
        }
        for other in ["", "-1", "1.5", "Tue, 24 Nov 2026 08:00:00 GMT"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_reason_says_what_there_is() {
        assert_eq!(reason(500, "", ""), "500");
        assert_eq!(reason(409, "Busy", "later"), "409 Busy: later");
    }
}
