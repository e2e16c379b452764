//! Exports while other sessions hold, change and wait for tables.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use localpg::ThrowawayOptions;
use magnusapi::backup::Progress;
use magnusapi::backup::export::{Event, ExportError, Options, export};

use super::{exported, options, source, store, with_tables};
use crate::harness::{Database, Operator, TIMEOUT, connect, eventually, own_server, run};

/// Holds the last table that an export locks.
async fn hold(database: &Database) -> tokio_postgres::Client {
    let client = database.connect().await;
    let hold = "BEGIN; LOCK TABLE nothing IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(hold).await.expect("it is locked");
    client
}

/// Waits until an export waits for that table.
async fn waiting(database: &Database) {
    let watcher = database.connect().await;
    eventually("an export that waits", async || {
        let question =
            "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'nothing'::regclass";
        let found = watcher.query_opt(question, &[]).await;
        found.expect("it can be asked").map(|_| ())
    })
    .await;
}

#[test]
fn a_locked_table_is_retried_under_a_new_name() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let holder = hold(&database).await;
        let short = Options {
            lock_timeout: Duration::from_millis(100),
            ..options()
        };
        let error = exported(&database, &store, &short).await;
        let error = error.expect_err("it is locked").to_string();
        assert!(error.contains("could not be locked"), "{error}");
        // The server notices a moment later that the run's sessions have ended, and frees its lock.
        let client = database.connect().await;
        let free = "SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
        eventually("the end of the first run", async || {
            let row = client.query_one(free, &[]).await.expect("it can be asked");
            row.get::<_, bool>(0).then_some(())
        })
        .await;
        let again = Options {
            retries: 1000,
            pause: Duration::from_millis(10),
            ..short
        };
        let reported = Mutex::new(Vec::new());
        let report = |event| {
            if let Event::Yielded { reason, .. } = event {
                reported.lock().expect("no test panics").push(reason);
            }
        };
        let releasing = async {
            eventually("a report", async || {
                let reported = reported.lock().expect("no test panics");
                (!reported.is_empty()).then_some(())
            })
            .await;
            holder.batch_execute("COMMIT").await.expect("it is free");
        };
        let clock: magnusapi::clock::Clock = Arc::new(Timestamp::now);
        let source = source(&database);
        let progress = Progress::default();
        let exporting = export(&source, &store.blobs, &again, &clock, &progress, &report);
        let (made, ()) = tokio::join!(exporting, releasing);
        made.expect("a backup");
        let reported = reported.into_inner().expect("no test panics");
        let locked = |reason: &String| reason.contains("could not be locked");
        assert!(reported.iter().all(locked), "{reported:?}");
    });
}

#[test]
fn a_migration_waits_only_a_moment_for_the_backup() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let _holder = hold(&database).await;
        let patient = Options {
            lock_timeout: TIMEOUT,
            ..options()
        };
        let changing = async {
            waiting(&database).await;
            let client = database.connect().await;
            let begun = Instant::now();
            let change = client.batch_execute("ALTER TABLE a_child ADD COLUMN more int");
            change.await.expect("it is changed");
            begun.elapsed()
        };
        let (made, waited) = tokio::join!(exported(&database, &store, &patient), changing);
        let error = made.expect_err("it yielded");
        assert!(
            matches!(&error, ExportError::Yielded { statement, .. } if statement.contains("ALTER")),
            "{error}"
        );
        // It yields after a second, checks every 200 ms, and the machine is slow.
        assert!(waited < Duration::from_secs(6), "{waited:?}");
        assert_eq!(store.files().await, [""; 0]);
    });
}

#[test]
fn a_second_export_fails_at_once_and_the_first_one_continues() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let holder = hold(&database).await;
        let patient = Options {
            lock_timeout: TIMEOUT,
            yield_after: Duration::from_millis(500),
            ..options()
        };
        let second = async {
            waiting(&database).await;
            let begun = Instant::now();
            let error = exported(&database, &store, &patient).await;
            let error = error.expect_err("one is under way");
            assert!(matches!(error, ExportError::UnderWay), "{error}");
            // Without waiting, and in any case within the first one's lock timeout.
            assert!(begun.elapsed() < TIMEOUT, "{:?}", begun.elapsed());
            holder.batch_execute("COMMIT").await.expect("it is free");
        };
        let (first, ()) = tokio::join!(exported(&database, &store, &patient), second);
        first.expect("a backup");
    });
}

#[test]
fn migrations_during_an_export_end_in_a_backup() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let migrating = async {
            let client = database.connect().await;
            for _ in 0..20 {
                let change = "CREATE INDEX by_text ON \"Odd 'name\" (left(text, 9));
                              CREATE STATISTICS more ON id, text FROM \"Odd 'name\";
                              CREATE VIEW above AS SELECT id FROM nothing;";
                client.batch_execute(change).await.expect("it is made");
                let change = "ALTER INDEX by_text RENAME TO renamed; DROP STATISTICS more;
                              ALTER VIEW above RENAME COLUMN id TO other";
                client.batch_execute(change).await.expect("it is changed");
                let change = "DROP VIEW above; DROP INDEX renamed";
                client.batch_execute(change).await.expect("it is dropped");
            }
        };
        let again = Options {
            retries: 10_000,
            pause: Duration::from_millis(10),
            ..options()
        };
        let (made, ()) = tokio::join!(exported(&database, &store, &again), migrating);
        made.expect("a backup");
    });
}

#[test]
fn an_export_ends_at_its_deadline_and_leaves_no_lock() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let holder = hold(&database).await;
        let short = Options {
            lock_timeout: TIMEOUT,
            deadline: Duration::from_secs(1),
            ..options()
        };
        let error = exported(&database, &store, &short)
            .await
            .expect_err("too late");
        assert!(matches!(error, ExportError::Deadline(_)), "{error}");
        holder.batch_execute("COMMIT").await.expect("it is free");
        let alter = "SET lock_timeout = '10s'; ALTER TABLE a_child ADD COLUMN more int";
        holder
            .batch_execute(alter)
            .await
            .expect("no session holds it");
        assert_eq!(store.files().await, [""; 0]);
    });
}

#[test]
fn the_program_reports_that_it_yields_before_it_starts_over() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let _holder = hold(&database).await;
        let operator = Operator::with_folder(&database, store.folder.path());
        let mut running = operator.begins_with_stderr(&["create"]);
        let mut stderr = running.stderr();
        let first = tokio::task::spawn_blocking(move || stderr.next());
        let first = tokio::time::timeout(TIMEOUT, first).await;
        let first = first.expect("a report while it waits").expect("no panic");
        let said = first.unwrap_or_default();
        assert!(
            said.contains("could not be locked") && said.contains("starts over in 30s"),
            "{said}"
        );
        assert_eq!(running.ended_by("TERM").code(), Some(6));
    });
}

#[test]
fn a_server_without_space_for_the_locks_is_named_with_its_setting() {
    run(async {
        let few = [
            ("max_locks_per_transaction", "10"),
            ("max_connections", "10"),
            ("max_worker_processes", "1"),
            ("autovacuum_max_workers", "1"),
        ];
        let settings = few.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let server = own_server(ThrowawayOptions {
            settings: settings.to_vec(),
            ..ThrowawayOptions::default()
        });
        let source = Database {
            url: server.url("items"),
        };
        // A transaction each, because CREATE TABLE takes locks too.
        let tables = "DO $$ BEGIN FOR i IN 1..1500 LOOP
                          EXECUTE format('CREATE TABLE t%s ()', i); COMMIT; END LOOP; END $$";
        let client = connect(&source.url).await;
        client.batch_execute(tables).await.expect("they are made");
        let store = store();
        let operator = Operator::with_folder(&source, store.folder.path());
        let said = operator.fails(&["create"]);
        assert!(
            said.contains("53200") && said.contains("max_locks_per_transaction"),
            "{said}"
        );
    });
}
