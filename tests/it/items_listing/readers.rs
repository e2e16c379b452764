//! Readers of whole listings: slow ones, many at once, and incomplete listings, which must not look
//! complete.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fill;
use crate::harness::{Database, Program, Start, eventually, run};

/// The end of a complete response.
const END: &[u8] = b"]}\r\n0\r\n\r\n";

/// A program under a host with a `functionTimeout`.
struct Hosted {
    _root: TempDir,
    program: Program,
}

impl Hosted {
    async fn start(database: &Database, function_timeout: &str) -> Hosted {
        let root = tempfile::tempdir().expect("a folder");
        let host_json = serde_json::json!({
            "version": "2.0",
            "functionTimeout": function_timeout,
            "customHandler": {"description": {"defaultExecutablePath": "magnusapi"}},
        });
        let file = root.path().join("host.json");
        std::fs::write(file, host_json.to_string()).expect("it is written");
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let start = start.set("DATABASE_POOL_SIZE", "4");
        let start = start.set(
            "FUNCTIONS_APP_ROOT_PATH",
            &root.path().display().to_string(),
        );
        let program = start.serving().await;
        Hosted {
            program,
            _root: root,
        }
    }
}

/// A client that has requested all items and reads them on demand.
struct Reader {
    socket: TcpStream,
    read: Vec<u8>,
}

impl Reader {
    async fn begin(program: &Program) -> Reader {
        let socket = TcpStream::connect(program.address()).await;
        let mut socket = socket.expect("it listens");
        let request = b"GET /item HTTP/1.1\r\nHost: x\r\n\r\n";
        socket.write_all(request).await.expect("it is sent");
        let mut read = vec![0; 1024];
        socket
            .read_exact(&mut read)
            .await
            .expect("the response begins");
        assert!(read.starts_with(b"HTTP/1.1 200"), "{read:?}");
        Reader { socket, read }
    }

    /// Reads `bytes` in each twentieth of a second, to the end. A broken connection is an end too.
    async fn read_slowly(&mut self, bytes: usize) {
        let mut buffer = vec![0; bytes];
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        while let Ok(read) = self.socket.read(&mut buffer).await {
            if read == 0 {
                break;
            }
            self.read.extend_from_slice(&buffer[..read]);
            ticks.tick().await;
        }
    }

    async fn read_complete_listing(&mut self) {
        while !self.is_complete() {
            let read = self.socket.read_buf(&mut self.read).await;
            assert_ne!(read.expect("more data"), 0, "the listing broke off");
        }
    }

    /// Reads to the end, and returns how the connection ended.
    async fn read_everything(&mut self) -> std::io::Result<usize> {
        self.socket.read_to_end(&mut self.read).await
    }

    fn is_complete(&self) -> bool {
        self.read.ends_with(END)
    }
}

/// The log line of a listing whose end has these words.
async fn ending(program: &Program, words: &str) -> serde_json::Value {
    let line = program
        .line(|line| line.contains("a whole listing") && line.contains(words))
        .await;
    serde_json::from_str(&line).expect("a line is JSON")
}

#[test]
fn a_listing_breaks_off_if_its_reader_stops() {
    run(async {
        let database = Database::migrated();
        fill(&database, 400_000).await;
        let Hosted { program, _root } = Hosted::start(&database, "00:00:18").await;
        let mut reader = Reader::begin(&program).await;
        let line = ending(&program, "the reader took less than").await;
        for (field, least) in [("rows", 1000), ("bytes", 50_000), ("duration_ms", 1000)] {
            assert!(line[field].as_f64() >= Some(f64::from(least)), "{line}");
        }
        assert_eq!(line["level"], "warn");
        // A reset discards the data in the system's buffers.
        let ended = reader.read_everything().await.map_err(|it| it.kind());
        assert_eq!(ended, Err(std::io::ErrorKind::ConnectionReset));
        assert!(!reader.is_complete());
        // A reader that continues gets the complete listing.
        let program = Start::on(&database).await;
        let mut reader = Reader::begin(&program).await;
        reader.read_complete_listing().await;
        assert!(reader.is_complete());
        let line = ending(&program, "is complete").await;
        assert_eq!(line["rows"], 400_000);
    });
}

#[test]
fn a_listing_breaks_off_before_function_timeout() {
    run(async {
        let database = Database::migrated();
        fill(&database, 600_000).await;
        let Hosted { program, _root } = Hosted::start(&database, "00:00:10").await;
        let started = Instant::now();
        let mut reader = Reader::begin(&program).await;
        // Faster than the minimum rate, and too slow for the complete listing.
        reader.read_slowly(100_000).await;
        assert!(!reader.is_complete());
        ending(&program, "it took more than 9.0s").await;
        assert!(
            started.elapsed() > Duration::from_secs(2),
            "{:?}",
            started.elapsed()
        );
    });
}

#[test]
fn a_listing_breaks_off_if_the_database_fails() {
    run(async {
        let database = Database::migrated();
        fill(&database, 400_000).await;
        let program = Start::on(&database).await;
        let mut reader = Reader::begin(&program).await;
        let client = database.connect().await;
        let rename = "ALTER TABLE item RENAME TO gone";
        client.batch_execute(rename).await.expect("it is renamed");
        // An error means a broken connection, too.
        let _ = reader.read_everything().await;
        assert!(!reader.is_complete());
        let line = ending(&program, "refused the statement").await;
        assert_eq!(line["level"], "error");
    });
}

#[test]
fn a_listing_whose_reader_disconnects_is_logged() {
    run(async {
        let database = Database::migrated();
        fill(&database, 200_000).await;
        let program = Start::on(&database).await;
        drop(Reader::begin(&program).await);
        ending(&program, "the reader left").await;
    });
}

#[test]
fn slow_readers_use_no_connection_and_no_snapshot() {
    run(async {
        let database = Database::migrated();
        fill(&database, 300_000).await;
        let Hosted { program, _root } = Hosted::start(&database, "00:10:00").await;
        let mut readers = Vec::new();
        for _ in 0..6 {
            readers.push(Reader::begin(&program).await);
        }
        let client = database.connect().await;
        let busy = "SELECT count(*) FROM pg_stat_activity
                     WHERE application_name = 'magnusapi' AND datname = current_database()
                       AND (state <> 'idle' OR backend_xmin IS NOT NULL)";
        eventually("idle sessions", || async {
            let row = client.query_one(busy, &[]).await.expect("the activity");
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
        // There are more idle readers than connections, and other requests succeed.
        let whole = program.get("/item").await;
        assert_eq!(whole.status, 200);
        assert!(whole.body.ends_with(b"}]}"));
        program.make("a creation").await;
        readers.clear();
    });
}

#[test]
fn at_most_32_whole_listings_are_open_at_once() {
    run(async {
        let database = Database::migrated();
        fill(&database, 300_000).await;
        let program = Start::on(&database).await;
        let mut readers = Vec::new();
        for _ in 0..32 {
            readers.push(Reader::begin(&program).await);
        }
        let response = program.get("/item").await;
        response.problem(503, "too-many-streams");
        assert_eq!(response.header("retry-after"), "2");
        assert_eq!(program.get("/item?limit=1000").await.status, 200);
        readers.clear();
        eventually("a free place for another listing", || async {
            (program.get("/item").await.status == 200).then_some(())
        })
        .await;
    });
}
