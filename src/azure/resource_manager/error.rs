//! Why the Resource Manager did not do what it was asked.

use std::error::Error;
use std::time::Duration;

use super::Trace;

/// Why the Resource Manager did not do what it was asked. `resource` is the resource's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Too many requests (429), and the wait that Azure asks for does not fit before the deadline.
    #[error(
        "{resource}: Azure has had too many requests and asks to wait for {} s; the next tick tries \
         again. If it happens often, look for what else calls the Resource Manager in this \
         subscription ({trace})",
        wait.as_secs()
    )]
    Throttled {
        /// Which.
        resource: String,
        /// How long Azure asks to wait.
        wait: Duration,
        /// The request.
        trace: Trace,
    },
    /// It cannot be changed now (409).
    #[error(
        "{resource} cannot be changed now ({reason}); where another operation runs on it, the next \
         tick tries again, else do what Azure says ({trace})"
    )]
    Busy {
        /// Which.
        resource: String,
        /// What Azure said.
        reason: String,
        /// The request.
        trace: Trace,
    },
    /// Another party changed it since it was read (412, or 409 with `EtagMismatch`).
    #[error(
        "{resource} was changed by another party since it was read; read it and decide again ({trace})"
    )]
    Changed {
        /// Which.
        resource: String,
        /// The request.
        trace: Trace,
    },
    /// There is none (404).
    #[error(
        "{resource} does not exist ({reason}); correct the id of the target, or take it out of the \
         schedule ({trace})"
    )]
    Missing {
        /// Which.
        resource: String,
        /// What Azure said: it may be the group or the cluster that is missing.
        reason: String,
        /// The request.
        trace: Trace,
    },
    /// The right is missing (401, 403).
    #[error(
        "{resource}: access is denied ({reason}); give the app's managed identity a role with the \
         action {action} there, and with any other that Azure names ({trace})"
    )]
    Denied {
        /// Which.
        resource: String,
        /// What Azure said. It may name a further action, such as one on a subnet.
        reason: String,
        /// The action that was tried, such as `Microsoft.Web/sites/write`.
        action: String,
        /// The request.
        trace: Trace,
    },
    /// Azure refuses it, however often it is asked (any other 4xx, and 409 for a lock or for want of
    /// quota).
    #[error(
        "{resource}: Azure refuses ({status} {code}: {message}); correct what it names ({trace})"
    )]
    Refused {
        /// Which.
        resource: String,
        /// The HTTP status.
        status: u16,
        /// Azure's code for it.
        code: String,
        /// Azure's words.
        message: String,
        /// The request.
        trace: Trace,
    },
    /// Azure accepted the change, and it failed or was cancelled.
    #[error(
        "{resource}: Azure began the change and did not finish it ({code}: {message}); look at the \
         resource's activity log ({trace})"
    )]
    Failed {
        /// Which.
        resource: String,
        /// Azure's code for it.
        code: String,
        /// Azure's words.
        message: String,
        /// The request that began the change.
        trace: Trace,
    },
    /// No response, or one that tells only that something is wrong on Azure's side or on the way there.
    /// Of a change it is not known whether Azure has begun it.
    #[error(
        "{resource}: the Resource Manager does not answer as it should ({reason}); the next tick \
         tries again. If it lasts, check SCALE_RESOURCE_MANAGER, the network and Azure's status \
         ({trace})"
    )]
    Unavailable {
        /// Which.
        resource: String,
        /// What happened.
        reason: String,
        /// The request.
        trace: Trace,
    },
    /// The time was over before Azure was asked.
    #[error("{resource}: the time for it was over before Azure was asked; the next tick asks")]
    NotAsked {
        /// Which.
        resource: String,
    },
    /// There is no token to show.
    #[error(
        "{resource}: no Azure token for the Resource Manager ({reason}); check that the app's \
         managed identity is assigned"
    )]
    NoToken {
        /// Which.
        resource: String,
        /// What the identity's endpoint said.
        reason: String,
    },
}

/// No client can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no client for Azure's Resource Manager can be made ({0}); check the certificates of this machine, or \
     the file that SSL_CERT_FILE names"
)]
pub struct ClientError(pub(super) String);

/// What is at the bottom of it, which says most in the fewest words.
pub(super) fn innermost(found: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(found), |error| (*error).source());
    let last = chain.last().map(ToString::to_string);
    last.unwrap_or_default()
}
