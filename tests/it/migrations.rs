//! Migrations: many at once, an older program on a newer schema, a database that is away, and the
//! rules that every migration keeps.

mod rules;

use std::process::Output;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::harness::{Database, Start, eventually, healthy, ready, run};

fn migrate(url: &str) -> Output {
    let start = Start::handler().set("DATABASE_URL", url);
    start.argument("migrate").output()
}

/// Holds it to have failed with one line, and hands on the line.
#[track_caller]
fn one_line(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

async fn history(database: &Database) -> Vec<i32> {
    let client = database.connect().await;
    let rows = client
        .query(
            "SELECT version FROM refinery_schema_history ORDER BY version",
            &[],
        )
        .await
        .expect("there is a history");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The versions of the files in `migrations/`.
fn known() -> Vec<i32> {
    rules::files()
        .into_iter()
        .map(|(version, _)| version)
        .collect()
}

#[test]
fn eight_programs_that_start_at_once_on_an_empty_database_all_become_ready() {
    run(async {
        let database = Database::empty();
        let programs = join_all((0..8).map(|_| Start::on(&database))).await;
        join_all(programs.iter().map(ready)).await;
        assert_eq!(history(&database).await, known());
        for program in &programs {
            assert_eq!(program.stderr(), Vec::<String>::new());
        }
    });
}

#[test]
fn migrate_eight_times_at_once_succeeds_eight_times() {
    run(async {
        let database = Database::empty();
        let running = (0..8).map(|_| {
            let url = database.url.clone();
            tokio::task::spawn_blocking(move || migrate(&url))
        });
        for output in join_all(running).await {
            let output = output.expect("no panic");
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let newest = known().into_iter().max().expect("there are some");
            assert!(said.contains(&format!("version {newest}")), "{said}");
        }
        assert_eq!(history(&database).await, known());
        assert_eq!(migrate(&database.url).status.code(), Some(0));
    });
}

#[test]
fn an_older_program_refuses_to_start_on_a_newer_schema_and_says_so() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let newer = "INSERT INTO refinery_schema_history VALUES (99, 'later', 'now', '1')";
        client.batch_execute(newer).await.expect("it is inserted");
        let said = one_line(&migrate(&database.url));
        assert!(
            said.contains("version 99") && said.contains("deploy"),
            "{said}"
        );
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let program = start.set("DATABASE_WAIT", "1").serving().await;
        let answer = program.get("/item").await;
        answer.problem(503, "database-unavailable");
        assert_eq!(answer.header("retry-after"), "2");
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let output = health.json()["checks"]["database:schema"][0]["output"].to_string();
        assert!(
            output.contains("version 99") && output.contains("deploy"),
            "{output}"
        );
        assert_eq!(program.get("/health/live").await.status, 200);
    });
}

#[test]
fn a_program_that_runs_goes_on_when_a_newer_one_migrates() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        program.make("before").await;
        let client = database.connect().await;
        let newer = "ALTER TABLE item ADD COLUMN colour text NOT NULL DEFAULT 'none';
                     INSERT INTO refinery_schema_history VALUES (99, 'later', 'now', '1')";
        client.batch_execute(newer).await.expect("it is migrated");
        program.make("after").await;
        assert_eq!(program.get("/item").await.status, 200);
        assert_eq!(program.get("/item?limit=2").await.status, 200);
    });
}

/// Takes a database back to an earlier day.
const SET_BACK: &str = "DROP TABLE scale_change, scale_hold, function_schedule, item_deletion,
        notify_watch, notify_state, notify_message, notify_delivery;
    ALTER TABLE function_run DROP COLUMN failure, DROP COLUMN degraded;
    DELETE FROM refinery_schema_history WHERE version >= 4";

#[test]
fn a_database_that_is_set_back_fails_health_and_is_migrated_again() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        healthy(&program).await;
        let client = database.connect().await;
        client
            .batch_execute(SET_BACK)
            .await
            .expect("it is set back");
        let output = eventually("bad health", || async {
            let answer = program.get("/health").await;
            let finding = &answer.json()["checks"]["database:schema"][0];
            let fails = answer.status == 503 && finding["status"] == "fail";
            fails.then(|| finding["output"].to_string())
        })
        .await;
        assert!(
            output.contains("older than") && output.contains("magnusapi migrate"),
            "{output}"
        );
        healthy(&program).await;
        assert_eq!(history(&database).await, known());
    });
}

#[test]
fn a_request_that_meets_a_database_that_is_set_back_waits_for_the_migrations() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        program.make("before").await;
        // A schema that has just been found complete is not looked at again.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let client = database.connect().await;
        client
            .batch_execute(SET_BACK)
            .await
            .expect("it is set back");
        let answer = program.get("/scale/hold").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(history(&database).await, known());
    });
}

#[test]
fn runs_of_functions_keep_their_rows_under_the_names_without_hyphens() {
    run(async {
        let database = Database::empty();
        let client = database.connect().await;
        for (version, sql) in rules::files() {
            if version == 5 {
                let run = "INSERT INTO function_run (function, slot, invocation_id, started_at)
                           VALUES ('postfacto-backup', now(), 'i', now()), ('scale', now(), 'i', now())";
                client.batch_execute(run).await.expect("it is written");
            }
            client.batch_execute(&sql).await.expect("it is migrated");
        }
        let names = "SELECT function FROM function_run ORDER BY function";
        let rows = client.query(names, &[]).await.expect("it can be read");
        let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, ["postfacto_backup", "scale"]);
    });
}

#[test]
fn a_migration_that_was_changed_after_it_ran_is_named() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let other = "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1";
        client.batch_execute(other).await.expect("it is changed");
        let said = one_line(&migrate(&database.url));
        assert!(
            said.contains("V1__item") && said.contains("restore the file"),
            "{said}"
        );
    });
}

#[test]
fn a_migration_that_was_left_out_is_named() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let gap = "DELETE FROM refinery_schema_history WHERE version = 1";
        client.batch_execute(gap).await.expect("it is deleted");
        let said = one_line(&migrate(&database.url));
        assert!(said.contains("V1__item"), "{said}");
    });
}

#[test]
fn a_migration_that_fails_is_named_with_the_servers_words_and_leaves_nothing_behind() {
    run(async {
        let database = Database::empty();
        let client = database.connect().await;
        // The second migration makes this table; the first would succeed.
        let in_the_way = "CREATE TABLE idempotency_key (key text)";
        client.batch_execute(in_the_way).await.expect("it is made");
        let said = one_line(&migrate(&database.url));
        for part in ["V2__", "already exists", "42P07"] {
            assert!(said.contains(part), "{said}");
        }
        client
            .batch_execute("DROP TABLE idempotency_key")
            .await
            .expect("it is dropped");
        assert_eq!(migrate(&database.url).status.code(), Some(0));
        assert_eq!(history(&database).await, known());
    });
}

#[test]
fn migrate_without_a_database_fails_soon_and_says_what_to_do() {
    let started = Instant::now();
    let away = one_line(&migrate("host=/nowhere user=unknown"));
    assert!(
        away.contains("/nowhere") && away.contains("DATABASE_URL"),
        "{away}"
    );
    let closed = one_line(&migrate("postgres://u@127.0.0.1:1/items?sslmode=disable"));
    assert!(
        closed.contains("127.0.0.1:1") && closed.contains("DATABASE_URL"),
        "{closed}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn migrate_against_a_silent_server_ends() {
    // Nothing accepts here, but the system completes the handshake.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("it is bound").port();
    let started = Instant::now();
    let start = Start::handler()
        .set(
            "DATABASE_URL",
            &format!("postgres://u@127.0.0.1:{port}/items"),
        )
        .set("DATABASE_CONNECT_TIMEOUT", "1");
    let said = one_line(&start.argument("migrate").output());
    assert!(said.contains("firewall"), "{said}");
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
}
