//! The states, and the messages of an evaluation.

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::Row;

use super::Outbox;
use crate::database::{Error, Parameter};
use crate::health::Status;
use crate::notify::message::Message;
use crate::notify::watch::{Known, News, States};

/// The last evaluation. Instants are those of the database's clock, which all instances share.
#[derive(Clone, Copy, Debug)]
pub(in crate::notify) struct Watch {
    pub(in crate::notify) generation: i64,
    pub(in crate::notify) now: Timestamp,
    /// The first evaluation.
    pub(in crate::notify) since: Option<Timestamp>,
    /// The last evaluation of all checks.
    pub(in crate::notify) checked: Option<Timestamp>,
}

impl Outbox {
    pub(in crate::notify) async fn watch(&self) -> Result<Watch, Error> {
        let row = self.database.read_first(WATCH, &[]).await?;
        let row = row.expect("the migration inserts the row");
        Ok(Watch {
            generation: row.get("generation"),
            now: row.get("now"),
            since: row.get("since"),
            checked: row.get("checked_at"),
        })
    }

    pub(in crate::notify) async fn states(&self) -> Result<States, Error> {
        let rows = self.database.read(STATES, &[]).await?;
        Ok(rows.iter().map(state).collect())
    }

    /// Stores the states and the messages of an evaluation, together. `false`: another evaluation was stored since
    /// `watch` was read, and nothing was stored.
    pub(in crate::notify) async fn store(
        &self,
        watch: &Watch,
        is_whole: bool,
        news: &News,
        messages: &[(String, Message)],
        receivers: &[&str],
    ) -> Result<bool, Error> {
        let states: Vec<Value> = news.states.iter().map(state_json).collect();
        let messages: Vec<Value> = messages.iter().map(message_json).collect();
        let values: [&dyn Parameter; 7] = [
            &watch.generation,
            &watch.now,
            &is_whole,
            &Value::from(states).to_string(),
            &news.removed,
            &Value::from(messages).to_string(),
            &receivers,
        ];
        let row = self.database.write_first(STORE, &values).await?;
        let row = row.expect("the statement returns one row");
        Ok(row.get("is_stored"))
    }
}

fn state(row: &Row) -> (String, Known) {
    let known = Known {
        status: match row.get("status") {
            "ok" => Status::Ok,
            "warn" => Status::Warn,
            _ => Status::Fail,
        },
        since: row.get("since"),
        reported: row.get("reported_at"),
        seen: row.get("seen_at"),
        last_slot: row.get("last_slot"),
    };
    (row.get("subject"), known)
}

fn state_json((subject, known): (&String, &Known)) -> Value {
    json!({
        "subject": subject,
        "status": known.status,
        "since": known.since,
        "reported_at": known.reported,
        "seen_at": known.seen,
        "last_slot": known.last_slot,
    })
}

fn message_json((event, message): &(String, Message)) -> Value {
    json!({"event": event, "message": message})
}

const WATCH: &str = "SELECT generation, now() AS now, since, checked_at FROM notify_watch";

const STATES: &str =
    "SELECT subject, status, since, reported_at, seen_at, last_slot FROM notify_state";

/// The first part waits for an evaluation that is being stored. If that one commits, the generation differs, and
/// the other parts do nothing. An event that has a message already makes no second one.
const STORE: &str = "\
    WITH turn AS (
        UPDATE notify_watch
           SET generation = generation + 1, since = coalesce(since, $2),
               checked_at = CASE WHEN $3 THEN $2 ELSE checked_at END
         WHERE generation = $1
        RETURNING 1),
    removed AS (
        DELETE FROM notify_state
         WHERE subject = ANY ($5) AND EXISTS (SELECT FROM turn)),
    stored AS (
        INSERT INTO notify_state (subject, status, since, reported_at, seen_at, last_slot)
        SELECT subject, status, since, reported_at, seen_at, last_slot
          FROM jsonb_to_recordset($4::jsonb) AS new (
                   subject text, status text, since timestamptz, reported_at timestamptz,
                   seen_at timestamptz, last_slot timestamptz)
         WHERE EXISTS (SELECT FROM turn)
            ON CONFLICT (subject) DO UPDATE
           SET status = excluded.status, since = excluded.since,
               reported_at = excluded.reported_at, seen_at = excluded.seen_at,
               last_slot = excluded.last_slot),
    inserted AS (
        INSERT INTO notify_message (message_id, event, message)
        SELECT (new #>> '{message,id}')::uuid, new ->> 'event', new -> 'message'
          FROM jsonb_array_elements($6::jsonb) WITH ORDINALITY AS it (new, number)
         WHERE EXISTS (SELECT FROM turn)
         ORDER BY number
            ON CONFLICT (event) DO NOTHING
        RETURNING id),
    deliveries AS (
        INSERT INTO notify_delivery (receiver, message)
        SELECT receiver, id FROM inserted CROSS JOIN unnest($7) AS receiver)
    SELECT EXISTS (SELECT FROM turn) AS is_stored";
