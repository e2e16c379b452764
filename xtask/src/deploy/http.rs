//! Requests to the app and to its deployment site.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

/// One request and its answer. The package's way up is the longest of them.
const PATIENCE: Duration = Duration::from_mins(2);

/// An answer, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    head: Response<()>,
    pub(super) body: String,
}

impl Answer {
    /// Reads the whole answer.
    pub(super) fn of(result: Result<Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Answer> {
        let (head, mut body) = result.context("no answer")?.into_parts();
        let body = body
            .read_to_string()
            .context("the answer broke off, or is no text")?;
        let head = Response::from_parts(head, ());
        Ok(Answer {
            status: head.status().as_u16(),
            head,
            body,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name)?.to_str().ok()
    }

    pub(super) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON, but: {self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = self.body.trim().chars().take(300).collect();
        write!(f, "{} {start}", self.status)
    }
}

/// Follows no redirect: what is asked for must answer itself, and a token goes nowhere else.
pub(super) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("magnusapi-xtask/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}
