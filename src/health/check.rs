//! The findings that a feature contributes to `/health`.

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// It works, and needs attention.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// As in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "fail",
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `component:measurement`.
    #[serde(skip)]
    pub key: &'static str,
    /// Distinguishes findings with the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<String>,
    /// `datastore`, `component` or `system`.
    pub component_type: &'static str,
    pub observed_value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_unit: Option<&'static str>,
    pub status: Status,
    /// The problem and the remedy, if the status is not [`Status::Ok`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

impl Finding {
    /// A finding of a `component` with the status [`Status::Ok`].
    pub fn new(key: &'static str, observed_value: impl Into<Value>) -> Finding {
        Finding {
            key,
            component_id: None,
            component_type: "component",
            observed_value: observed_value.into(),
            observed_unit: None,
            status: Status::Ok,
            output: None,
        }
    }
}

/// A health check of one feature. It must end within two seconds or so by itself.
pub trait Check: Send + Sync {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>>;
}
