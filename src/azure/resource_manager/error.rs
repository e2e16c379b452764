//! Errors of calls to the Resource Manager.

use std::error::Error;
use std::time::Duration;

use super::Trace;

/// The error of a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{resource}: {kind}{}", .trace.as_ref().map(|it| format!(" ({it})")).unwrap_or_default())]
pub struct CallError {
    /// The resource's id.
    pub resource: Box<str>,
    pub kind: CallErrorKind,
    /// Of the request, if one was sent. For a change that failed after Azure had accepted it, this is the request
    /// that began it.
    pub trace: Option<Trace>,
}

/// The distinctions that callers act on. Reasons have Azure's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallErrorKind {
    /// Too many requests (429), and the wait that Azure asks for does not fit before the deadline.
    #[error(
        "Azure has had too many requests and asks to wait for {} s; the next tick tries again. If this happens \
         often, look for other programs that call the Resource Manager in this subscription",
        .0.as_secs()
    )]
    Throttled(Duration),
    /// The resource cannot be changed now (409).
    #[error(
        "it cannot be changed now ({0}); if another operation runs on it, the next tick tries again, else do what \
         Azure says"
    )]
    Busy(String),
    /// Another party changed the resource since it was read (412, or 409 with `EtagMismatch`).
    #[error("another party changed it since it was read; read it and decide again")]
    Changed,
    /// 404. The reason says whether the group or the cluster is missing.
    #[error(
        "it does not exist ({0}); correct the id of the target, or take it out of the schedule"
    )]
    Missing(String),
    /// The right is missing (401, 403). `action` is the one of the request, such as
    /// `Microsoft.Web/sites/write`; the reason may name another one, such as one on a subnet.
    #[error(
        "access is denied ({reason}); give the app's managed identity a role with the action {action} there, and \
         with any other that Azure names"
    )]
    Denied { reason: String, action: String },
    /// A retry would fail too (any other 4xx, and 409 for a lock or missing quota).
    #[error("Azure rejects the request ({status} {}: {}); correct what it names", .error.code, .error.message)]
    Rejected { status: u16, error: AzureError },
    /// Azure accepted the change, and it failed or was cancelled.
    #[error(
        "Azure began the change and did not finish it ({}: {}); look at the resource's activity log",
        .0.code, .0.message
    )]
    Failed(AzureError),
    /// No response, or one that reports only a fault of Azure or of the network. Azure may have begun a
    /// change.
    #[error(
        "no usable response of the Resource Manager ({0}); the next tick tries again. If it lasts, check \
         SCALE_RESOURCE_MANAGER, the network and Azure's status"
    )]
    Unavailable(String),
    /// No request was sent.
    #[error("the tick's time ended before the request; the next tick sends it")]
    NotSent,
    #[error("{0}")]
    NoToken(String),
}

/// An error as Azure reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureError {
    /// Such as `OperationNotAllowed`. Empty if there is none.
    pub code: String,
    /// On one line. Empty if there is none.
    pub message: String,
}

/// No HTTP client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot create a client for Azure's Resource Manager ({0}); check the certificates of this machine, or \
     the file that SSL_CERT_FILE names"
)]
pub struct ClientError(pub(super) String);

/// The innermost cause, which is the most precise one.
pub(super) fn innermost(found: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(found), |error| (*error).source());
    let last = chain.last().map(ToString::to_string);
    last.unwrap_or_default()
}
