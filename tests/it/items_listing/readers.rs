//! Whole listings and their readers: slow ones, many of them, and those who must not take part of a
//! listing for all of it.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fill;
use crate::harness::{Database, Program, Start, eventually, run};

/// How a response ends that is all there.
const END: &[u8] = b"]}\r\n0\r\n\r\n";

/// A program under a host that ends an invocation after this time.
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

/// A client that has asked for all items, and has read no more than it wanted of them.
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
        socket.read_exact(&mut read).await.expect("it starts");
        assert!(read.starts_with(b"HTTP/1.1 200"), "{read:?}");
        Reader { socket, read }
    }

    /// Reads on, `bytes` in each twentieth of a second, to the end. A connection that breaks off is
    /// an end too.
    async fn read_on(&mut self, bytes: usize) {
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

    async fn read_to_the_end_of_the_listing(&mut self) {
        while !self.has_all() {
            let read = self.socket.read_buf(&mut self.read).await;
            assert_ne!(read.expect("it goes on"), 0, "it broke off");
        }
    }

    /// Reads to the end, and returns how the connection ended.
    async fn read_everything(&mut self) -> std::io::Result<usize> {
        self.socket.read_to_end(&mut self.read).await
    }

    fn has_all(&self) -> bool {
        self.read.ends_with(END)
    }
}

/// The log line of a listing that ended so.
async fn ending(program: &Program, words: &str) -> serde_json::Value {
    let line = program
        .line(|line| line.contains("a whole listing") && line.contains(words))
        .await;
    serde_json::from_str(&line).expect("a line is JSON")
}

#[test]
fn a_listing_whose_reader_stops_breaks_off_and_never_ends_like_a_complete_one() {
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
        // What the system still had for the reader is dropped with a reset.
        let ended = reader.read_everything().await.map_err(|it| it.kind());
        assert_eq!(ended, Err(std::io::ErrorKind::ConnectionReset));
        assert!(!reader.has_all());
        // A reader who reads on gets all of it.
        let program = Start::on(&database).await;
        let mut reader = Reader::begin(&program).await;
        reader.read_to_the_end_of_the_listing().await;
        assert!(reader.has_all());
        let line = ending(&program, "is complete").await;
        assert_eq!(line["rows"], 400_000);
    });
}

#[test]
fn a_listing_ends_well_before_the_host_would_end_the_program() {
    run(async {
        let database = Database::migrated();
        fill(&database, 600_000).await;
        let Hosted { program, _root } = Hosted::start(&database, "00:00:10").await;
        let started = Instant::now();
        let mut reader = Reader::begin(&program).await;
        // Fast enough for the least rate, and far too slow for all of it.
        reader.read_on(100_000).await;
        assert!(!reader.has_all());
        ending(&program, "it took more than 9.0s").await;
        assert!(
            started.elapsed() > Duration::from_secs(2),
            "{:?}",
            started.elapsed()
        );
    });
}

#[test]
fn a_listing_that_fails_half_way_breaks_off() {
    run(async {
        let database = Database::migrated();
        fill(&database, 400_000).await;
        let program = Start::on(&database).await;
        let mut reader = Reader::begin(&program).await;
        let client = database.connect().await;
        let rename = "ALTER TABLE item RENAME TO gone";
        client.batch_execute(rename).await.expect("it is renamed");
        // An error is a connection that broke off, too.
        let _ = reader.read_everything().await;
        assert!(!reader.has_all());
        let line = ending(&program, "refused the statement").await;
        assert_eq!(line["level"], "error");
    });
}

#[test]
fn a_listing_whose_reader_leaves_is_logged() {
    run(async {
        let database = Database::migrated();
        fill(&database, 200_000).await;
        let program = Start::on(&database).await;
        drop(Reader::begin(&program).await);
        ending(&program, "the reader left").await;
    });
}

#[test]
fn slow_readers_hold_no_connection_and_no_snapshot() {
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
            let row = client.query_one(busy, &[]).await.expect("it can be asked");
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
        // More readers stand still than there are connections; everything else goes on.
        let whole = program.get("/item").await;
        assert_eq!(whole.status, 200);
        assert!(whole.body.ends_with(b"}]}"));
        program.make("so do creations").await;
        readers.clear();
    });
}

#[test]
fn so_many_whole_listings_and_no_more_are_open_at_once() {
    run(async {
        let database = Database::migrated();
        fill(&database, 300_000).await;
        let program = Start::on(&database).await;
        let mut readers = Vec::new();
        for _ in 0..32 {
            readers.push(Reader::begin(&program).await);
        }
        let answer = program.get("/item").await;
        answer.problem(503, "too-many-streams");
        assert_eq!(answer.header("retry-after"), "2");
        assert_eq!(program.get("/item?limit=1000").await.status, 200);
        readers.clear();
        eventually("room for another listing", || async {
            (program.get("/item").await.status == 200).then_some(())
        })
        .await;
    });
}
