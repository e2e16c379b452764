//! The item API on axum and sqlx, for the benchmarks: the same table, the same responses.
//!
//! Everything is as their own examples have it: a pool as large as magnusapi's, prepared statements, rows that serde
//! makes into JSON, no logging.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use futures_util::{Stream, TryStreamExt};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{FromRow, PgPool, query_as};

const CONNECTIONS: u32 = 8;

/// Bytes of a stream that are sent at once.
const CHUNK: usize = 32 * 1024;

const INSERT: &str = "INSERT INTO item (name) VALUES ($1) ON CONFLICT (name) DO NOTHING
                      RETURNING id, name, created_at";
const READ: &str = "SELECT id, name, created_at FROM item WHERE id = $1";
const PAGE: &str = "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id LIMIT $2";
const ALL: &str = "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id";

#[derive(FromRow, Serialize)]
struct Item {
    id: i64,
    name: String,
    created_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct NewItem {
    name: String,
}

#[derive(Deserialize)]
struct Range {
    limit: Option<i64>,
    #[serde(default)]
    after: i64,
}

/// Every error of the database is a 500.
struct Failure(sqlx::Error);

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    // The address comes from libpq's variables.
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(PgConnectOptions::new())
        .await?;
    let app = Router::new()
        .route("/", get(async || "axum\n"))
        .route("/item", get(list).post(create))
        .route("/item/{id}", get(read))
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, app).await?)
}

async fn create(State(pool): State<PgPool>, Json(new): Json<NewItem>) -> Result<Response, Failure> {
    let created = query_as::<_, Item>(INSERT)
        .bind(new.name)
        .fetch_optional(&pool)
        .await?;
    Ok(match created {
        Some(data) => (StatusCode::CREATED, Json(Data { data })).into_response(),
        None => StatusCode::CONFLICT.into_response(),
    })
}

async fn read(State(pool): State<PgPool>, Path(id): Path<i64>) -> Result<Response, Failure> {
    let found = query_as::<_, Item>(READ)
        .bind(id)
        .fetch_optional(&pool)
        .await?;
    Ok(match found {
        Some(data) => Json(Data { data }).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn list(State(pool): State<PgPool>, Query(range): Query<Range>) -> Result<Response, Failure> {
    let Some(limit) = range.limit else {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let body = Body::from_stream(all(pool, range.after));
        return Ok((json, body).into_response());
    };
    let data = query_as::<_, Item>(PAGE)
        .bind(range.after)
        .bind(limit)
        .fetch_all(&pool)
        .await?;
    Ok(Json(Data { data }).into_response())
}

/// The JSON of all items after one, in pieces.
fn all(pool: PgPool, after: i64) -> impl Stream<Item = Result<Vec<u8>, axum::Error>> {
    async_stream::try_stream! {
        let mut rows = query_as::<_, Item>(ALL).bind(after).fetch(&pool);
        let mut text = b"{\"data\":[".to_vec();
        let mut is_first = true;
        while let Some(item) = rows.try_next().await.map_err(axum::Error::new)? {
            if !is_first {
                text.push(b',');
            }
            is_first = false;
            serde_json::to_writer(&mut text, &item).map_err(axum::Error::new)?;
            if text.len() >= CHUNK {
                yield std::mem::take(&mut text);
            }
        }
        text.extend_from_slice(b"]}");
        yield text;
    }
}
