//! Errors of the server that are independent of the request: they are a 503 with "nothing was changed", never a
//! 500.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio_postgres::Client;

use super::stuck::lock;
use super::{create, impatient};
use crate::harness::{
    Database, Program, Response, Start, eventually, ready, run, waiting_for_a_lock,
};

#[track_caller]
fn assert_nothing_was_changed(response: &Response) {
    let problem = response.problem(503, "database-unavailable");
    assert_eq!(response.header("retry-after"), "2");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.contains("nothing was changed"), "{detail}");
}

/// A program whose sessions begin with this parameter.
async fn program_with(database: &Database, client: &Client, parameter: &str) -> Program {
    let set = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {parameter}', current_database()); END $$"
    );
    client.batch_execute(&set).await.expect("it is set");
    impatient(&database.url).serving().await
}

fn rename(program: &Program, id: i64, name: &str) -> reqwest::RequestBuilder {
    program.with_json(
        Method::PATCH,
        &format!("/item/{id}"),
        &json!({ "name": name }),
    )
}

#[test]
fn temporary_errors_are_503() {
    run(async {
        let database = Database::migrated();
        let program = impatient(&database.url).serving().await;
        let id = program.make("item").await;
        let client = database.connect().await;
        // A rename to an error code raises that error.
        let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                      BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = NEW.name; END $$;
                      CREATE TRIGGER refuse BEFORE UPDATE ON item FOR EACH ROW
                      EXECUTE FUNCTION refuse()";
        client.batch_execute(refuse).await.expect("it is made");
        for code in [
            "53100", "53200", "53400", "40002", "25006", "57014", "55P03",
        ] {
            assert_nothing_was_changed(&Response::to(rename(&program, id, code)).await);
            program.error_line(|line| line.contains(code)).await;
        }
        // The program retries these until the deadline, which may also end the last attempt.
        for code in ["40001", "40P01"] {
            let response = Response::to(rename(&program, id, code)).await;
            assert_eq!(response.status, 503, "{response:?}");
        }
        // A defect is a 500.
        let response = Response::to(rename(&program, id, "22012")).await;
        response.problem(500, "internal");
    });
}

#[test]
fn a_read_only_database_serves_reads_and_health_has_the_remedy() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let insert = "INSERT INTO item (name) VALUES ('item') RETURNING id";
        let id = client.query_one(insert, &[]).await.expect("it is made");
        let id: i64 = id.get(0);
        let program = program_with(&database, &client, "default_transaction_read_only = on").await;
        let keyed = create(&program, "keyed").header("Idempotency-Key", "k");
        for request in [create(&program, "new"), rename(&program, id, "x"), keyed] {
            assert_nothing_was_changed(&Response::to(request).await);
        }
        assert_eq!(program.get(&format!("/item/{id}")).await.status, 200);
        let output = eventually("bad health", || async {
            let response = program.get("/health").await;
            let finding = &response.json()["checks"]["database:writable"][0];
            let fails = response.status == 503 && finding["status"] == "fail";
            fails.then(|| finding["output"].to_string())
        })
        .await;
        assert!(output.contains("disk is nearly full"), "{output}");
    });
}

#[test]
fn statements_that_the_server_cancels_are_503() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let program = start.serving().await;
        let id = program.make("item").await;
        let mut blocker = database.connect().await;
        let client = database.connect().await;
        let held = lock(&mut blocker, "item").await;
        let path = format!("/item/{id}");
        let requests = [
            program.request(Method::DELETE, &path),
            program.request(Method::GET, &path),
            create(&program, "new"),
        ];
        let running = requests.map(|it| tokio::spawn(Response::to(it)));
        waiting_for_a_lock(&database, 3).await;
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                       WHERE application_name = 'magnusapi' AND datname = current_database()";
        client
            .batch_execute(cancel)
            .await
            .expect("they are cancelled");
        for response in join_all(running).await {
            assert_nothing_was_changed(&response.expect("no panic"));
        }
        for parameter in ["statement_timeout = 100", "lock_timeout = 100"] {
            let program = program_with(&database, &client, parameter).await;
            let delete = program.request(Method::DELETE, &path);
            assert_nothing_was_changed(&Response::to(delete).await);
            assert_nothing_was_changed(&program.get(&path).await);
        }
        held.commit().await.expect("the lock is released");
        ready(&program).await;
    });
}

#[test]
fn a_missing_privilege_is_logged_with_its_grant() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let role = "DROP ROLE IF EXISTS reader;
                    CREATE ROLE reader LOGIN;
                    GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader";
        client.batch_execute(role).await.expect("a role");
        let url = database.url.replace("user=postgres", "user=reader");
        assert_ne!(url, database.url);
        let program = impatient(&url).serving().await;
        ready(&program).await;
        Response::to(create(&program, "new"))
            .await
            .problem(500, "internal");
        program
            .error_line(|line| {
                line.contains("permission denied for table item (42501)")
                    && line.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE item")
            })
            .await;
        let clean_up = "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM reader";
        client.batch_execute(clean_up).await.expect("it is revoked");
    });
}

#[test]
fn a_read_whose_connection_ends_is_retried() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let id = program.make("item").await;
        let mut blocker = database.connect().await;
        let client = database.connect().await;
        let held = lock(&mut blocker, "item").await;
        let path = format!("/item/{id}");
        let paths = [path.as_str(), "/item?limit=1", "/item"];
        let reads = paths.map(|it| tokio::spawn(Response::to(program.request(Method::GET, it))));
        // The first two share a connection.
        waiting_for_a_lock(&database, 2).await;
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                    WHERE application_name = 'magnusapi' AND datname = current_database()";
        client.batch_execute(end).await.expect("they are ended");
        waiting_for_a_lock(&database, 2).await;
        held.commit().await.expect("the lock is released");
        for response in join_all(reads).await {
            assert_eq!(response.expect("no panic").status, 200);
        }
    });
}
