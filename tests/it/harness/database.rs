//! Databases: one private server for this process, a fresh copy of a template for each test.

use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use localpg::{Programs, Throwaway, ThrowawayOptions};
use tokio_postgres::NoTls;

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
}

/// A connection to any address, without TLS.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the database can be reached");
    tokio::spawn(connection);
    client
}
