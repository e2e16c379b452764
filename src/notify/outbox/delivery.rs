//! Claims of messages, and the results of attempts.

use std::time::Duration;

use super::Outbox;
use crate::database::{Error, Parameter};
use crate::notify::message::Message;

/// A message that a sender claimed.
#[derive(Debug)]
pub(in crate::notify) struct Claimed {
    pub(in crate::notify) id: i64,
    pub(in crate::notify) attempt: i32,
    pub(in crate::notify) title: String,
    /// `None`: a newer program wrote a message that this one cannot read.
    pub(in crate::notify) message: Option<Message>,
}

/// The effect of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::notify) enum Retried {
    Later,
    /// There is no further attempt.
    GivenUp,
}

impl Outbox {
    /// Claims the oldest waiting message of a receiver for the time of a lease. `None`: no message waits, its next
    /// attempt is not due, or another sender has it. Messages of a receiver keep their order.
    pub(in crate::notify) async fn claim(&self, receiver: &str) -> Result<Option<Claimed>, Error> {
        let row = self.database.write_first(CLAIM, &[&receiver]).await?;
        Ok(row.map(|row| Claimed {
            id: row.get("id"),
            attempt: row.get("attempts"),
            title: row.get::<_, Option<String>>("title").unwrap_or_default(),
            message: serde_json::from_str(row.get("message")).ok(),
        }))
    }

    pub(in crate::notify) async fn delivered(&self, receiver: &str, id: i64) -> Result<(), Error> {
        self.database.write(DELIVERED, &[&receiver, &id]).await?;
        Ok(())
    }

    /// Stores a failed attempt. The next one is due after `pause`, unless this was the last one.
    pub(in crate::notify) async fn failed(
        &self,
        receiver: &str,
        claimed: &Claimed,
        reason: &str,
        pause: Duration,
        is_last: bool,
    ) -> Result<Retried, Error> {
        let seconds = pause.as_secs_f64();
        let values: [&dyn Parameter; 6] = [
            &receiver,
            &claimed.id,
            &claimed.attempt,
            &reason,
            &seconds,
            &is_last,
        ];
        let row = self.database.write_first(FAILED, &values).await?;
        let is_given_up = row.is_some_and(|row| row.get("is_given_up"));
        Ok(if is_given_up {
            Retried::GivenUp
        } else {
            Retried::Later
        })
    }

    /// The time until the next attempt that is due. `None`: no message waits.
    pub(in crate::notify) async fn next(
        &self,
        receivers: &[&str],
    ) -> Result<Option<Duration>, Error> {
        let row = self.database.read_first(NEXT, &[&receivers]).await?;
        let seconds: Option<f64> = row.and_then(|row| row.get(0));
        Ok(seconds.map(|it| Duration::from_secs_f64(it.max(0.0))))
    }
}

/// A lease of half a minute: longer than a request, and short enough that a message of a process that died
/// follows soon. Of two senders, the second waits for the row's lock and then sees the first one's lease.
const CLAIM: &str = "\
    UPDATE notify_delivery AS delivery
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
              message.message::text AS message";

const DELIVERED: &str = "\
    UPDATE notify_delivery SET delivered_at = now(), failure = NULL
     WHERE receiver = $1 AND message = $2 AND delivered_at IS NULL";

/// The attempt distinguishes this sender from one that claimed the message after the lease. After a day, there is
/// no further attempt.
const FAILED: &str = "\
    UPDATE notify_delivery AS delivery
       SET failure = $4, next_attempt_at = now() + make_interval(secs => $5),
           given_up_at = CASE
               WHEN $6 OR message.created_at + interval '24 hours'
                          < now() + make_interval(secs => $5) THEN now() END
      FROM notify_message AS message
     WHERE message.id = delivery.message AND delivery.receiver = $1
       AND delivery.message = $2 AND delivery.attempts = $3
       AND delivery.delivered_at IS NULL
    RETURNING delivery.given_up_at IS NOT NULL AS is_given_up";

/// Only the oldest message of each receiver can be due.
const NEXT: &str = "\
    SELECT extract(epoch FROM min(next_attempt_at) - now())::float8
      FROM unnest($1) AS wanted (receiver)
     CROSS JOIN LATERAL (
           SELECT next_attempt_at FROM notify_delivery
            WHERE receiver = wanted.receiver
              AND delivered_at IS NULL AND given_up_at IS NULL
            ORDER BY message
            LIMIT 1) AS first";
