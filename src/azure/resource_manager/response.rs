//! Responses of the Resource Manager, and their meaning.

use std::time::Duration;

use azure_core::credentials::Secret;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, Url};
use serde_json::Value;

use super::request::Request;
use super::{AzureError, Base, CallError, CallErrorKind, Trace};

/// The wait after a 429 without a time.
const WAIT: Duration = Duration::from_secs(30);

/// The shortest wait, also if Azure asks for none: no request repeats in a tight loop.
const SHORTEST: Duration = Duration::from_millis(200);

/// The longest wait. Azure asks for minutes, and no caller waits this long, so a longer one makes no
/// difference.
const LONGEST: Duration = Duration::from_hours(1);

/// Messages of Azure are cut after this many characters.
const MESSAGE: usize = 400;

/// A response with its body.
pub(super) struct AzureResponse {
    pub(super) status: u16,
    /// Null if there is no JSON.
    pub(super) body: Value,
    is_empty: bool,
    pub(super) trace: Trace,
    /// The link `Azure-AsyncOperation`, if it leads to this Resource Manager.
    pub(super) operation: Option<Url>,
    /// The link `Location`, if it leads to this Resource Manager.
    pub(super) location: Option<Url>,
    pub(super) retry_after: Option<Duration>,
}

impl AzureResponse {
    pub(super) async fn read(
        response: Response,
        base: &Base,
        trace: Trace,
    ) -> reqwest::Result<AzureResponse> {
        let status = response.status().as_u16();
        let headers = response.headers();
        let operation = link(headers, "azure-asyncoperation", base);
        let location = link(headers, "location", base);
        let retry_after = retry_after(headers);
        let correlation_id = headers.get(Trace::CORRELATION_ID);
        let trace = trace.with_correlation_id(correlation_id.and_then(|id| id.to_str().ok()));
        let body = response.bytes().await?;
        Ok(AzureResponse {
            status,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            is_empty: body.is_empty(),
            trace,
            operation,
            location,
            retry_after,
        })
    }

    /// Itself, if it is a success. The token is removed from the error, because a proxy may send back the
    /// headers that it received.
    pub(super) fn accepted(
        self,
        request: &Request<'_>,
        token: &Secret,
    ) -> Result<AzureResponse, CallError> {
        if (200..300).contains(&self.status) {
            return self.of_azure(request);
        }
        let AzureError { code, message } = AzureError::read(&self.body);
        let [code, message] = [code, message].map(|text| text.replace(token.secret(), "…"));
        Err(self.error(request, AzureError { code, message }))
    }

    /// Itself, if Azure sent it: JSON objects, or an empty body with 202 and 204. A success with another body
    /// comes from a proxy.
    fn of_azure(self, request: &Request<'_>) -> Result<AzureResponse, CallError> {
        if self.body.is_object() || (self.is_empty && matches!(self.status, 202 | 204)) {
            return Ok(self);
        }
        let reason = format!(
            "{} with a body that is not a JSON object, as a proxy sends it",
            self.status
        );
        Err(request.error(CallErrorKind::Unavailable(reason), Some(self.trace)))
    }

    /// <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors>
    fn error(self, request: &Request<'_>, error: AzureError) -> CallError {
        let status = self.status;
        let reason = error.with_status(status);
        let kind = match (status, error.code.as_str()) {
            (401 | 403, _) => CallErrorKind::Denied {
                reason,
                action: request.action(),
            },
            (404, _) => CallErrorKind::Missing(reason),
            // AKS returns 409 where others return 412.
            (412, _) | (409, "EtagMismatch") => CallErrorKind::Changed,
            // A retry does not help against a lock, nor against missing cores, which also have the code
            // `OperationNotAllowed`.
            (409, code) if code != "ScopeLocked" && !error.message.contains("quota") => {
                CallErrorKind::Busy(reason)
            }
            (429, _) => CallErrorKind::Throttled(self.retry_after.unwrap_or(WAIT).max(SHORTEST)),
            (400..=499, _) if status != 408 => CallErrorKind::Rejected { status, error },
            (300..=399, _) => CallErrorKind::Unavailable(format!(
                "{status}, but redirects are not followed with a token"
            )),
            _ => CallErrorKind::Unavailable(reason),
        };
        request.error(kind, Some(self.trace))
    }

    /// The pause before the next poll.
    pub(super) fn pause(&self, usual: Duration) -> Duration {
        self.retry_after.unwrap_or(usual).max(SHORTEST)
    }
}

fn link(headers: &HeaderMap, name: &str, base: &Base) -> Option<Url> {
    let link = headers.get(name)?.to_str().ok()?;
    let own = base.own_link(link);
    if own.is_none() {
        log::warn!("the link {name} does not lead to {base}, so it is not followed");
    }
    own
}

/// Azure writes it in seconds. At most [`LONGEST`].
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    // A number that overflows is longer than any wait.
    let seconds = text.parse().unwrap_or(u64::MAX);
    is_number.then(|| Duration::from_secs(seconds).min(LONGEST))
}

impl AzureError {
    /// Code and message are in `error`, or at the top as AKS sometimes sends them, or there in upper case as
    /// App Service does.
    pub(super) fn read(body: &Value) -> AzureError {
        let error = body.get("error").unwrap_or(body);
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| error.get(name)?.as_str());
            let words = found.unwrap_or_default().split_whitespace();
            let line = words.collect::<Vec<_>>().join(" ");
            line.chars().take(MESSAGE).collect()
        };
        AzureError {
            code: text(["code", "Code"]),
            message: text(["message", "Message"]),
        }
    }

    /// `409 OperationNotAllowed: …`, without the parts that are empty.
    fn with_status(&self, status: u16) -> String {
        let part = |before: &str, text: &str| match text {
            "" => String::new(),
            _ => format!("{before}{text}"),
        };
        let (code, message) = (part(" ", &self.code), part(": ", &self.message));
        format!("{status}{code}{message}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_and_messages_are_found_in_each_form() {
        for body in [
            json!({"error": {"code": "Conflict", "message": "one\n  line"}}),
            json!({"code": "Conflict", "message": "one line"}),
            json!({"Code": "Conflict", "Message": "one line", "Target": null}),
        ] {
            assert_eq!(AzureError::read(&body), error("Conflict", "one line"));
        }
        assert_eq!(AzureError::read(&Value::Null), error("", ""));
    }

    fn error(code: &str, message: &str) -> AzureError {
        AzureError {
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_up_to_an_hour() {
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
    fn empty_parts_of_an_error_are_not_printed() {
        assert_eq!(error("", "").with_status(500), "500");
        let busy = error("Busy", "later").with_status(409);
        assert_eq!(busy, "409 Busy: later");
    }
}
