//! Databases as Postfacto has them.

use super::Database;

/// Postfacto's tables, without rows but Rails' own.
pub(crate) async fn empty_postfacto() -> Database {
    let database = Database::empty();
    let client = database.connect().await;
    let schema = include_str!("../sample_data/postfacto/schema.sql");
    client.batch_execute(schema).await.expect("its tables");
    database
}

/// With a million items times `scale`, 200 at least.
pub(crate) async fn postfacto(scale: f64) -> Database {
    let database = empty_postfacto().await;
    let client = database.connect().await;
    let rows = include_str!("../sample_data/postfacto/rows.sql");
    let rows = format!("SET postfacto.scale = {scale}; {rows}");
    client.batch_execute(&rows).await.expect("its rows");
    database
}
