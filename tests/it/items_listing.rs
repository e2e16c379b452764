//! Listings: pages by key, and all items as one stream.

mod readers;

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Database, Program, Start, eventually, run, with_program};

pub(crate) async fn fill(database: &Database, rows: i32) {
    let client = database.connect().await;
    client
        .execute(
            "INSERT INTO item (name) SELECT 'item ' || n FROM generate_series(1, $1::int) n",
            &[&rows],
        )
        .await
        .expect("the rows are inserted");
}

fn ids(items: &Value) -> Vec<i64> {
    let items = items["data"].as_array().expect("an array").iter();
    items
        .map(|it| it["id"].as_i64().expect("a number"))
        .collect()
}

#[test]
fn an_empty_table_is_an_empty_list() {
    with_program(async |program: Program| {
        for path in ["/item", "/item?limit=10", "/item?after=5"] {
            let response = program.get(path).await;
            assert_eq!(response.body, b"{\"data\":[]}", "{path}");
            assert_eq!(response.header("content-type"), "application/json");
            assert!(!response.headers.contains_key("link"));
        }
    });
}

#[test]
fn the_links_lead_to_every_item_once_in_order() {
    run(async {
        let database = Database::migrated();
        fill(&database, 250).await;
        let program = Start::on(&database).await;
        for limit in [1, 7, 50, 249, 250, 1000] {
            let mut seen = Vec::new();
            let mut path = format!("/item?limit={limit}");
            loop {
                let response = program.get(&path).await;
                let page = ids(&response.json());
                assert!(page.len() <= limit);
                seen.extend(page);
                let link = response.header("link").to_owned();
                if link.is_empty() {
                    break;
                }
                let target = link
                    .strip_prefix('<')
                    .and_then(|it| it.strip_suffix(">; rel=\"next\""));
                path = target.expect("a link with rel next").to_owned();
            }
            assert!(seen.is_sorted(), "limit {limit}");
            assert_eq!(
                seen.iter().collect::<HashSet<_>>().len(),
                250,
                "limit {limit}"
            );
            assert_eq!(seen.len(), 250, "limit {limit}");
        }
    });
}

#[test]
fn a_stream_can_continue_after_an_id() {
    run(async {
        let database = Database::migrated();
        fill(&database, 100).await;
        let program = Start::on(&database).await;
        let all = ids(&program.get("/item").await.json());
        assert_eq!(all.len(), 100);
        assert!(all.is_sorted());
        let rest = ids(&program
            .get(&format!("/item?after={}", all[59]))
            .await
            .json());
        assert_eq!(rest, all[60..]);
    });
}

#[test]
fn a_million_items_are_streamed_with_constant_memory() {
    run(async {
        let database = Database::migrated();
        fill(&database, 1_000_000).await;
        let program = Start::on(&database).await;
        program.get("/item?limit=1000").await;
        let before = program.resident().now;
        let mut response = program
            .request(Method::GET, "/item")
            .send()
            .await
            .expect("a response arrives");
        let (mut items, mut bytes, mut end) = (0, 0, Vec::new());
        while let Some(chunk) = response.chunk().await.expect("the next chunk") {
            // These names have no braces, so each opening brace except for the first begins an item.
            items += chunk.split(|byte| *byte == b'{').count() - 1;
            bytes += chunk.len();
            end.extend_from_slice(&chunk[chunk.len().saturating_sub(3)..]);
        }
        assert_eq!(items - 1, 1_000_000);
        assert!(end.ends_with(b"}]}"), "the end after {bytes} bytes");
        let peak = program.resident().peak;
        assert!(
            peak < before + 6 * 1024,
            "{before} KiB before, {peak} KiB at most"
        );
    });
}

#[test]
fn a_reader_that_disconnects_frees_its_database_connection() {
    run(async {
        let database = Database::migrated();
        fill(&database, 200_000).await;
        let program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .set("DATABASE_POOL_SIZE", "1")
            .serving()
            .await;
        for _ in 0..3 {
            let mut socket = tokio::net::TcpStream::connect(program.address())
                .await
                .expect("it listens");
            let request = b"GET /item HTTP/1.1\r\nHost: x\r\n\r\n";
            socket.write_all(request).await.expect("it is sent");
            let mut start = [0; 1024];
            socket
                .read_exact(&mut start)
                .await
                .expect("the response begins");
            assert!(start.starts_with(b"HTTP/1.1 200"));
            drop(socket);
            // The pool has one connection: this succeeds only after the stream released it.
            eventually("a free connection", || async {
                (program.get("/item?limit=1").await.status == 200).then_some(())
            })
            .await;
        }
    });
}
