//! A change of a resource, and how far it came.

use reqwest::Method;
use serde_json::Value;

use super::Trace;

/// What is sent to change a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    method: Method,
    if_match: Option<String>,
    body: Value,
}

impl Change {
    /// Puts this in the place of the whole resource. With an `ETag`, only if it still has it.
    pub fn whole(body: Value, etag: Option<String>) -> Change {
        Change {
            method: Method::PUT,
            if_match: etag,
            body,
        }
    }

    /// Changes these members alone. With an `ETag`, only if the resource still has it.
    pub fn part(body: Value, etag: Option<String>) -> Change {
        Change {
            method: Method::PATCH,
            if_match: etag,
            body,
        }
    }

    /// The JSON that is sent.
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

/// How far a change came that Azure accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is done.
    Settled,
    /// Azure accepted this request, and the change was not seen to be done by the deadline. Azure works
    /// on.
    UnderWay(Trace),
}
