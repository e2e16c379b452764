//! The rows of a COPY, over every way to a server, and every way to lose them.

use bytes::Bytes;
use localpg::{Throwaway, ThrowawayOptions};
use magnusapi::database::{CopyError, Server, Session, Settings};
use std::sync::LazyLock;
use tokio::sync::mpsc;

use crate::database_tls::verified_url;
use crate::harness::{Database, TIMEOUT, eventually, own_server, run};

/// Listens on TCP, without TLS.
static PLAIN: LazyLock<Throwaway> = LazyLock::new(|| {
    own_server(ThrowawayOptions {
        tcp: true,
        ..ThrowawayOptions::default()
    })
});

fn plain_url(options: &str) -> String {
    let port = PLAIN.tcp_port().expect("it listens on TCP");
    format!("postgres://postgres@localhost:{port}/items?{options}")
}

async fn session(url: &str) -> Session {
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.to_owned()));
    let settings = settings.expect("good").expect("a database is named");
    Server::new(&settings)
        .connect()
        .await
        .expect("a connection")
}

/// The rows of a COPY, all chunks together, as they came.
async fn copied(session: &Session, sql: &str) -> (Result<u64, CopyError>, Vec<u8>) {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(2);
    let taking = async {
        let mut all = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            all.extend_from_slice(&chunk);
        }
        all
    };
    tokio::join!(session.copy_out(sql, sender), taking)
}

/// The messages' rows.
fn rows(mut messages: &[u8]) -> Vec<&[u8]> {
    let mut rows = Vec::new();
    while let [b'd', a, b, c, d, ..] = *messages {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        rows.push(&messages[5..=length]);
        messages = &messages[length + 1..];
    }
    assert!(messages.is_empty(), "something follows the last row");
    rows
}

/// Rows of nothing, of a byte, of more than any buffer, and very many.
const ROWS: &str = "COPY (SELECT repeat(chr(97 + i % 26), CASE WHEN i % 500 = 0 THEN i * 1000
                          ELSE i % 300 END) FROM generate_series(0, 3000) i) TO STDOUT";

#[test]
fn rows_of_every_size_come_whole_over_a_socket_over_tcp_and_over_tls() {
    run(async {
        let database = Database::empty();
        for url in [
            database.url.clone(),
            plain_url("sslmode=disable"),
            plain_url("sslmode=prefer"),
            verified_url(),
        ] {
            let session = session(&url).await;
            let (copied, messages) = copied(&session, ROWS).await;
            assert_eq!(copied.expect("it ends well"), 3001, "{url}");
            let rows = rows(&messages);
            assert_eq!(rows.len(), 3001);
            for (i, row) in rows.into_iter().enumerate() {
                let length = if i % 500 == 0 { i * 1000 } else { i % 300 };
                let letter = b'a' + u8::try_from(i % 26).expect("a small number");
                let (end, text) = row.split_last().expect("a line");
                assert_eq!((*end, text.len()), (b'\n', length), "{url}, row {i}");
                assert!(text.iter().all(|byte| *byte == letter), "{url}, row {i}");
            }
        }
    });
}

#[test]
fn a_session_does_all_else_as_ever_between_two_copies() {
    run(async {
        let session = session(&Database::empty().url).await;
        for round in 1..=3_i64 {
            let none = "COPY (SELECT 1 WHERE false) TO STDOUT";
            assert!(matches!(copied(&session, none).await, (Ok(0), rows) if rows.is_empty()));
            let noisy = "DO $$ BEGIN RAISE WARNING 'a warning'; END $$";
            session.batch_execute(noisy).await.expect("it runs");
            let one = "COPY (SELECT 1) TO STDOUT";
            assert!(
                matches!(copied(&session, one).await, (Ok(1), rows) if rows == b"d\0\0\0\x061\n")
            );
            let row = session.query_one("SELECT $1::int8 * 2", &[&round]).await;
            assert_eq!(row.expect("a row").get::<_, i64>(0), round * 2);
        }
    });
}

/// Fails at the last of many rows.
const FAILS: &str =
    "COPY (SELECT repeat('x', 200), 1 / (20000 - i) FROM generate_series(1, 20000) i)
                     TO STDOUT";

#[test]
fn an_error_after_many_rows_is_an_error_and_the_session_lives() {
    run(async {
        let session = session(&Database::empty().url).await;
        let (copied_rows, messages) = copied(&session, FAILS).await;
        let error = copied_rows.expect_err("it divides by zero").to_string();
        assert!(error.contains("division by zero (22012)"), "{error}");
        assert!(rows(&messages).len() > 1000, "it fails half-way");
        let refused = copied(&session, "COPY nothing_of_this_name TO STDOUT").await;
        assert!(refused.0.is_err() && refused.1.is_empty());
        let (one, messages) = copied(&session, "COPY (SELECT 1) TO STDOUT").await;
        assert_eq!(one.expect("it ends well"), 1);
        assert_eq!(rows(&messages), [b"1\n"]);
    });
}

/// More rows than a test can wait for. In FROM, the server would make them all before it sent any.
const ENDLESS: &str = "COPY (SELECT repeat('x', 1000), generate_series(1, 1000000000)) TO STDOUT";

#[test]
fn a_connection_that_is_ended_half_way_is_an_error() {
    run(async {
        let database = Database::empty();
        let session = session(&database.url).await;
        let watcher = database.connect().await;
        let (sender, mut receiver) = mpsc::channel(1);
        let ending = async {
            receiver.recv().await.expect("the first rows");
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND query LIKE 'COPY%'";
            watcher.execute(end, &[]).await.expect("it is ended");
            while receiver.recv().await.is_some() {}
        };
        let (copied, ()) = tokio::join!(session.copy_out(ENDLESS, sender), ending);
        // A server that cannot send, because its client does not read, does not say why it ends.
        let error = copied.expect_err("it was ended").to_string();
        let said = ["57P01", "connection closed"];
        assert!(said.iter().any(|it| error.contains(it)), "{error}");
    });
}

#[test]
fn a_copy_can_be_cancelled_from_elsewhere_over_every_way() {
    run(async {
        let database = Database::empty();
        for url in [
            database.url.clone(),
            plain_url("sslmode=disable"),
            verified_url(),
        ] {
            let session = session(&url).await;
            let canceller = session.canceller();
            let (sender, mut receiver) = mpsc::channel(1);
            let cancelling = async {
                receiver.recv().await.expect("the first rows");
                canceller.cancel().await;
                while receiver.recv().await.is_some() {}
            };
            let (copied, ()) = tokio::join!(session.copy_out(ENDLESS, sender), cancelling);
            let error = copied.expect_err("it was cancelled").to_string();
            assert!(error.contains("57014"), "{url}: {error}");
        }
    });
}

#[test]
fn the_server_waits_while_the_receiver_takes_no_rows() {
    run(async {
        let database = Database::empty();
        let session = session(&database.url).await;
        let watcher = database.connect().await;
        let (sender, mut receiver) = mpsc::channel(1);
        let copying = session.copy_out(ENDLESS, sender);
        let waiting = eventually("the server waits for us to read", async || {
            let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                          AND query LIKE 'COPY%' AND wait_event = 'ClientWrite'";
            let found = watcher.query_opt(waits, &[]).await;
            found.expect("it can be asked").map(|_| ())
        });
        tokio::select! {
            copied = copying => panic!("it has no end: {copied:?}"),
            () = waiting => {}
        }
        let mut held = 0;
        while let Some(chunk) = receiver.recv().await {
            held += chunk.len();
        }
        assert!(held < 1024 * 1024, "{held} bytes were on their way");
    });
}

#[test]
fn a_session_with_an_abandoned_copy_rejects_further_copies() {
    run(async {
        let database = Database::empty();
        let left = session(&database.url).await;
        let (sender, mut receiver) = mpsc::channel(1);
        tokio::select! {
            copied = left.copy_out(ENDLESS, sender) => panic!("it has no end: {copied:?}"),
            chunk = receiver.recv() => assert!(chunk.is_some()),
        }
        let next = tokio::time::timeout(TIMEOUT, copied(&left, "COPY (SELECT 1) TO STDOUT"));
        let (next, messages) = next.await.expect("it ends");
        assert!(next.is_err() && messages.is_empty(), "{next:?}");

        let unread = session(&database.url).await;
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let copied = tokio::time::timeout(TIMEOUT, unread.copy_out(ENDLESS, sender)).await;
        assert!(copied.expect("it ends").is_err());
    });
}
