//! What apps and plans have in common: they are put whole, without what is Azure's own.

use serde_json::{Map, Value};

use super::json::without;

/// What is read of any resource and never sent back.
const NOT_SENT: &[&str] = &[
    "/id",
    "/name",
    "/type",
    "/etag",
    "/systemData",
    "/identity/principalId",
    "/identity/tenantId",
];

/// What was read, without these members of its own kind and without those that every resource has.
pub(super) fn to_send(body: &Value, not_sent: &[&str]) -> Value {
    let mut body = without(without(body.clone(), NOT_SENT), not_sent);
    // Which identities it has is a wish; what Azure calls them is not.
    if let Some(Value::Object(assigned)) = body.pointer_mut("/identity/userAssignedIdentities") {
        for identity in assigned.values_mut() {
            *identity = Value::Object(Map::new());
        }
    }
    body
}
