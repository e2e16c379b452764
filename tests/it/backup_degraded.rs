//! A database with an object that no archive carries: its rows are saved, and the backup is reported as
//! degraded.

use std::path::Path;

use devhost::{Host, TimerCall, TimerResult};
use serde_json::Value;

use crate::harness::{
    AppFolder, Database, Operator, Response, Site, client, connect, everywhere, folder, logged,
    run, start, timer,
};

const TABLES: &str = "
    CREATE TABLE kept AS SELECT i, 'row ' || i AS text FROM generate_series(1, 1000) i;
    ALTER TABLE kept OWNER TO restore_owner;
    CREATE TYPE shell;";

const FINDING: &str = "type public.shell is not in the archive";

/// A database of the site's role. A superuser runs the statements in it.
async fn source(site: Site, statements: &str) -> Database {
    let name = site.database().await;
    let client = connect(&site.superusers(&name)).await;
    client.batch_execute(statements).await.expect("they run");
    Database {
        url: site.url(&name),
    }
}

async fn rows(url: &str) -> String {
    let question = "SELECT md5(string_agg(k::text, ',' ORDER BY i)) FROM kept k";
    let client = connect(url).await;
    let row = client.query_one(question, &[]).await;
    row.expect("it can be asked").get(0)
}

fn manifest(store: &Path) -> Value {
    file(store, "manifest.json")
}

/// A file of the only backup.
fn file(store: &Path, name: &str) -> Value {
    let mut runs = std::fs::read_dir(store.join("postfacto")).expect("a source");
    let run = runs.next().expect("a backup").expect("a folder");
    let text = std::fs::read(run.path().join(name)).expect("it is there");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn a_degraded_backup_is_reported_and_restores_every_row() {
    everywhere(async |site| {
        let (source, store) = (source(site, TABLES).await, folder());
        let operator = Operator::with_folder(&source, store.path());
        let printed = operator.exits(3, &["create"]);
        assert!(
            printed.contains(FINDING) && printed.contains("degraded"),
            "{printed}"
        );
        assert_eq!(
            manifest(store.path())["findings"],
            serde_json::json!([FINDING])
        );
        let listed = operator.json(&["list"]);
        assert_eq!(listed[0]["state"], "degraded", "{listed}");
        assert!(operator.does(&["show", "latest"]).contains(FINDING));
        assert!(operator.does(&["verify", "latest"]).contains(FINDING));
        assert!(operator.does(&["list"]).contains(FINDING));
        let restored = site.url(&Site::fresh_name());
        let printed = operator.does(&["restore", "latest", "--to", &restored]);
        assert!(printed.contains(FINDING), "{printed}");
        assert_eq!(rows(&restored).await, rows(&source.url).await);
        let operator = operator.set("DRILL_DATABASE_URL", &site.url("postgres"));
        let drill = ["verify", "latest", "--restore", "--allow-superuser"];
        assert!(operator.does(&drill).contains(FINDING));
        let mark = file(store.path(), "verified.json");
        assert_eq!(mark["missing"], serde_json::json!([FINDING]));
    });
}

/// A table whose column is of a type that no archive carries, one that refers to it, and one that does
/// not.
const NEEDS_A_TYPE: &str = "
    CREATE TYPE own;
    CREATE FUNCTION own_in(cstring) RETURNS own LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
    CREATE FUNCTION own_out(own) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
    CREATE TYPE own (INPUT = own_in, OUTPUT = own_out, LIKE = int4);
    CREATE TABLE of_own (id integer PRIMARY KEY, value own);
    CREATE TABLE refers (id integer REFERENCES of_own);
    CREATE TABLE kept AS SELECT i, 'row ' || i AS text FROM generate_series(1, 1000) i;
    ALTER TABLE of_own OWNER TO restore_owner;
    ALTER TABLE refers OWNER TO restore_owner;
    ALTER TABLE kept OWNER TO restore_owner;";

#[test]
fn go_on_skips_and_names_objects_that_fail() {
    everywhere(async |site| {
        let (source, store) = (source(site, NEEDS_A_TYPE).await, folder());
        let operator = Operator::with_folder(&source, store.path());
        operator.exits(3, &["create"]);
        let target = site.url(&Site::fresh_name());
        let printed = operator.fails(&["restore", "latest", "--to", &target]);
        assert!(printed.contains("TABLE public.of_own"), "{printed}");
        let output = operator.output(&["restore", "latest", "--go-on", "--to", &target]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        for line in [
            "warning: type public.own is not in the archive",
            "left out: TABLE public.of_own: type \"public.own\" does not exist",
            "left out: the 0 rows of table public.of_own",
            "left out: FK CONSTRAINT public.refers refers_id_fkey",
        ] {
            assert!(printed.contains(line), "{line} in {printed}");
        }
        assert_eq!(rows(&target).await, rows(&source.url).await);
        let listed = operator.does(&["list"]);
        assert!(
            listed.contains("type public.own is not in the archive"),
            "{listed}"
        );
    });
}

async fn health(host: &Host) -> Value {
    let request = client().get(format!("{}/health", host.url()));
    let answer = Response::to(request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn a_degraded_backup_fails_the_timer_and_warns_in_health() {
    run(async {
        let (own, source) = (Database::migrated(), source(Site::usual(), TABLES).await);
        let store = folder();
        let app = AppFolder::new();
        let options = app
            .on(&own)
            .setting("BACKUP_URL", format!("file://{}", store.path().display()))
            .setting("BACKUP_DATABASES", "postfacto")
            .setting("BACKUP_DATABASE_URL_POSTFACTO", &source.url);
        let host = start(options).await;
        let result = host
            .invoke_timer("postfacto_backup", TimerCall::default())
            .await;
        let TimerResult::Failed { reason } = result else {
            panic!("{result:?}");
        };
        let reason = format!("{reason:?}");
        assert!(reason.contains("500"), "{reason}");
        logged(&host, |log| {
            log.text.contains("degraded") && log.text.contains(FINDING)
        })
        .await;
        assert_eq!(
            manifest(store.path())["findings"],
            serde_json::json!([FINDING])
        );
        let health = health(&host).await;
        let run = timer(&health, "postfacto_backup");
        assert_eq!(run["status"], "warn", "{health}");
        assert!(run.to_string().contains(FINDING), "{health}");
        assert_eq!(health["status"], "warn", "{health}");
        host.shutdown().await;
    });
}
