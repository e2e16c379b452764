//! Deliveries in numbers, and undelivered messages, for health checks and people.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Outbox;
use crate::database::Error;

/// The deliveries to one receiver.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::notify) struct Deliveries {
    pub(in crate::notify) waiting: i64,
    pub(in crate::notify) delivered: i64,
    /// Within the last seven days.
    pub(in crate::notify) given_up: i64,
    /// The creation of the oldest message that waits.
    pub(in crate::notify) waiting_since: Option<Timestamp>,
    /// The last failure, of a message that waits or was given up.
    pub(in crate::notify) failure: Option<String>,
}

/// A message that was not delivered.
#[derive(Clone, Debug, Serialize)]
pub(in crate::notify) struct Undelivered {
    pub(in crate::notify) receiver: String,
    pub(in crate::notify) created: Timestamp,
    pub(in crate::notify) title: String,
    pub(in crate::notify) attempts: i32,
    pub(in crate::notify) is_given_up: bool,
    pub(in crate::notify) failure: Option<String>,
}

impl Outbox {
    pub(in crate::notify) async fn deliveries(
        &self,
    ) -> Result<BTreeMap<String, Deliveries>, Error> {
        let rows = self.database.read(DELIVERIES, &[]).await?;
        let deliveries = rows.iter().map(|row| {
            let deliveries = Deliveries {
                waiting: row.get("waiting"),
                delivered: row.get("delivered"),
                given_up: row.get("given_up"),
                waiting_since: row.get("waiting_since"),
                failure: row.get("failure"),
            };
            (row.get("receiver"), deliveries)
        });
        Ok(deliveries.collect())
    }

    /// The newest first.
    pub(in crate::notify) async fn undelivered(&self) -> Result<Vec<Undelivered>, Error> {
        let rows = self.database.read(UNDELIVERED, &[]).await?;
        let undelivered = rows.iter().map(|row| Undelivered {
            receiver: row.get("receiver"),
            created: row.get("created_at"),
            title: row.get::<_, Option<String>>("title").unwrap_or_default(),
            attempts: row.get("attempts"),
            is_given_up: row.get("is_given_up"),
            failure: row.get("failure"),
        });
        Ok(undelivered.collect())
    }
}

const DELIVERIES: &str = "\
    SELECT receiver,
           count(*) FILTER (WHERE delivered_at IS NULL AND given_up_at IS NULL) AS waiting,
           count(delivered_at) AS delivered,
           count(*) FILTER (WHERE given_up_at > now() - interval '7 days') AS given_up,
           min(message.created_at) FILTER (
               WHERE delivered_at IS NULL AND given_up_at IS NULL) AS waiting_since,
           (array_agg(failure ORDER BY delivery.message DESC)
                FILTER (WHERE failure IS NOT NULL))[1] AS failure
      FROM notify_delivery AS delivery
      JOIN notify_message AS message ON message.id = delivery.message
     GROUP BY receiver";

const UNDELIVERED: &str = "\
    SELECT receiver, created_at, message.message ->> 'title' AS title, attempts,
           given_up_at IS NOT NULL AS is_given_up, failure
      FROM notify_delivery AS delivery
      JOIN notify_message AS message ON message.id = delivery.message
     WHERE delivered_at IS NULL
     ORDER BY delivery.message DESC, receiver
     LIMIT 100";
