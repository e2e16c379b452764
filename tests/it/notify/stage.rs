//! A database, a timer that fails on request, and a receiver.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fakes::{Delivery, Receiver};
use crate::harness::{Database, Program, Response, Start, eventually};

pub(super) struct Stage {
    pub(super) database: Database,
    pub(super) client: Client,
    pub(super) receiver: Receiver,
}

/// The part of the receiver's address that must never be printed.
pub(super) const PATH: &str = "/hooks/hush-path?key=hush-silentium";

/// Its last word, which looks like a code.
pub(super) const WORD: &str = "silentium";

impl Stage {
    pub(super) async fn new() -> Stage {
        let database = Database::migrated();
        Stage {
            client: database.connect().await,
            database,
            receiver: Receiver::start().await,
        }
    }

    /// The handler with the receiver.
    pub(super) fn handler(&self) -> Start {
        let start = Start::handler().set("DATABASE_URL", &self.database.url);
        start.set("NOTIFY_URL", &format!("{}{PATH}", self.receiver.url))
    }

    pub(super) async fn serving(&self) -> Program {
        self.handler().serving().await
    }

    /// A program whose timer failed, with a receiver that responds like this to the message.
    pub(super) async fn failing(response: &str) -> (Stage, Program) {
        let stage = Stage::new().await;
        stage.receiver.responds(response);
        let program = stage.serving().await;
        stage.breaks().await;
        tick(&program).await;
        (stage, program)
    }

    /// The receiver accepts messages again, and the timer recovers.
    pub(super) async fn recovers(&self, program: &Program) {
        self.receiver.responds("200 OK");
        self.mends().await;
        tick(program).await;
    }

    pub(super) async fn execute(&self, sql: &str) {
        self.client.batch_execute(sql).await.expect(sql);
    }

    /// The timer fails from now on.
    pub(super) async fn breaks(&self) {
        self.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE EXCEPTION 'the disk is full'; END $$;
             CREATE TRIGGER refuse BEFORE DELETE ON idempotency_key
                 FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
        )
        .await;
    }

    /// The timer succeeds from now on.
    pub(super) async fn mends(&self) {
        self.execute("DROP TRIGGER refuse ON idempotency_key").await;
    }

    /// All attempts are due now.
    pub(super) async fn are_due(&self) {
        self.execute("UPDATE notify_delivery SET next_attempt_at = now()")
            .await;
    }

    /// Waits until this many deliveries succeeded.
    pub(super) async fn delivered(&self, number: i64) {
        let count = "SELECT count(delivered_at) FROM notify_delivery";
        eventually(&format!("{number} deliveries"), || async {
            let row = self.client.query_one(count, &[]).await.expect("a count");
            (row.get::<_, i64>(0) >= number).then_some(())
        })
        .await;
    }

    /// The value of a statement's only row.
    pub(super) async fn value(&self, sql: &str) -> i64 {
        let row = self.client.query_one(sql, &[]).await.expect(sql);
        row.get(0)
    }
}

/// Calls the timer.
pub(super) async fn tick(program: &Program) -> Response {
    program.post("/item_housekeeping", &json!({})).await
}

/// The ids of the messages, in the order of the requests.
pub(super) fn ids(deliveries: &[Delivery]) -> Vec<String> {
    let ids = deliveries
        .iter()
        .map(|it| it.json()["id"].as_str().expect("an id").to_owned());
    ids.collect()
}

/// `kind state`
pub(super) fn event(delivery: &Delivery) -> String {
    let body: Value = delivery.json();
    let text = |member: &str| body[member].as_str().expect(member).to_owned();
    format!("{} {}", text("kind"), text("state"))
}
