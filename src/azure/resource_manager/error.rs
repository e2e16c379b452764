//! Errors of calls to the Resource Manager.

use std::error::Error;
use std::time::Duration;

use super::Trace;

/// The error of a call. `resource` is the resource's id, and `reason` has Azure's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Too many requests (429), and the wait that Azure asks for does not fit before the deadline.
    #[error(
        "{resource}: Azure has had too many requests and asks to wait for {} s; the next tick tries \
         again. If this happens often, look for other programs that call the Resource Manager in this \
         subscription ({trace})",
        wait.as_secs()
    )]
    Throttled {
        resource: String,
        wait: Duration,
        trace: Trace,
    },
    /// The resource cannot be changed now (409).
    #[error(
        "{resource} cannot be changed now ({reason}); if another operation runs on it, the next \
         tick tries again, else do what Azure says ({trace})"
    )]
    Busy {
        resource: String,
        reason: String,
        trace: Trace,
    },
    /// Another party changed the resource since it was read (412, or 409 with `EtagMismatch`).
    #[error(
        "{resource} was changed by another party since it was read; read it and decide again ({trace})"
    )]
    Changed { resource: String, trace: Trace },
    /// 404. The reason says whether the group or the cluster is missing.
    #[error(
        "{resource} does not exist ({reason}); correct the id of the target, or take it out of the \
         schedule ({trace})"
    )]
    Missing {
        resource: String,
        reason: String,
        trace: Trace,
    },
    /// The right is missing (401, 403). `action` is the one of the request, such as
    /// `Microsoft.Web/sites/write`; the reason may name another one, such as one on a subnet.
    #[error(
        "{resource}: access is denied ({reason}); give the app's managed identity a role with the \
         action {action} there, and with any other that Azure names ({trace})"
    )]
    Denied {
        resource: String,
        reason: String,
        action: String,
        trace: Trace,
    },
    /// A retry would fail too (any other 4xx, and 409 for a lock or missing quota).
    #[error(
        "{resource}: Azure rejects the request ({status} {}: {}); correct what it names ({trace})",
        .error.code, .error.message
    )]
    Rejected {
        resource: String,
        status: u16,
        error: AzureError,
        trace: Trace,
    },
    /// Azure accepted the change, and it failed or was cancelled. The trace is that of the request that began
    /// the change.
    #[error(
        "{resource}: Azure began the change and did not finish it ({}: {}); look at the \
         resource's activity log ({trace})", .error.code, .error.message
    )]
    Failed {
        resource: String,
        error: AzureError,
        trace: Trace,
    },
    /// No response, or one that reports only a fault of Azure or of the network. Azure may have begun a
    /// change.
    #[error(
        "{resource}: no usable response of the Resource Manager ({reason}); the next tick \
         tries again. If it lasts, check SCALE_RESOURCE_MANAGER, the network and Azure's status \
         ({trace})"
    )]
    Unavailable {
        resource: String,
        reason: String,
        trace: Trace,
    },
    /// No request was sent.
    #[error("{resource}: the tick's time ended before the request; the next tick sends it")]
    NotSent { resource: String },
    #[error("{resource}: {reason}")]
    NoToken { resource: String, reason: String },
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
