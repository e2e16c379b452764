//! Exports of real databases, read back by stock `pg_restore`.

mod compression;
mod others;
mod ranges;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use magnusapi::backup::export::{ExportError, Options, export};
use magnusapi::backup::{Progress, Source, SourceBackups, SourceName};
use magnusapi::blob::{BlobAddress, Blobs};
use magnusapi::database::Settings;
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{MANIFEST, Manifest};
use tempfile::TempDir;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Site, TIMEOUT, eventually, everywhere, run};

/// A store in a folder.
struct Store {
    folder: TempDir,
    blobs: Blobs,
}

fn store() -> Store {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&BlobAddress::folder(folder.path())).expect("a store");
    Store { folder, blobs }
}

impl Store {
    /// All files, in order.
    async fn files(&self) -> Vec<String> {
        let found = self.blobs.list("").await.expect("a list");
        found.into_iter().map(|blob| blob.name).collect()
    }
}

fn source(database: &Database) -> Source {
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| database.url.clone()));
    Source {
        name: "postfacto".parse::<SourceName>().expect("a name"),
        database: settings.expect("good").expect("a database is named"),
    }
}

fn options() -> Options {
    Options {
        retries: 0,
        ..Options::new(2, Recipients::default(), TIMEOUT)
    }
}

async fn exported(
    database: &Database,
    store: &Store,
    options: &Options,
) -> Result<Manifest, ExportError> {
    let clock: magnusapi::clock::Clock = Arc::new(Timestamp::now);
    let progress = Progress::default();
    let source = source(database);
    export(&source, &store.blobs, options, &clock, &progress, &|_| ()).await
}

/// Runs `pg_restore` of the site's version with these arguments. `Err` is its output on stderr.
fn pg_restore(site: Site, archive: &Path, arguments: &[&str]) -> Result<String, String> {
    let archive = archive.to_str().expect("UTF-8");
    let output = site.program("pg_restore", &[arguments, &[archive]].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// Two tables with rows that refer to each other, one that is empty and one without columns.
const TABLES: &str = r#"
    CREATE TABLE "Odd 'name" (id bigserial PRIMARY KEY, text text);
    INSERT INTO "Odd 'name" (text) SELECT repeat(i::text, i % 400) || E'\\N\t\r\n' FROM generate_series(1, 20000) i;
    CREATE TABLE a_child (parent bigint REFERENCES "Odd 'name", at timestamptz DEFAULT '2026-01-01Z',
                          twice bigint GENERATED ALWAYS AS (parent * 2) STORED);
    INSERT INTO a_child SELECT i FROM generate_series(1, 500) i;
    CREATE TABLE nothing (id int);
    CREATE TABLE bare ();
    INSERT INTO bare DEFAULT VALUES;
    INSERT INTO bare DEFAULT VALUES;
"#;

async fn with_tables() -> Database {
    Site::usual().filled(TABLES).await
}

/// A digest of all rows of the tables.
async fn fingerprint(database: &Database) -> String {
    let question = r#"SELECT (SELECT count(*) || md5(string_agg(t::text, ',' ORDER BY id)) FROM "Odd 'name" t)
         || (SELECT count(*) || md5(string_agg(t::text, ',' ORDER BY parent)) FROM a_child t)
         || (SELECT count(*) FROM nothing) || (SELECT count(*) FROM bare)
         || (SELECT last_value || is_called::text FROM "Odd 'name_id_seq")"#;
    let row = database.connect().await.query_one(question, &[]).await;
    row.expect("it can be asked").get(0)
}

#[test]
fn stock_pg_restore_restores_every_row_and_the_manifest_is_true() {
    everywhere(async |site| {
        let (database, store) = (site.filled(TABLES).await, store());
        let manifest = exported(&database, &store, &options())
            .await
            .expect("a backup");
        let folder = format!("postfacto/{}", manifest.id);
        let archive = store.folder.path().join(&folder);
        let mut names: Vec<String> = manifest.files.iter().map(|it| it.name.clone()).collect();
        names.push(MANIFEST.to_owned());
        let mut expected: Vec<String> = names.iter().map(|it| format!("{folder}/{it}")).collect();
        expected.sort();
        assert_eq!(store.files().await, expected);
        let rows = |name: &str| {
            let table = manifest.tables.iter().find(|table| table.name == name);
            table.expect("it is listed").rows
        };
        assert_eq!(
            (
                rows("Odd 'name"),
                rows("a_child"),
                rows("nothing"),
                rows("bare")
            ),
            (20_000, 500, 0, 2)
        );
        let listing = pg_restore(site, &archive, &["--list"]).expect("a list");
        assert!(listing.contains("row_count_check"), "{listing}");
        for arguments in [&["-j2"][..], &["-1"]] {
            let restored = site.source(&site.database().await);
            let to = [&["--exit-on-error", "-d", &restored.url], arguments].concat();
            pg_restore(site, &archive, &to).expect("it is restored");
            assert_eq!(fingerprint(&restored).await, fingerprint(&database).await);
        }
    });
}

#[test]
fn stock_pg_restore_fails_where_rows_are_missing() {
    everywhere(async |site| {
        let (database, store) = (site.filled(TABLES).await, store());
        let manifest = exported(&database, &store, &options())
            .await
            .expect("a backup");
        let archive = store
            .folder
            .path()
            .join("postfacto")
            .join(manifest.id.as_str());
        let file = |name: &str| {
            let table = manifest.tables.iter().find(|table| table.name == name);
            archive.join(&table.expect("it is listed").file)
        };
        // A good file, and with no rows.
        std::fs::copy(file("nothing"), file("a_child")).expect("it is copied");
        let restored = site.url(&site.database().await);
        let printed = pg_restore(site, &archive, &["-d", &restored]);
        let printed = printed.expect_err("rows are missing");
        assert!(
            printed.contains("\"public\".\"a_child\" has 0 rows, the backup has 500"),
            "{printed}"
        );
    });
}

#[test]
fn all_tables_are_of_one_snapshot_under_writes() {
    run(async {
        let (database, store) = (Database::empty(), store());
        let client = database.connect().await;
        let tables = "CREATE TABLE one AS SELECT i, repeat('x', 500) AS text FROM generate_series(1, 20000) i;
                      CREATE TABLE two AS SELECT * FROM one; CREATE TABLE three AS SELECT * FROM one";
        client.batch_execute(tables).await.expect("tables");
        let writing = tokio::spawn(async move {
            loop {
                let both = "BEGIN; INSERT INTO one VALUES (0); INSERT INTO two VALUES (0);
                            INSERT INTO three VALUES (0); COMMIT";
                client.batch_execute(both).await.expect("it is written");
            }
        });
        let watcher = database.connect().await;
        eventually("the first writes", async || {
            let row = watcher.query_one("SELECT count(*) FROM three", &[]).await;
            (row.expect("it can be asked").get::<_, i64>(0) > 20_010).then_some(())
        })
        .await;
        let manifest = exported(&database, &store, &options())
            .await
            .expect("a backup");
        writing.abort();
        let rows: Vec<u64> = manifest.tables.iter().map(|table| table.rows).collect();
        assert_eq!(rows, [rows[0]; 3]);
        let row = watcher.query_one("SELECT count(*) FROM one", &[]).await;
        let now: i64 = row.expect("it can be asked").get(0);
        assert!(
            u64::try_from(now).expect("a count") > rows[0],
            "nothing was written meanwhile"
        );
    });
}

#[test]
fn a_run_that_fails_late_deletes_what_it_stored() {
    run(async {
        let (database, container) = (with_tables().await, Container::new().await);
        let faults = StorageFaults::before(container.address()).await;
        // The first blob that is stored whole is the table of contents.
        let denied = Fault::status("403 Forbidden", "AuthorizationPermissionMismatch", "a: b");
        faults.once(Call::Put, denied);
        let (blobs, progress) = (
            container.through(&faults.address).blobs(),
            Progress::default(),
        );
        let clock: magnusapi::clock::Clock = Arc::new(Timestamp::now);
        let source = source(&database);
        let made = export(&source, &blobs, &options(), &clock, &progress, &|_| ()).await;
        let error = made.expect_err("it cannot be stored").to_string();
        assert!(error.contains("toc.dat"), "{error}");
        assert!(container.blobs().list("").await.expect("a list").is_empty());
        let seen = (progress.tables(), progress.tables_done(), progress.rows());
        assert_eq!(seen, (4, 4, 20_502));
        let bytes = [progress.bytes(), progress.estimated_bytes()];
        assert!(bytes.iter().all(|it| *it > 1_000_000), "{bytes:?}");
    });
}

#[test]
fn a_manifest_that_is_too_large_to_be_read_is_not_stored() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let small = Options {
            manifest_limit: 1000,
            ..options()
        };
        let error = exported(&database, &store, &small).await;
        let error = error.expect_err("it is too large");
        assert!(
            matches!(error, ExportError::ManifestTooLarge { .. }),
            "{error}"
        );
        let printed = error.to_string();
        assert!(
            printed.contains("more than the 1000") && printed.contains("another database"),
            "{printed}"
        );
        assert_eq!(store.files().await, [""; 0]);
    });
}

#[test]
fn only_the_readme_and_the_manifest_are_not_encrypted() {
    run(async {
        let (database, store) = (with_tables().await, store());
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let encrypted = Options {
            recipients: Recipients::parse(key).expect("a key"),
            ..options()
        };
        let manifest = exported(&database, &store, &encrypted)
            .await
            .expect("a backup");
        assert_eq!(manifest.recipients, [key]);
        let mut clear = store.files().await;
        clear.retain(|name| name.strip_suffix(".age").is_none());
        let folder = format!("postfacto/{}", manifest.id);
        assert_eq!(
            clear,
            [
                format!("{folder}/README.txt"),
                format!("{folder}/{MANIFEST}")
            ]
        );
    });
}

#[test]
fn only_old_folders_without_a_manifest_are_swept() {
    run(async {
        let store = store();
        for name in [
            "postfacto/20260101T000000Z-00000001/1.dat.gz",
            "postfacto/20260101T000000Z-00000001/toc.dat",
            "postfacto/20260101T000000Z-00000002/toc.dat",
            "postfacto/20260101T000000Z-00000002/manifest.json",
            "postfacto/20260102T000000Z-00000003/toc.dat",
            "postfacto/of-another-program/toc.dat",
            "other/20260101T000000Z-00000004/toc.dat",
        ] {
            store
                .blobs
                .create(name, "x".into())
                .await
                .expect("it is stored");
        }
        let before = store.files().await;
        let source = "postfacto".parse().expect("a name");
        let now: Timestamp = "2026-01-02T12:00:00Z".parse().expect("a time");
        let backups = SourceBackups::new(store.blobs.clone(), source);
        let swept = backups.sweep(now).await.expect("it is swept");
        let printed: Vec<String> = swept.iter().map(ToString::to_string).collect();
        assert_eq!(
            printed,
            ["20260101T000000Z-00000001 was never finished: 2 files deleted"]
        );
        assert_eq!(
            store.files().await,
            before
                .iter()
                .filter(|it| !it.contains("-00000001/"))
                .cloned()
                .collect::<Vec<_>>()
        );
    });
}
