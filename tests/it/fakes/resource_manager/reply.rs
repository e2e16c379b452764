//! Responses in the form of the Resource Manager.

use serde_json::{Value, json};

/// A response. A text as its body is an HTML page.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Value,
}

impl Reply {
    pub(super) fn new(status: u16, body: Value) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// The page of a proxy that requires a login.
    pub(super) fn page(status: u16) -> Reply {
        let page = "<!DOCTYPE html><html><body>Please log in.</body></html>";
        Reply::new(status, Value::String(page.to_owned()))
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
        let error = json!({ "code": code, "message": message });
        Reply::new(status, json!({ "error": error }))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.into()));
        self
    }
}
