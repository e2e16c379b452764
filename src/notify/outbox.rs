//! The tables of messages, their deliveries, and the known states.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::message::Message;
use super::watch::{Known, News, States};
use crate::database::{Database, Error, Statement, instant};
use crate::health::Status;

/// The tables in one database. Clones share its pool.
#[derive(Clone)]
pub struct Outbox {
    database: Database,
}

/// The last evaluation. Instants are those of the database's clock, which all instances share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub(super) generation: i64,
    pub(super) now: Timestamp,
    /// The first evaluation.
    pub(super) since: Option<Timestamp>,
    /// The last evaluation of all checks.
    pub(super) checked: Option<Timestamp>,
}

/// A message that a sender claimed.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) id: i64,
    pub(super) attempt: i32,
    pub(super) title: String,
    /// `None`: a newer program wrote a message that this one cannot read.
    pub(super) message: Option<Message>,
}

/// The deliveries to one receiver.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Deliveries {
    pub(super) waiting: i64,
    pub(super) delivered: i64,
    /// Within the last seven days.
    pub(super) given_up: i64,
    /// The creation of the oldest message that waits.
    pub(super) waiting_since: Option<Timestamp>,
    /// The last failure, of a message that waits or was given up.
    pub(super) failure: Option<String>,
}

/// A message that was not delivered.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Undelivered {
    pub(super) receiver: String,
    pub(super) created: Timestamp,
    pub(super) title: String,
    pub(super) attempts: i32,
    pub(super) is_given_up: bool,
    pub(super) failure: Option<String>,
}

/// The effect of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retried {
    Later,
    /// There is no further attempt.
    GivenUp,
}

impl Outbox {
    pub fn new(database: Database) -> Outbox {
        Outbox { database }
    }

    pub(super) async fn watch(&self) -> Result<Watch, Error> {
        let row = self.database.read_first(&WATCH, &[]).await?;
        let row = row.expect("the migration inserts the row");
        let optional = |column: &str| {
            let value: Option<i64> = row.get(column);
            value.map(|_| instant(&row, column))
        };
        Ok(Watch {
            generation: row.get("generation"),
            now: instant(&row, "now"),
            since: optional("since"),
            checked: optional("checked_at"),
        })
    }

    pub(super) async fn states(&self) -> Result<States, Error> {
        let rows = self.database.read(&STATES, &[]).await?;
        Ok(rows.iter().map(state).collect())
    }

    /// Stores the states and the messages of an evaluation, together. `None`: another evaluation was stored since
    /// `watch` was read, and nothing was stored. Otherwise the number of new messages.
    pub(super) async fn store(
        &self,
        watch: &Watch,
        is_whole: bool,
        news: &News,
        messages: &[(String, Message)],
        receivers: &[&str],
    ) -> Result<Option<i64>, Error> {
        let states: Vec<Value> = news.states.iter().map(state_json).collect();
        let messages: Vec<Value> = messages.iter().map(message_json).collect();
        let values: [&(dyn ToSql + Sync); 7] = [
            &watch.generation,
            &watch.now.to_string(),
            &is_whole,
            &Value::from(states).to_string(),
            &news.removed,
            &Value::from(messages).to_string(),
            &receivers,
        ];
        let row = self.database.write_first(&STORE, &values).await?;
        let row = row.expect("the statement returns one row");
        let is_stored: bool = row.get("is_stored");
        Ok(is_stored.then(|| row.get("messages")))
    }

    /// Claims the oldest waiting message of a receiver for the time of a lease. `None`: no message waits, its next
    /// attempt is not due, or another sender has it. Messages of a receiver keep their order.
    pub(super) async fn claim(&self, receiver: &str) -> Result<Option<Claimed>, Error> {
        let row = self.database.write_first(&CLAIM, &[&receiver]).await?;
        Ok(row.map(|row| Claimed {
            id: row.get("id"),
            attempt: row.get("attempts"),
            title: row.get::<_, Option<String>>("title").unwrap_or_default(),
            message: serde_json::from_str(row.get("message")).ok(),
        }))
    }

    pub(super) async fn delivered(&self, receiver: &str, id: i64) -> Result<(), Error> {
        self.database.write(&DELIVERED, &[&receiver, &id]).await?;
        Ok(())
    }

    /// Stores a failed attempt. The next one is due after `pause`, unless this was the last one.
    pub(super) async fn failed(
        &self,
        receiver: &str,
        claimed: &Claimed,
        reason: &str,
        pause: Duration,
        is_last: bool,
    ) -> Result<Retried, Error> {
        let seconds = pause.as_secs_f64();
        let values: [&(dyn ToSql + Sync); 6] = [
            &receiver,
            &claimed.id,
            &claimed.attempt,
            &reason,
            &seconds,
            &is_last,
        ];
        let row = self.database.write_first(&FAILED, &values).await?;
        let is_given_up = row.is_some_and(|row| row.get("is_given_up"));
        Ok(if is_given_up {
            Retried::GivenUp
        } else {
            Retried::Later
        })
    }

    /// The time until the next attempt that is due. `None`: no message waits.
    pub(super) async fn next(&self, receivers: &[&str]) -> Result<Option<Duration>, Error> {
        let row = self.database.read_first(&NEXT, &[&receivers]).await?;
        let seconds: Option<f64> = row.and_then(|row| row.get(0));
        Ok(seconds.map(|it| Duration::from_secs_f64(it.max(0.0))))
    }

    pub(super) async fn deliveries(&self) -> Result<BTreeMap<String, Deliveries>, Error> {
        let rows = self.database.read(&DELIVERIES, &[]).await?;
        let deliveries = rows.iter().map(|row| {
            let since: Option<i64> = row.get("waiting_since");
            let deliveries = Deliveries {
                waiting: row.get("waiting"),
                delivered: row.get("delivered"),
                given_up: row.get("given_up"),
                waiting_since: since.map(|_| instant(row, "waiting_since")),
                failure: row.get("failure"),
            };
            (row.get("receiver"), deliveries)
        });
        Ok(deliveries.collect())
    }

    /// The newest first.
    pub(super) async fn undelivered(&self) -> Result<Vec<Undelivered>, Error> {
        let rows = self.database.read(&UNDELIVERED, &[]).await?;
        let undelivered = rows.iter().map(|row| Undelivered {
            receiver: row.get("receiver"),
            created: instant(row, "created"),
            title: row.get::<_, Option<String>>("title").unwrap_or_default(),
            attempts: row.get("attempts"),
            is_given_up: row.get("is_given_up"),
            failure: row.get("failure"),
        });
        Ok(undelivered.collect())
    }

    /// Deletes some of the messages that are older than 30 days.
    pub(super) async fn delete_old(&self) -> Result<(), Error> {
        self.database.write(&DELETE_OLD, &[]).await?;
        Ok(())
    }
}

fn state(row: &Row) -> (String, Known) {
    let last_slot: Option<i64> = row.get("last_slot");
    let known = Known {
        status: match row.get("status") {
            "ok" => Status::Ok,
            "warn" => Status::Warn,
            _ => Status::Fail,
        },
        since: instant(row, "since"),
        reported: instant(row, "reported_at"),
        seen: instant(row, "seen_at"),
        last_slot: last_slot.map(|_| instant(row, "last_slot")),
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

const WATCH: Statement = Statement {
    sql: "SELECT generation, (extract(epoch FROM now()) * 1000000)::bigint AS now,
                 (extract(epoch FROM since) * 1000000)::bigint AS since,
                 (extract(epoch FROM checked_at) * 1000000)::bigint AS checked_at
            FROM notify_watch",
    types: &[],
};

const STATES: Statement = Statement {
    sql: "SELECT subject, status, (extract(epoch FROM since) * 1000000)::bigint AS since,
                 (extract(epoch FROM reported_at) * 1000000)::bigint AS reported_at,
                 (extract(epoch FROM seen_at) * 1000000)::bigint AS seen_at,
                 (extract(epoch FROM last_slot) * 1000000)::bigint AS last_slot
            FROM notify_state",
    types: &[],
};

/// The first part waits for an evaluation that is being stored. If that one commits, the generation differs, and
/// the other parts do nothing. An event that has a message already makes no second one.
const STORE: Statement = Statement {
    sql: "WITH turn AS (
              UPDATE notify_watch
                 SET generation = generation + 1, since = coalesce(since, $2::timestamptz),
                     checked_at = CASE WHEN $3 THEN $2::timestamptz ELSE checked_at END
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
          SELECT EXISTS (SELECT FROM turn) AS is_stored,
                 (SELECT count(*) FROM inserted) AS messages",
    types: &[
        Type::INT8,
        Type::TEXT,
        Type::BOOL,
        Type::TEXT,
        Type::TEXT_ARRAY,
        Type::TEXT,
        Type::TEXT_ARRAY,
    ],
};

/// A lease of half a minute: longer than a request, and short enough that a message of a process that died
/// follows soon. Of two senders, the second waits for the row's lock and then sees the first one's lease.
const CLAIM: Statement = Statement {
    sql: "UPDATE notify_delivery AS delivery
             SET attempts = delivery.attempts + 1,
                 next_attempt_at = now() + interval '30 seconds'
            FROM notify_message AS message
           WHERE message.id = delivery.message AND delivery.receiver = $1
             AND delivery.message = (
                 SELECT message FROM notify_delivery
                  WHERE receiver = $1 AND delivered_at IS NULL AND given_up_at IS NULL
                  ORDER BY message
                  LIMIT 1)
             AND delivery.delivered_at IS NULL AND delivery.given_up_at IS NULL
             AND delivery.next_attempt_at <= now()
          RETURNING delivery.message AS id, delivery.attempts, message.message ->> 'title' AS title,
                    message.message::text AS message",
    types: &[Type::TEXT],
};

const DELIVERED: Statement = Statement {
    sql: "UPDATE notify_delivery SET delivered_at = now(), failure = NULL
           WHERE receiver = $1 AND message = $2 AND delivered_at IS NULL",
    types: &[Type::TEXT, Type::INT8],
};

/// The attempt distinguishes this sender from one that claimed the message after the lease. After a day, there is
/// no further attempt.
const FAILED: Statement = Statement {
    sql: "UPDATE notify_delivery AS delivery
             SET failure = $4, next_attempt_at = now() + make_interval(secs => $5),
                 given_up_at = CASE
                     WHEN $6 OR message.created_at + interval '24 hours'
                                < now() + make_interval(secs => $5) THEN now() END
            FROM notify_message AS message
           WHERE message.id = delivery.message AND delivery.receiver = $1
             AND delivery.message = $2 AND delivery.attempts = $3
             AND delivery.delivered_at IS NULL
          RETURNING delivery.given_up_at IS NOT NULL AS is_given_up",
    types: &[
        Type::TEXT,
        Type::INT8,
        Type::INT4,
        Type::TEXT,
        Type::FLOAT8,
        Type::BOOL,
    ],
};

/// Only the oldest message of each receiver can be due.
const NEXT: Statement = Statement {
    sql: "SELECT extract(epoch FROM min(next_attempt_at) - now())::float8
            FROM unnest($1) AS wanted (receiver)
           CROSS JOIN LATERAL (
                 SELECT next_attempt_at FROM notify_delivery
                  WHERE receiver = wanted.receiver
                    AND delivered_at IS NULL AND given_up_at IS NULL
                  ORDER BY message
                  LIMIT 1) AS first",
    types: &[Type::TEXT_ARRAY],
};

const DELIVERIES: Statement = Statement {
    sql: "SELECT receiver,
                 count(*) FILTER (WHERE delivered_at IS NULL AND given_up_at IS NULL) AS waiting,
                 count(delivered_at) AS delivered,
                 count(*) FILTER (WHERE given_up_at > now() - interval '7 days') AS given_up,
                 (extract(epoch FROM min(message.created_at) FILTER (
                      WHERE delivered_at IS NULL AND given_up_at IS NULL)) * 1000000)::bigint
                     AS waiting_since,
                 (array_agg(failure ORDER BY delivery.message DESC)
                      FILTER (WHERE failure IS NOT NULL))[1] AS failure
            FROM notify_delivery AS delivery
            JOIN notify_message AS message ON message.id = delivery.message
           GROUP BY receiver",
    types: &[],
};

const UNDELIVERED: Statement = Statement {
    sql: "SELECT receiver, (extract(epoch FROM created_at) * 1000000)::bigint AS created,
                 message.message ->> 'title' AS title, attempts,
                 given_up_at IS NOT NULL AS is_given_up, failure
            FROM notify_delivery AS delivery
            JOIN notify_message AS message ON message.id = delivery.message
           WHERE delivered_at IS NULL
           ORDER BY delivery.message DESC, receiver
           LIMIT 100",
    types: &[],
};

/// A few at a time are enough, because each evaluation calls it.
const DELETE_OLD: Statement = Statement {
    sql: "DELETE FROM notify_message
           WHERE id IN (
                 SELECT id FROM notify_message
                  WHERE created_at < now() - interval '30 days'
                  ORDER BY created_at
                  LIMIT 100)",
    types: &[],
};
