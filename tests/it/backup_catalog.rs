//! The catalogue as an archive's entries, judged by `pg_dump`: what it says of a database, it must
//! say of the one that was made from the entries.

mod census;
mod changes;
mod rebuilt;

use std::path::Path;
use std::time::Duration;

use localpg::{Programs, Throwaway, ThrowawayOptions};
use magnusapi::backup::catalog::{self, Catalog, CatalogError};
use pgarchive::Section;
use tokio_postgres::error::SqlState;

use crate::harness::{
    Database, Operator, PROGRAMS, empty_postfacto, everywhere, folder, postfacto, postgres, run,
};
use rebuilt::{listed, listed_by_pg_dump, pg_dump, rebuild, rebuilt, roles};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Reads the catalogue of `database`.
async fn read(database: &Database) -> Result<Catalog, CatalogError> {
    let client = database.connect().await;
    client.batch_execute(BEGIN).await.expect("a snapshot");
    catalog::read(&client, Duration::from_secs(5)).await
}

async fn with(sql: &str) -> Database {
    let database = Database::empty();
    execute(&database, sql).await;
    database
}

async fn execute(database: &Database, sql: &str) {
    let client = database.connect().await;
    let done = client.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
}

const HARD_CASES: &str = concat!(
    include_str!("sample_data/backup/hard_cases.sql"),
    include_str!("sample_data/backup/extension.sql"),
    include_str!("sample_data/backup/newer_cases.sql"),
);

/// The same for PostgreSQL 18, which comes without extensions here.
const NEWEST_CASES: &str = concat!(
    include_str!("sample_data/backup/hard_cases.sql"),
    include_str!("sample_data/backup/newer_cases.sql"),
    include_str!("sample_data/backup/newest_cases.sql"),
);

/// A database of hard cases.
pub(crate) async fn hard_cases() -> Database {
    roles(postgres()).await;
    with(HARD_CASES).await
}

/// One of the functions is in a language that only a superuser may use.
#[test]
fn a_trial_restore_compares_every_definition_or_names_the_one_that_it_may_not_make() {
    everywhere(async |site| {
        roles(site.server).await;
        let superuser = site.with_role("postgres");
        let cases = if site.version == 15 {
            HARD_CASES
        } else {
            NEWEST_CASES
        };
        let (store, original) = (folder(), superuser.filled(cases).await);
        let entries = read(&original).await.expect("it can be read").entries;
        let operator = Operator::with_folder(&original, store.path())
            .set("DRILL_DATABASE_URL", &site.url("postgres"));
        operator.makes();
        let trial = ["verify", "latest", "--restore", "--allow-superuser"];
        if site.role != "postgres" {
            let said = operator.fails(&trial);
            assert!(
                said.contains("sales.rank_of")
                    && said.contains("permission denied for language internal"),
                "{said}"
            );
            return;
        }
        let output = operator.json(&trial);
        let compared = output["restored"]["definitions"].as_u64();
        let of_database = entries
            .iter()
            .filter(|it| it.kind.words().starts_with("DATABASE"));
        let most = entries.len() - of_database.count();
        assert_eq!(compared, u64::try_from(most).ok(), "{output}");
    });
}

/// To the older snapshot such a table is empty, and nothing that came later could tell.
#[test]
fn a_table_truncated_or_rewritten_since_the_snapshot_is_detected() {
    run(async {
        for change in [
            "TRUNCATE retros CASCADE",
            "ALTER TABLE items ALTER COLUMN id TYPE numeric",
        ] {
            let database = postfacto(0.0).await;
            let client = database.connect().await;
            client.batch_execute(BEGIN).await.expect("a transaction");
            let seen = client.query("SELECT 1", &[]).await;
            seen.expect("the snapshot is taken");
            execute(&database, change).await;
            let error = catalog::read(&client, Duration::from_secs(5)).await;
            let error = error.expect_err("it changed");
            assert!(matches!(error, CatalogError::Changed(_)), "{error}");
            assert!(error.to_string().contains("rewritten"), "{error}");
        }
    });
}

#[test]
fn a_schema_of_hard_cases_is_rebuilt_exactly() {
    run(async {
        roles(postgres()).await;
        let original = with(HARD_CASES).await;
        let catalog = read(&original).await.expect("it can be read");
        assert_eq!(catalog.findings, Vec::<String>::new());
        let copy = rebuilt(&catalog).await;
        assert_eq!(pg_dump(&PROGRAMS, &copy), pg_dump(&PROGRAMS, &original));
    });
}

#[test]
fn entries_have_the_names_of_pg_dump() {
    run(async {
        roles(postgres()).await;
        let database = with(HARD_CASES).await;
        let catalog = read(&database).await.expect("it can be read");
        let (mut ours, mut theirs) = (listed(&catalog.entries), listed_by_pg_dump(&database));
        // Rows are not ours to list here; and a view that needs a key is made once, after it.
        theirs.retain(|line| !line.starts_with("TABLE DATA ") && !line.contains(" _RETURN "));
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
    });
}

#[test]
fn features_of_the_newest_version_are_rebuilt_exactly() {
    run(async {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgresql");
        let programs = Programs::fetch(&cache, &mut |line| println!("{line}"));
        let programs = programs.expect("PostgreSQL 18 is here or on PyPI");
        let server = Throwaway::start(&programs, ThrowawayOptions::default());
        let server = server.expect("a private PostgreSQL starts");
        roles(&server).await;
        let made = |name: &str| {
            server.create_database(name, None).expect("a database");
            Database {
                url: server.url(name),
            }
        };
        let (original, copy) = (made("original"), made("copy"));
        execute(&original, NEWEST_CASES).await;
        let catalog = read(&original).await.expect("it can be read");
        assert_eq!(catalog.findings, Vec::<String>::new());
        rebuild(&catalog, &copy).await;
        assert_eq!(pg_dump(&programs, &copy), pg_dump(&programs, &original));
    });
}

#[test]
fn entries_of_the_database_itself_are_complete() {
    run(async {
        roles(postgres()).await;
        let database = empty_postfacto().await;
        let client = database.connect().await;
        let name = client.query_one("SELECT current_database()::text", &[]);
        let name: String = name.await.expect("its name").get(0);
        execute(
            &database,
            &format!(
                "ALTER DATABASE {name} SET search_path = public, \"$user\";
                 ALTER DATABASE {name} SET work_mem = '7MB';
                 ALTER ROLE backup_reader IN DATABASE {name} SET statement_timeout = '5s';
                 COMMENT ON DATABASE {name} IS 'ours';
                 REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"
            ),
        )
        .await;
        let catalog = read(&database).await.expect("it can be read");
        assert_eq!(catalog.findings, Vec::<String>::new());
        let of_database: Vec<(&str, &str)> = catalog
            .entries
            .iter()
            .filter(|it| it.kind.words().starts_with("DATABASE") || it.tag.starts_with("DATABASE "))
            .map(|it| (it.kind.words(), it.definition.as_str()))
            .collect();
        let expected = [
            (
                "DATABASE",
                format!(
                    "CREATE DATABASE \"{name}\" WITH TEMPLATE = template0 ENCODING = 'UTF8' \
                     LC_COLLATE = 'C' LC_CTYPE = 'C';\n"
                ),
            ),
            (
                "COMMENT",
                format!("COMMENT ON DATABASE \"{name}\" IS 'ours';\n"),
            ),
            (
                "ACL",
                format!("REVOKE CONNECT ON DATABASE \"{name}\" FROM PUBLIC;\n"),
            ),
            (
                "DATABASE PROPERTIES",
                format!(
                    "ALTER DATABASE \"{name}\" SET \"search_path\" TO public, \"$user\";\n\
                     ALTER DATABASE \"{name}\" SET \"work_mem\" TO '7MB';\n\
                     ALTER ROLE \"backup_reader\" IN DATABASE \"{name}\" \
                     SET \"statement_timeout\" TO '5s';\n"
                ),
            ),
        ];
        let expected: Vec<(&str, &str)> = expected
            .iter()
            .map(|(kind, definition)| (*kind, definition.as_str()))
            .collect();
        assert_eq!(of_database, expected);
    });
}

#[test]
fn postfacto_is_rebuilt_exactly_after_dropped_columns() {
    run(async {
        let original = empty_postfacto().await;
        let catalog = read(&original).await.expect("it can be read");
        assert_eq!(catalog.findings, Vec::<String>::new());
        assert_eq!(catalog.not_examined, Vec::<String>::new());
        assert_eq!(catalog.schema_migrations.len(), 6);
        assert_eq!(catalog.schema_migrations[5], "20200617144551");
        let copy = rebuilt(&catalog).await;
        assert_eq!(pg_dump(&PROGRAMS, &copy), pg_dump(&PROGRAMS, &original));
    });
}

#[test]
fn sequences_continue_where_they_stopped() {
    run(async {
        let original = postfacto(0.0).await;
        let copy = rebuilt(&read(&original).await.expect("it can be read")).await;
        let next = "SELECT nextval('users_id_seq'), nextval('items_id_seq')";
        let row = copy
            .connect()
            .await
            .query_one(next, &[])
            .await
            .expect("ids");
        // The one was set to the largest id and 7, and not called; the other was called.
        assert_eq!(
            (row.get::<_, i64>(0), row.get::<_, i64>(1)),
            (5 + 7, 200 + 8)
        );
    });
}

#[test]
fn tables_are_in_foreign_key_order_with_their_copied_columns() {
    run(async {
        let database = empty_postfacto().await;
        execute(
            &database,
            "CREATE TABLE a (b bigint REFERENCES retros, c int GENERATED ALWAYS AS (1) STORED);
             CREATE TABLE ring_1 (id int PRIMARY KEY, other int);
             CREATE TABLE ring_2 (id int PRIMARY KEY, other int REFERENCES ring_1);
             ALTER TABLE ring_1 ADD FOREIGN KEY (other) REFERENCES ring_2",
        )
        .await;
        let catalog = read(&database).await.expect("it can be read");
        let names: Vec<&str> = catalog.tables.iter().map(|it| it.name.as_str()).collect();
        let place = |name: &str| names.iter().position(|it| *it == name).expect(name);
        assert_eq!(names.len(), 11, "{names:?}");
        assert!(place("items") < place("retros"), "{names:?}");
        assert!(place("retros") < place("a"), "{names:?}");
        let a = &catalog.tables[place("a")];
        assert_eq!(a.columns, ["b"]);
        let entry = &catalog.entries[usize::try_from(a.entry - 1).expect("from 1")];
        assert_eq!((entry.id, entry.tag.as_str()), (a.entry, "a"));
        assert_eq!(entry.kind, pgarchive::Kind::Table);
    });
}

#[test]
fn entries_are_numbered_in_the_order_of_a_restore() {
    run(async {
        roles(postgres()).await;
        let catalog = read(&with(HARD_CASES).await).await.expect("it can be read");
        let mut last = Section::PreData;
        for (entry, id) in catalog.entries.iter().zip(1..) {
            assert_eq!(entry.id, id);
            assert!(entry.dependencies.iter().all(|it| *it < id), "{entry:?}");
            if entry.section != Section::None {
                assert!(entry.section >= last, "{entry:?}");
                last = entry.section;
            }
        }
        assert_eq!(last, Section::PostData);
    });
}

#[test]
fn a_database_without_tables_is_rejected() {
    run(async {
        let error = read(&Database::empty())
            .await
            .expect_err("nothing is there");
        assert!(matches!(error, CatalogError::Empty(_)), "{error}");
        assert!(
            error.to_string().contains("is it the right one?"),
            "{error}"
        );
    });
}

/// Asserts that the catalogue cannot be read, because another session has a lock.
async fn is_busy(database: &Database) {
    let client = database.connect().await;
    client.batch_execute(BEGIN).await.expect("a snapshot");
    let read = catalog::read(&client, Duration::from_millis(200)).await;
    let error = read.expect_err("it is busy");
    assert!(matches!(error, CatalogError::Busy(_)), "{error}");
}

#[test]
fn a_table_locked_by_a_migration_fails_soon() {
    run(async {
        let database = empty_postfacto().await;
        let migration = database.connect().await;
        let hold = "BEGIN; ALTER TABLE items ADD COLUMN more text";
        migration.batch_execute(hold).await.expect("it migrates");
        is_busy(&database).await;
    });
}

#[test]
fn a_materialized_view_locked_by_a_refresh_fails_soon() {
    run(async {
        let database = with(
            "CREATE MATERIALIZED VIEW slow AS SELECT 1 AS a;
             CREATE VIEW above AS SELECT a FROM slow;
             CREATE TABLE plain ()",
        )
        .await;
        let filler = database.connect().await;
        let hold = "BEGIN; REFRESH MATERIALIZED VIEW slow";
        filler.batch_execute(hold).await.expect("it is filled");
        is_busy(&database).await;
    });
}

#[test]
fn tables_cannot_change_until_the_reader_ends() {
    run(async {
        let database = empty_postfacto().await;
        let reader = database.connect().await;
        reader.batch_execute(BEGIN).await.expect("a snapshot");
        let read = catalog::read(&reader, Duration::from_secs(5)).await;
        read.expect("it can be read");
        let migration = database.connect().await;
        let wait = "SET lock_timeout = '100ms'; ALTER TABLE items ADD COLUMN more text";
        let refused = migration.batch_execute(wait).await.expect_err("it waits");
        assert_eq!(refused.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    });
}
