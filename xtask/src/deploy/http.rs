//! Requests to the app and to its deployment site.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

/// For one request and its response. The upload of a package takes longest.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A response with any status.
pub(super) struct Reply {
    pub(super) status: u16,
    head: Response<()>,
    pub(super) body: String,
}

impl Reply {
    /// Reads the whole response.
    pub(super) fn of(result: Result<Response<ureq::Body>, ureq::Error>) -> anyhow::Result<Reply> {
        let (head, mut body) = result.context("no response")?.into_parts();
        let body = body
            .read_to_string()
            .context("the response is incomplete, or is not text")?;
        let head = Response::from_parts(head, ());
        Ok(Reply {
            status: head.status().as_u16(),
            head,
            body,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name)?.to_str().ok()
    }

    pub(super) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON, but: {self}"))
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = self.body.trim().chars().take(300).collect();
        write!(f, "{} {start}", self.status)
    }
}

/// Follows no redirect, so that a token is sent to the named host only.
pub(super) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("magnusapi-xtask/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}
