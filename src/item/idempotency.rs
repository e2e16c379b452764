//! `Idempotency-Key`: a creation that may be repeated safely, as
//! draft-ietf-httpapi-idempotency-key-header has it.
//!
//! The key, the item and the answer are written in one transaction, under an advisory lock of the
//! key that ends with it. So a transaction that the server rolls back for another one's sake may
//! run again. And there is no state "in progress" that a crash could leave behind: a
//! second request that finds the lock taken knows that the first is under way right now.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::record::Micros;
use super::{Creation, Item, ItemId, ItemName};
use crate::database::{Connection, Database, Error, Statement, Transaction};

/// 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a header's value.
    pub fn parse(text: &str) -> Option<IdempotencyKey> {
        let good = (1..=255).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        good.then(|| IdempotencyKey(text.to_owned()))
    }
}

/// What became of a creation with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedCreation {
    /// Done now, or done before with the same key and name: the same answer.
    Answered(Creation),
    /// The key was used within the last 24 hours for another name.
    KeyReused,
    /// A request with this key is being worked on.
    InProgress,
}

pub(super) async fn create(
    database: &Database,
    key: &IdempotencyKey,
    name: &ItemName,
) -> Result<KeyedCreation, Error> {
    let deadline = database.deadline();
    database
        .writing(deadline, |connection| attempt(connection, key, name))
        .await
}

async fn attempt(
    connection: Connection,
    key: &IdempotencyKey,
    name: &ItemName,
) -> Result<KeyedCreation, Error> {
    let transaction = connection.begin().await?;
    let locked = transaction.query_first(&LOCK, &[&key.0]).await?;
    if !locked.is_some_and(|row| row.get(0)) {
        transaction.commit().await?;
        return Ok(KeyedCreation::InProgress);
    }
    let answer = match transaction.query_first(&RECALL, &[&key.0]).await? {
        Some(row) => recall(&row, name),
        None => KeyedCreation::Answered(create_and_remember(&transaction, key, name).await?),
    };
    transaction.commit().await?;
    Ok(answer)
}

fn recall(row: &Row, name: &ItemName) -> KeyedCreation {
    if row.get::<_, &str>(0) != name.as_str() {
        return KeyedCreation::KeyReused;
    }
    let created = row.get::<_, Option<i64>>(1).zip(row.get(2));
    KeyedCreation::Answered(match created {
        Some((id, created_at)) => Creation::Created(Item {
            id: ItemId(id),
            name: name.as_str().to_owned(),
            created_at,
        }),
        None => Creation::NameTaken,
    })
}

async fn create_and_remember(
    transaction: &Transaction,
    key: &IdempotencyKey,
    name: &ItemName,
) -> Result<Creation, Error> {
    let row = transaction.query_first(&CREATE, &[&name.as_str()]).await?;
    let item = row.as_ref().map(Item::owned);
    let id: Option<i64> = item.as_ref().map(|item| item.id.0);
    let created_at: Option<Micros> = item.as_ref().map(|item| item.created_at);
    transaction
        .query_first(&REMEMBER, &[&key.0, &name.as_str(), &id, &created_at])
        .await?;
    Ok(item.map_or(Creation::NameTaken, Creation::Created))
}

const LOCK: Statement = Statement {
    sql: "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))",
    types: &[Type::TEXT],
};

const RECALL: Statement = Statement {
    sql: "SELECT name, item_id, item_created_at
            FROM idempotency_key
           WHERE key = $1 AND created_at > now() - interval '24 hours'",
    types: &[Type::TEXT],
};

const CREATE: Statement = Statement {
    sql: "INSERT INTO item (name) VALUES ($1)
              ON CONFLICT (name) DO NOTHING
          RETURNING id, name, created_at",
    types: &[Type::TEXT],
};

/// A key of more than 24 hours counts as new, whether or not it has been deleted yet.
const REMEMBER: Statement = Statement {
    sql: "INSERT INTO idempotency_key (key, name, item_id, item_created_at)
          VALUES ($1, $2, $3, $4)
              ON CONFLICT (key) DO UPDATE
             SET name = excluded.name, item_id = excluded.item_id,
                 item_created_at = excluded.item_created_at, created_at = now()",
    types: &[Type::TEXT, Type::TEXT, Type::INT8, Type::TIMESTAMPTZ],
};
