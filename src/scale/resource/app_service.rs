//! What apps and plans have in common: they are put whole, without what is Azure's own.

use serde_json::Value;

use super::json::without;

/// What is read of any resource and never sent back. Which identities a resource has is the owner's
/// wish; the ids that Azure gives them are not.
const NOT_SENT: &[&str] = &[
    "/id",
    "/name",
    "/type",
    "/etag",
    "/systemData",
    "/extendedLocation/type",
    "/identity/principalId",
    "/identity/tenantId",
    "/identity/userAssignedIdentities/*/clientId",
    "/identity/userAssignedIdentities/*/principalId",
];

/// What was read, without these members of its own kind and without those that every resource has.
pub(super) fn to_send(body: &Value, not_sent: &[&str]) -> Value {
    without(without(body.clone(), NOT_SENT), not_sent)
}
