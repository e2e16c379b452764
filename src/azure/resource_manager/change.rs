//! A change of a resource, and its progress.

use reqwest::Method;
use serde_json::Value;

use super::Trace;

/// A request to change a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    method: Method,
    if_match: Option<String>,
    body: Value,
}

impl Change {
    /// Replaces the whole resource. With an `ETag`, only if the resource still has it.
    pub fn whole(body: Value, etag: Option<String>) -> Change {
        Change {
            method: Method::PUT,
            if_match: etag,
            body,
        }
    }

    /// Changes these members only. With an `ETag`, only if the resource still has it.
    pub fn part(body: Value, etag: Option<String>) -> Change {
        Change {
            method: Method::PATCH,
            if_match: etag,
            body,
        }
    }

    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The `ETag` that the resource must still have.
    pub fn if_match(&self) -> Option<&str> {
        self.if_match.as_deref()
    }

    pub(super) fn method(&self) -> Method {
        self.method.clone()
    }
}

/// The progress of a change that Azure accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    Settled,
    /// The change was not done by the deadline. Azure continues. The request that it accepted.
    UnderWay(Trace),
}
