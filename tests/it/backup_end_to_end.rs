//! From a Postfacto database to a backup and back, through the program itself and through stock
//! PostgreSQL.

mod encrypted;

use std::path::{Path, PathBuf};
use std::process::Command;

use localpg::ThrowawayOptions;
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::harness::{Database, Operator, Site, everywhere, everywhere_on_own, folder, run};

/// A folder with backups of one database.
struct Stage {
    folder: TempDir,
    site: Site,
    source: String,
    /// The source's address for the role that backs it up.
    url: String,
}

impl Stage {
    /// Of a Postfacto, which a role backs up that may only read.
    async fn new(site: Site) -> Stage {
        let source = site.postfacto(0.002).await;
        Stage {
            folder: folder(),
            url: site.readers(&source),
            source,
            site,
        }
    }

    fn dump(&self) -> String {
        self.site.dump(&self.source, &[])
    }

    fn operator(&self) -> Operator {
        let source = Database {
            url: self.url.clone(),
        };
        Operator::with_folder(&source, &self.folder.path().join("store"))
    }

    /// The folder of a backup in the store.
    fn backup(&self, id: &Value) -> PathBuf {
        let id = id.as_str().expect("an id");
        self.folder.path().join("store/postfacto").join(id)
    }
}

/// Makes a backup and returns its manifest.
#[track_caller]
fn made(operator: &Operator) -> Value {
    operator.json(&["create"])[0]["manifest"].clone()
}

/// Restores a backup by stock `pg_restore` into a new database, and returns its name.
async fn by_pg_restore(site: Site, folder: &Path, options: &[&str]) -> String {
    let database = site.database().await;
    let (url, folder) = (site.url(&database), folder.to_str().expect("UTF-8"));
    let fixed = ["--exit-on-error", "--dbname", &url, folder];
    site.succeeds("pg_restore", &[&fixed[..], options].concat());
    database
}

#[test]
fn a_backup_restores_with_the_program_and_with_pg_restore() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let manifest = made(&stage.operator());
        assert_eq!(manifest["findings"], serde_json::json!([]), "{manifest}");
        assert!(
            manifest["tables"]
                .as_array()
                .is_some_and(|it| it.len() == 8)
        );
        let before = stage.dump();

        let new = Site::fresh_name();
        let to = site.url(&new);
        let printed = stage
            .operator()
            .does(&["restore", "latest", "--to", &to, "--jobs", "2"]);
        assert!(
            printed.contains("8 tables") && printed.contains("every row equals"),
            "{printed}"
        );
        assert_eq!(site.dump(&new, &[]), before);

        let folder = stage.backup(&manifest["id"]);
        let listed = site.succeeds("pg_restore", &["--list", folder.to_str().expect("UTF-8")]);
        assert!(listed.contains("TABLE DATA public retros"), "{listed}");
        for jobs in ["1", "2"] {
            let restored = by_pg_restore(site, &folder, &["--jobs", jobs]).await;
            assert_eq!(site.dump(&restored, &[]), before, "with {jobs} jobs");
        }
    });
}

#[test]
fn pg_restore_restores_one_table_or_the_rows_alone() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let backup = stage.backup(&made(&stage.operator())["id"]);
        let one = by_pg_restore(site, &backup, &["--table=retros"]).await;
        let rows = async |database: &str| {
            let client = site.connect(database).await;
            let all = "SELECT count(*), sum(hashtext(r::text)) FROM public.retros AS r";
            let row = client.query_one(all, &[]).await.expect("a row");
            (row.get::<_, i64>(0), row.get::<_, Option<i64>>(1))
        };
        assert_eq!(rows(&one).await, rows(&stage.source).await);
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        let client = site.connect(&one).await;
        let row = client.query_one(tables, &[]).await.expect("a row");
        assert_eq!(row.get::<_, i64>(0), 1);

        // With the foreign key in place, tables have to come in its order.
        let two = by_pg_restore(site, &backup, &["--schema-only"]).await;
        let (url, folder) = (site.url(&two), backup.to_str().expect("UTF-8"));
        let rows_alone = ["--exit-on-error", "--data-only", "--dbname", &url, folder];
        site.succeeds("pg_restore", &rows_alone);
        assert_eq!(site.dump(&two, &[]), stage.dump());
    });
}

#[test]
fn the_instructions_in_a_backup_restore_it_and_name_the_programs_of_the_docs() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let backup = stage.backup(&made(&stage.operator())["id"]);
        let readme = std::fs::read_to_string(backup.join("README.txt")).expect("it is there");
        let commands = readme.lines().filter_map(|line| line.strip_prefix("    "));
        let (fetch, restore): (Vec<&str>, Vec<&str>) =
            commands.partition(|line| line.starts_with("az ") || line.starts_with("    --"));
        let documented = include_str!("../../docs/restore.md");
        for option in fetch.iter().flat_map(|line| line.split(' ')) {
            let is_known = !option.starts_with("--") || documented.contains(option);
            assert!(is_known, "{option}: {readme}");
        }
        assert!(
            fetch[0].starts_with("az storage blob download-batch"),
            "{readme}"
        );
        let database = Site::fresh_name();
        let script = restore
            .join("\n")
            .replace("=restored", &format!("='{database}'"));
        let script = script.replace(" restored", &format!(" '{database}'"));
        let script = script.replace("FOLDER", backup.to_str().expect("UTF-8"));
        let programs = site.programs.path("psql");
        let url: Config = stage.url.parse().expect("an address");
        let [Host::Unix(host)] = url.get_hosts() else {
            panic!("a socket: {url:?}")
        };
        let output = Command::new("/bin/sh")
            .args(["-eu", "-c", &script])
            .env("PATH", programs.parent().expect("a folder"))
            .env("PGHOST", host)
            .env("PGUSER", site.role)
            .output()
            .expect("a shell starts");
        assert!(output.status.success(), "{script}: {output:?}");
        let options = ["--no-owner", "--no-acl"];
        let original = site.dump(&stage.source, &options);
        assert_eq!(site.dump(&database, &options), original);
    });
}

/// The restoring role may connect to one database only; the site's role makes the backup.
#[test]
fn a_role_without_other_databases_restores_to_its_own() {
    let own = |site: Site| {
        site.with_options(ThrowawayOptions {
            hba: vec!["local postgres,template1 narrow reject".to_owned()],
            ..ThrowawayOptions::default()
        })
    };
    everywhere_on_own(own, async |site| {
        let superuser = site.superuser().await;
        let (role, own) = ("narrow", Site::fresh_name());
        let create = "DO $$ BEGIN CREATE ROLE narrow LOGIN; EXCEPTION
                          WHEN duplicate_object OR unique_violation THEN NULL; END $$";
        let give = format!("CREATE DATABASE \"{own}\" OWNER {role}");
        for sql in [create, &give] {
            superuser.batch_execute(sql).await.expect("it is made");
        }
        let stage = Stage::new(site).await;
        made(&stage.operator());
        let to = site.with_role(role).url(&own);
        let restore = ["restore", "latest", "--to", &to, "--roles", "ignored"];
        let printed = stage.operator().does(&restore);
        assert!(printed.contains("every row equals"), "{printed}");
    });
}

/// A view whose owner may see some rows.
const SEEN: &str = "
    CREATE TABLE note (id integer, secret boolean);
    INSERT INTO note VALUES (1, false), (2, true), (3, false);
    ALTER TABLE note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY public_ones ON note TO seer USING (NOT secret);
    GRANT SELECT ON note TO seer;
    GRANT CREATE ON SCHEMA public TO seer;
    CREATE MATERIALIZED VIEW seen AS SELECT id FROM note;
    ALTER MATERIALIZED VIEW seen OWNER TO seer;
    REFRESH MATERIALIZED VIEW seen";

#[test]
fn a_materialized_view_has_the_rows_that_its_owner_can_see() {
    everywhere(async |site| {
        let source = site.database().await;
        let client = site.connect(&source).await;
        client.batch_execute(SEEN).await.expect("it is made");
        let stage = Stage {
            folder: folder(),
            url: site.url(&source),
            source,
            site,
        };
        let manifest = made(&stage.operator());

        let new = Site::fresh_name();
        stage
            .operator()
            .does(&["restore", "latest", "--to", &site.url(&new)]);
        let mut restored = vec![new];
        // Stock pg_restore gives the view to its owner before that may create in the schema.
        if site.role == "postgres" {
            let folder = stage.backup(&manifest["id"]);
            restored.push(by_pg_restore(site, &folder, &[]).await);
        }
        for database in restored {
            let all = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM seen";
            let row = site.connect(&database).await.query_one(all, &[]).await;
            assert_eq!(row.expect("a row").get::<_, &str>(0), "1 3");
        }
    });
}

#[test]
fn a_new_database_has_the_encoding_and_the_locale_of_the_old_one() {
    everywhere(async |site| {
        let name = Site::fresh_name();
        let create = format!(
            "CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' \
             LC_CTYPE 'C'"
        );
        let beside = site.connect("postgres").await;
        beside.batch_execute(&create).await.expect("a database");
        let source = site.source(&name);
        let client = source.connect().await;
        let fill = "CREATE TABLE t (word text); INSERT INTO t VALUES ('caf\u{e9}')";
        client.batch_execute(fill).await.expect("it is filled");
        let store = folder();
        let operator = Operator::with_folder(&source, store.path());
        operator.makes();
        let new = Site::fresh_name();
        operator.does(&["restore", "latest", "--to", &site.url(&new)]);
        assert_eq!(site.dump(&new, &[]), site.dump(&name, &[]));
        let properties =
            "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype)
                            FROM pg_database WHERE datname = current_database()";
        let client = site.connect(&new).await;
        let row = client.query_one(properties, &[]).await.expect("a row");
        assert_eq!(row.get::<_, &str>(0), "LATIN1 C C");
    });
}

/// By the program, by the newer `pg_restore`, and back into the newer server.
#[test]
fn backups_restore_to_and_from_a_newer_postgresql() {
    run(async {
        for role in ["postgres", "administrator"] {
            let (old, new) = (
                Site::usual().with_role(role),
                Site::newest().with_role(role),
            );
            let drill = new.url("postgres");
            let stage = Stage::new(old).await;
            let backup = stage.backup(&made(&stage.operator())["id"]);
            let moved = Site::fresh_name();
            let restore = ["restore", "latest", "--to", &new.url(&moved)];
            let printed = stage.operator().does(&restore);
            assert!(printed.contains("every row equals"), "{printed}");
            by_pg_restore(new, &backup, &[]).await;
            let verify = ["verify", "latest", "--restore", "--allow-superuser"];
            let printed = stage
                .operator()
                .set("DRILL_DATABASE_URL", &drill)
                .does(&verify);
            assert!(
                printed.contains("definitions are as they were"),
                "{printed}"
            );

            // And the newer one's own, whose rows the program compares, definitions included.
            let source = new.source(&moved);
            let store = folder();
            let operator =
                Operator::with_folder(&source, store.path()).set("DRILL_DATABASE_URL", &drill);
            let id = operator.makes();
            let printed = operator.does(&verify);
            assert!(
                printed.contains("definitions are as they were"),
                "{printed}"
            );
            let backup = store.path().join("postfacto").join(id);
            by_pg_restore(new, &backup, &["--jobs=2"]).await;
        }
    });
}

#[test]
fn a_trial_restore_stores_a_mark_and_drops_its_database() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let manifest = made(&stage.operator());
        let drill = site.url("postgres");
        let number = u8::from(site.role == "postgres");
        let dead = format!("magnusapi_drill_20200101T000000Z-0000000{number}");
        let beside = site.connect("postgres").await;
        // Another test's trial may have swept it already, or made it.
        let create = format!("CREATE DATABASE \"{dead}\"");
        let _ = beside.batch_execute(&create).await;
        let verify = ["verify", "latest", "--restore", "--allow-superuser"];
        stage
            .operator()
            .set("DRILL_DATABASE_URL", &drill)
            .does(&verify);
        let mark = stage.backup(&manifest["id"]).join("verified.json");
        let mark = std::fs::read(mark).expect("it is there");
        let mark: Value = serde_json::from_slice(&mark).expect("JSON");
        assert_eq!(mark["tables"], 8);
        // Another test's trial may be under way.
        let id = manifest["id"].as_str().expect("an id");
        assert_eq!(site.databases_like(id).await, [""; 0]);
        assert_eq!(site.databases_like(&dead).await, [""; 0]);
    });
}
