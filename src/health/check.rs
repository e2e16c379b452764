//! What a feature has to say about its health.

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, and someone should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// One measured thing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check's key: `component:measurement`.
    #[serde(skip)]
    pub key: &'static str,
    /// Which one of several of its kind, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<String>,
    /// What kind of thing it is: `datastore`, `component` or `system`.
    pub component_type: &'static str,
    /// What was measured.
    pub observed_value: Value,
    /// Its unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_unit: Option<&'static str>,
    /// How well it is.
    pub status: Status,
    /// What is wrong and what to do, when it is not [`Status::Ok`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Looks at one feature. It must keep a deadline of its own, of two seconds or so.
pub trait Check: Send + Sync {
    /// Looks now.
    fn look(&self) -> BoxFuture<'_, Vec<Finding>>;
}
