//! Databases of Postfacto.

use tokio_postgres::Client;

use super::Database;

/// Postfacto's tables, without rows except for those of Rails.
pub(crate) async fn empty_postfacto() -> Database {
    let database = Database::empty();
    make_tables(&database.connect().await).await;
    database
}

/// Postfacto's tables with a million items times `scale`, at least 200.
pub(crate) async fn postfacto(scale: f64) -> Database {
    let database = Database::empty();
    fill_postfacto(&database.connect().await, scale).await;
    database
}

/// Creates Postfacto's tables and rows in an empty database.
pub(crate) async fn fill_postfacto(client: &Client, scale: f64) {
    make_tables(client).await;
    let rows = include_str!("../sample_data/postfacto/rows.sql");
    let rows = format!("SET postfacto.scale = {scale}; {rows}");
    client.batch_execute(&rows).await.expect("its rows");
}

async fn make_tables(client: &Client) {
    let schema = include_str!("../sample_data/postfacto/schema.sql");
    client.batch_execute(schema).await.expect("its tables");
}
