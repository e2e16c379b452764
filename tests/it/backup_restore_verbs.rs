//! `magnusapi backup restore` and `verify --restore`, on each server as each role.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Database, Operator, Site, eventually, everywhere, fill_postfacto};

/// Backups of a Postfacto that belongs to the role `app`.
struct Backups {
    site: Site,
    source: String,
    operator: Operator,
    _store: TempDir,
}

impl Backups {
    async fn new(site: Site) -> Backups {
        Backups::with(site, "").await
    }

    /// With these statements run in the database that is backed up.
    async fn with(site: Site, statements: &str) -> Backups {
        let source = owned_by_app(site, statements).await;
        let store = tempfile::tempdir().expect("a folder");
        let url = site.with_role("app").url(&source);
        let operator = Operator::with_folder(&Database { url }, store.path())
            .set("DRILL_DATABASE_URL", &site.url("postgres"));
        operator.makes();
        Backups {
            site,
            source,
            operator,
            _store: store,
        }
    }

    /// The JSON output of a restore.
    fn restored(&self, arguments: &[&str]) -> Value {
        let arguments = [&["restore", "latest"], arguments].concat();
        self.operator.json(&arguments)
    }

    fn dump(&self, database: &str) -> String {
        self.site.dump(database, &[])
    }
}

/// A Postfacto of the role `app`, as the application itself would make it.
async fn owned_by_app(site: Site, statements: &str) -> String {
    let name = Site::fresh_name();
    let create = format!("CREATE DATABASE \"{name}\" OWNER app TEMPLATE template0");
    let superuser = site.superuser().await;
    superuser.batch_execute(&create).await.expect("a database");
    let client = site.with_role("app").connect(&name).await;
    fill_postfacto(&client, 0.0).await;
    client.batch_execute(statements).await.expect("they run");
    name
}

#[test]
fn a_backup_is_restored_and_proved() {
    everywhere(async |site| {
        let backups = Backups::new(site).await;
        let new = Site::fresh_name();
        let printed = backups.restored(&["--to", &site.url(&new)]);
        assert_eq!(printed["notices"], serde_json::json!([]), "{printed}");
        assert_eq!(backups.dump(&new), backups.dump(&backups.source));
        let mut drill = vec!["verify", "latest", "--restore"];
        if site.role == "postgres" {
            let said = backups.operator.exits(5, &drill);
            assert!(said.contains("is a superuser"), "{said}");
            drill.push("--allow-superuser");
        }
        let said = backups.operator.does(&drill);
        assert!(said.contains("definitions are as they were"), "{said}");
    });
}

/// Definitions that the server writes otherwise each time it reads them, and what a restore makes anew.
const OTHERWISE: &str = "
    CREATE TABLE otherwise (status varchar CHECK (status IN ('a', 'b')), number integer);
    CREATE VIEW otherwise_view AS SELECT -1::integer AS one, number FROM otherwise WHERE number > -1;
    CREATE VIEW otherwise_listed (a, b) AS VALUES (1, 'x');
    CREATE MATERIALIZED VIEW otherwise_filled AS SELECT 1 AS one;
    CREATE FUNCTION otherwise_fails(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql
        AS 'BEGIN RAISE EXCEPTION ''not today''; END';
    CREATE TABLE otherwise_analyzed AS SELECT 1 AS number;
    CREATE STATISTICS otherwise_fail ON (otherwise_fails(number)) FROM otherwise_analyzed;";

/// The server comments on a member of the extension cube, which belongs to a superuser.
const CITEXT: &str = "
    CREATE EXTENSION citext;
    CREATE EXTENSION cube;
    CREATE VIEW otherwise_citext AS SELECT NULLIF('a'::citext, 'b') AS text;";

#[test]
fn a_drill_accepts_definitions_that_the_server_rewrites() {
    everywhere(async |site| {
        let available = "SELECT FROM pg_available_extensions WHERE name = 'citext'";
        let available = site.superuser().await.query(available, &[]).await;
        let has_citext = !available.expect("a list").is_empty();
        let citext = if has_citext { CITEXT } else { "" };
        let backups = Backups::with(site, &format!("{OTHERWISE}{citext}")).await;
        let drill = ["verify", "latest", "--restore", "--allow-superuser"];
        let said = backups.operator.does(&drill);
        assert!(said.contains("definitions are as they were"), "{said}");
        let printed = backups.restored(&["--to", &site.url(&Site::fresh_name())]);
        let notices = printed["notices"].to_string();
        for (notice, is_there) in [
            ("materialized views were refreshed: otherwise_filled", true),
            (
                "installed in the server's newest version: citext",
                has_citext,
            ),
            (
                "ANALYZE of table public.otherwise_analyzed failed: not",
                true,
            ),
        ] {
            assert_eq!(notices.contains(notice), is_there, "{notice}: {notices}");
        }
    });
}

/// Runs a command as it was printed.
#[track_caller]
fn shell(site: Site, command: &Value) {
    let programs = site.programs.path("psql");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [programs.parent().expect("a folder").to_owned()];
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
    let output = Command::new("/bin/sh")
        .args(["-eu", "-c", command.as_str().expect("a command")])
        .env("PATH", path.expect("no folder has a colon"))
        .output()
        .expect("a shell starts");
    assert!(output.status.success(), "{command}: {output:?}");
}

#[test]
fn the_printed_commands_go_back_to_the_old_database_and_drop_it() {
    everywhere(async |site| {
        let backups = Backups::new(site).await;
        let target = owned_by_app(site, "CREATE TABLE before (number integer)").await;
        let to = site.url(&target);
        let said = backups
            .operator
            .exits(5, &["restore", "latest", "--to", &to]);
        assert!(
            said.contains("is not empty") && said.contains("--replace"),
            "{said}"
        );
        let before = backups.dump(&target);
        let session = site.with_role("app").connect(&target).await;
        let printed = backups.restored(&["--replace", "--to", &to]);
        assert!(
            session.simple_query("SELECT").await.is_err(),
            "it was ended"
        );
        let restored = backups.dump(&backups.source);
        assert_eq!(backups.dump(&target), restored);
        let old = printed["oldDatabase"].as_str().expect("it has a name");
        assert_eq!(backups.dump(old), before);

        let session = site.with_role("app").connect(&target).await;
        shell(site, &printed["goBack"]);
        assert!(
            session.simple_query("SELECT").await.is_err(),
            "it was ended"
        );
        assert_eq!(backups.dump(&target), before);
        let undone = site.databases_like(&format!("{target}_undone_")).await;
        assert_eq!(backups.dump(&undone[0]), restored);
        site.with_role("app").connect(&undone[0]).await;

        let again = ["restore", "latest", "--replace", "--to", &to];
        let said = backups.operator.does(&again);
        let old = site.databases_like(&format!("{target}_before_")).await;
        let lines: Vec<&str> = said.lines().collect();
        let [is_complete, to_go_back, _, to_drop, drop_old] = lines[lines.len() - 5..] else {
            panic!("{said}");
        };
        assert!(is_complete.ends_with(&format!("under the name {}.", old[0])));
        assert_eq!(to_go_back, "To go back to it:");
        assert_eq!(to_drop, "To drop it when it is no longer needed:");
        shell(site, &drop_old.into());
        let left = site.databases_like(&format!("{target}_before_")).await;
        assert_eq!(left, [""; 0]);
    });
}

/// An index of this name, which takes three seconds in a temporary database.
fn slow(index: &str) -> String {
    format!(
        "CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
             IF pg_catalog.starts_with(pg_catalog.current_database(), 'magnusapi_') THEN
                 PERFORM pg_catalog.pg_sleep(3);
             END IF;
             RETURN $1; END$$;
         CREATE TABLE slow (number integer);
         INSERT INTO slow VALUES (1);
         CREATE INDEX {index} ON slow (slow(number))"
    )
}

/// Waits until the program runs a statement with this in it; returns the database.
async fn runs(site: Site, statement: &str) -> String {
    let superuser = site.superuser().await;
    let sessions = "SELECT datname::text FROM pg_stat_activity
                     WHERE application_name = 'magnusapi' AND strpos(query, $1) > 0
                       AND state = 'active' AND usename = $2";
    eventually(statement, || async {
        let rows = superuser.query(sessions, &[&statement, &site.role]).await;
        let rows = rows.expect("they can be listed");
        rows.first().map(|row| row.get(0))
    })
    .await
}

async fn is_gone(site: Site, database: &str) {
    eventually("the end of the temporary database", || async {
        let left = site.databases_like(database).await;
        left.is_empty().then_some(())
    })
    .await;
}

#[test]
fn a_restore_that_is_killed_leaves_the_target_and_running_again_completes_it() {
    everywhere(async |site| {
        let index = format!("slowly_{}_killed", site.role);
        let backups = Backups::with(site, &slow(&index)).await;
        let target = owned_by_app(site, "CREATE TABLE before (number integer)").await;
        let before = backups.dump(&target);
        let to = site.url(&target);
        let arguments = ["restore", "latest", "--replace", "--to", to.as_str()];
        let killed = backups.operator.begins(&arguments);
        let temporary = runs(site, &format!("CREATE INDEX {index} ")).await;
        killed.kill();
        assert_eq!(backups.dump(&target), before);

        // While it is renamed, a session that only a superuser may end holds it up.
        if site.role != "postgres" {
            let session = crate::harness::connect(&site.superusers(&target)).await;
            let killed = backups.operator.begins(&arguments);
            let rename = format!("ALTER DATABASE \"{target}\" RENAME TO");
            runs(site, &rename).await;
            killed.kill();
            session.simple_query("SELECT").await.expect("it goes on");
            assert_eq!(backups.dump(&target), before);
            let superuser = site.superuser().await;
            eventually("the end of the rename", || async {
                let renames = "SELECT FROM pg_stat_activity
                                WHERE strpos(query, $1) > 0 AND usename = $2";
                let rows = superuser.query(renames, &[&rename, &site.role]).await;
                rows.expect("they can be listed").is_empty().then_some(())
            })
            .await;
        }

        let printed = backups.restored(&["--replace", "--to", &to]);
        assert_eq!(backups.dump(&target), backups.dump(&backups.source));
        let old = printed["oldDatabase"].as_str().expect("it has a name");
        assert_eq!(backups.dump(old), before);
        is_gone(site, &temporary).await;
        let notices = printed["notices"].to_string();
        assert!(
            notices.contains("which an earlier restore left"),
            "{notices}"
        );
    });
}

#[test]
fn a_signal_during_the_rename_names_the_complete_database_and_the_statements_that_remain() {
    everywhere(async |site| {
        let backups = Backups::new(site).await;
        let target = owned_by_app(site, "CREATE TABLE before (number integer)").await;
        let before = backups.dump(&target);
        // Only a superuser may end it.
        let session = crate::harness::connect(&site.superusers(&target)).await;
        let to = site.url(&target);
        let arguments = ["restore", "latest", "--replace", "--to", to.as_str()];
        if site.role == "postgres" {
            backups.operator.does(&arguments);
            let ended = session.simple_query("SELECT").await;
            assert!(ended.is_err(), "a superuser waits for no session");
            return;
        }
        let mut restoring = backups.operator.begins_with_stderr(&arguments);
        let stderr = restoring.stderr();
        runs(site, &format!("ALTER DATABASE \"{target}\" RENAME TO")).await;
        assert_eq!(restoring.ended_by("TERM").code(), Some(6));
        let said: Vec<String> = stderr.collect();
        let failure = format!("could not be renamed to {target}: ");
        assert!(said.iter().any(|line| line.contains(&failure)), "{said:?}");
        session.simple_query("SELECT").await.expect("it goes on");
        assert_eq!(backups.dump(&target), before);
        drop(session);
        let statements = said.iter().find(|line| line.contains(" RENAME TO "));
        let beside = site.connect("postgres").await;
        let completed = beside.batch_execute(statements.expect("they are named"));
        completed.await.expect("they complete it");
        assert_eq!(backups.dump(&target), backups.dump(&backups.source));
    });
}

#[test]
fn a_signal_drops_the_temporary_database_and_fails() {
    everywhere(async |site| {
        let index = format!("slowly_{}_signalled", site.role);
        let backups = Backups::with(site, &slow(&index)).await;
        let to = site.url(&Site::fresh_name());
        for arguments in [
            &["restore", "latest", "--to", &to][..],
            &["verify", "latest", "--restore", "--allow-superuser"],
        ] {
            for signal in ["INT", "TERM"] {
                let running = backups.operator.begins(arguments);
                let temporary = runs(site, &format!("CREATE INDEX {index} ")).await;
                let ended = running.ended_by(signal);
                assert_eq!(ended.code(), Some(6), "{arguments:?} {signal}");
                assert_eq!(site.databases_like(&temporary).await, [""; 0]);
            }
        }
    });
}
