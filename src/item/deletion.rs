//! Deletions that the Functions host may resend.
//!
//! The host resends a request without a body when the connection breaks before the response, up to 40
//! times, also to the next process, and always with the same invocation id. So the statement that deletes
//! an item also writes a row with this id. A request that finds no item then searches for the row of an
//! earlier one. This needs a second statement: if the earlier one committed only after the deletion began,
//! its row is not in the deletion's snapshot.

use uuid::Uuid;

use super::{ItemId, Items};
use crate::database::{Connection, Error};

impl Items {
    /// Deletes an item. Returns whether this request deleted it, now or when the host sent it earlier.
    pub async fn delete(&self, id: ItemId, invocation: Option<Uuid>) -> Result<bool, Error> {
        let invocation = invocation.map(|id| id.to_string());
        let invocation = invocation.as_deref();
        let delete = |connection| attempt(connection, id, invocation);
        let database = self.database();
        database.writing(database.deadline(), delete).await
    }
}

async fn attempt(
    connection: Connection,
    id: ItemId,
    invocation: Option<&str>,
) -> Result<bool, Error> {
    let deleted = connection.query(DELETE, &[&id.0, &invocation]).await?;
    if !deleted.is_empty() || invocation.is_none() {
        return Ok(!deleted.is_empty());
    }
    let earlier = connection.query(EARLIER, &[&id.0, &invocation]).await?;
    Ok(!earlier.is_empty())
}

/// An item that was inserted again by hand, with its former id, may already have a row.
const DELETE: &str = "\
    WITH deleted AS (
        DELETE FROM item WHERE id = $1 RETURNING id),
    recorded AS (
        INSERT INTO item_deletion (invocation_id, item_id)
        SELECT $2::uuid, id FROM deleted WHERE $2 IS NOT NULL
            ON CONFLICT DO NOTHING)
    SELECT id FROM deleted";

const EARLIER: &str = "SELECT 1 FROM item_deletion WHERE item_id = $1 AND invocation_id = $2::uuid";
