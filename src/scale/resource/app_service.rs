//! Apps and plans are put whole, without the members that Azure sets.

use serde_json::Value;

use super::json::without;

/// Read-only members of every resource. Of identities, the owner sets which ones the resource has, and Azure
/// sets their ids.
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

/// The body without the read-only members of every resource and of this kind.
pub(super) fn to_send(body: &Value, not_sent: &[&str]) -> Value {
    without(without(body.clone(), NOT_SENT), not_sent)
}
