//! Creations that wait together become one statement, and each gets its own result.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::harness::{Database, Program, Response, Start, eventually, ready, run};
use crate::metrics::Series;

/// The numbers of items that the statements for creations made. A name that begins with `hang` makes its statement
/// wait until a test lets it go on.
const WATCHED: &str = "
    CREATE TABLE statement (items bigint);
    CREATE FUNCTION record_statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO statement SELECT count(*) FROM created;
        RETURN NULL;
    END $$;
    CREATE TRIGGER record_statement AFTER INSERT ON item REFERENCING NEW TABLE AS created
        FOR EACH STATEMENT EXECUTE FUNCTION record_statement();
    CREATE TABLE released (name text);
    CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE NOT EXISTS (SELECT FROM released WHERE name = NEW.name) LOOP
            PERFORM pg_sleep(0.01);
        END LOOP;
        RETURN NEW;
    END $$;
    CREATE TRIGGER hang BEFORE INSERT ON item FOR EACH ROW WHEN (NEW.name LIKE 'hang%')
        EXECUTE FUNCTION hang();";

/// A creation that waits for its response.
type Waiting = JoinHandle<Response>;

/// A program whose statements for creations are counted, and hang on demand.
struct Stage {
    database: Database,
    client: Client,
    program: Program,
}

impl Stage {
    async fn new() -> Stage {
        let database = Database::migrated();
        let client = database.connect().await;
        client.batch_execute(WATCHED).await.expect("it is watched");
        let start = Start::handler().set("DATABASE_URL", &database.url);
        // On a busy machine, no creation ends for its time.
        let start = start.set("DATABASE_WAIT", "100");
        let start = start.set("DATABASE_STATEMENT_TIMEOUT", "100");
        let program = start.serving().await;
        ready(&program).await;
        Stage {
            database,
            client,
            program,
        }
    }

    /// Sends a creation. Its response comes later.
    fn create(&self, name: &str) -> Waiting {
        tokio::spawn(Response::to(self.creation(name)))
    }

    fn creation(&self, name: &str) -> RequestBuilder {
        let body = json!({ "name": name });
        self.program.with_json(Method::POST, "/item", &body)
    }

    /// Both statements that may run at once hang, so that further creations wait in the queue.
    async fn hang(&self) -> [Waiting; 2] {
        let first = self.create("hang 1");
        self.hanging(1).await;
        let second = self.create("hang 2");
        self.hanging(2).await;
        [first, second]
    }

    /// Sends creations of these names, and waits until all of them are in the queue.
    async fn queue<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<Waiting> {
        let waiting: Vec<_> = names.into_iter().map(|name| self.create(name)).collect();
        let number = u32::try_from(waiting.len()).expect("a few hundred");
        self.queued(number).await;
        waiting
    }

    async fn queued(&self, number: u32) {
        eventually("that many creations in the queue", async || {
            let series = Series::of(&self.program.get("/metrics").await);
            let depth = series.value("magnusapi_item_queue_depth", &[]);
            (depth == Some(number.into())).then_some(())
        })
        .await;
    }

    async fn hanging(&self, number: i64) {
        let count = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name = 'magnusapi'
                        AND state = 'active' AND query LIKE 'INSERT INTO item%'";
        eventually("that many statements that hang", async || {
            let row = self.client.query_one(count, &[]).await.expect("a number");
            (row.get::<_, i64>(0) == number).then_some(())
        })
        .await;
    }

    async fn release(&self, name: &str) {
        let release = "INSERT INTO released VALUES ($1)";
        let released = self.client.execute(release, &[&name]).await;
        released.expect("it goes on");
    }

    /// The numbers of items that the statements made, the smallest first.
    async fn statements(&self) -> Vec<i64> {
        let items = "SELECT items FROM statement ORDER BY items";
        let rows = self.client.query(items, &[]).await.expect("a list");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// How many items have this name.
    async fn items(&self, name: &str) -> i64 {
        let count = "SELECT count(*) FROM item WHERE name = $1";
        let row = self.client.query_one(count, &[&name]).await;
        row.expect("a number").get(0)
    }
}

async fn statuses(waiting: Vec<Waiting>) -> Vec<u16> {
    let responses = join_all(waiting).await.into_iter();
    let statuses = responses.map(|it| it.expect("no panic").status.as_u16());
    statuses.collect()
}

#[test]
fn creations_that_wait_together_become_one_statement() {
    run(async {
        let stage = Stage::new().await;
        let hanging = stage.hang().await;
        let names: Vec<String> = (0..300).map(|number| format!("item {number}")).collect();
        let waiting = stage.queue(names.iter().map(String::as_str)).await;
        // A response comes after the commit.
        assert!(waiting.iter().chain(&hanging).all(|it| !it.is_finished()));
        stage.release("hang 1").await;
        assert_eq!(statuses(waiting).await, [201; 300]);
        stage.release("hang 2").await;
        assert_eq!(statuses(hanging.into()).await, [201; 2]);
        assert_eq!(stage.statements().await, [1, 1, 300]);
    });
}

#[test]
fn a_creation_does_not_wait_for_a_large_statement_that_hangs() {
    run(async {
        let stage = Stage::new().await;
        let [first, second] = stage.hang().await;
        let large = stage.queue(["hang 3", "a", "b", "c"]).await;
        stage.release("hang 1").await;
        assert_eq!(first.await.expect("no panic").status, 201);
        stage.hanging(2).await;
        stage.release("hang 2").await;
        assert_eq!(second.await.expect("no panic").status, 201);
        let lone = stage.create("lone").await.expect("no panic");
        assert_eq!(lone.status, 201, "{lone:?}");
        assert!(large.iter().all(|it| !it.is_finished()));
        stage.release("hang 3").await;
        assert_eq!(statuses(large).await, [201; 4]);
    });
}

#[test]
fn a_creation_that_fails_does_not_fail_its_batch() {
    run(async {
        let stage = Stage::new().await;
        stage.program.make("taken").await;
        let rule = "ALTER TABLE item ADD CHECK (name <> 'forbidden')";
        stage.client.batch_execute(rule).await.expect("a rule");
        let hanging = stage.hang().await;
        let names = ["a", "taken", "b", "forbidden", "twice", "c", "twice", "d"];
        let waiting = stage.queue(names).await;
        stage.release("hang 1").await;
        stage.release("hang 2").await;
        let mut statuses = statuses(waiting).await;
        // Either of the two gets the name.
        let twice = [statuses.remove(6), statuses.remove(4)];
        assert!([[201, 409], [409, 201]].contains(&twice), "{twice:?}");
        assert_eq!(statuses, [201, 409, 201, 500, 201, 201]);
        assert_eq!(stage.items("twice").await, 1);
        join_all(hanging).await;
    });
}

#[test]
fn callers_that_leave_do_not_disturb_their_batch() {
    run(async {
        let stage = Stage::new().await;
        let hanging = stage.hang().await;
        let leaving = ["leaves 1", "stays 1", "leaves 2", "stays 2", "leaves 3"];
        let mut waiting = stage.queue(leaving).await;
        for place in [4, 2, 0] {
            waiting.remove(place).abort();
        }
        eventually("three callers that left", async || {
            let lines = stage.program.stdout().into_iter();
            let left = lines.filter(|line| line.contains("disconnected before the response"));
            (left.count() == 3).then_some(())
        })
        .await;
        stage.release("hang 1").await;
        assert_eq!(statuses(waiting).await, [201; 2]);
        stage.release("hang 2").await;
        assert_eq!(statuses(hanging.into()).await, [201; 2]);
        for name in ["stays 1", "stays 2"] {
            assert_eq!(stage.items(name).await, 1);
        }
    });
}

#[test]
fn a_batch_whose_connection_ends_reports_no_success() {
    run(async {
        let stage = Stage::new().await;
        let hanging = stage.hang().await;
        let waiting = stage.queue(["hang 3", "a", "b"]).await;
        stage.release("hang 1").await;
        // The batch hangs beside the second statement.
        stage.queued(0).await;
        stage.hanging(2).await;
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                    WHERE application_name = 'magnusapi' AND datname = current_database()
                      AND state = 'active' AND query LIKE 'INSERT INTO item%'";
        stage.client.batch_execute(end).await.expect("they end");
        for response in join_all(waiting).await {
            let response = response.expect("no panic");
            response.problem(503, "database-interrupted");
        }
        assert_eq!(stage.statements().await, [1]);
        join_all(hanging).await;
        stage.program.make("a").await;
    });
}

#[test]
fn a_program_killed_between_batches_keeps_acknowledged_items() {
    run(async {
        let stage = Stage::new().await;
        let [first, second] = stage.hang().await;
        stage.release("hang 1").await;
        assert_eq!(first.await.expect("no panic").status, 201);
        // One batch is under way, and one is in the queue.
        let third = stage.create("hang 3");
        stage.hanging(2).await;
        let names = ["a", "b", "c"];
        let queued = names.map(|name| tokio::spawn(Response::try_to(stage.creation(name))));
        stage.queued(3).await;
        second.abort();
        third.abort();
        stage.program.signal("KILL");
        for response in join_all(queued).await {
            let response = response.expect("no panic");
            assert!(response.is_err(), "{response:?}");
        }
        assert_eq!(stage.items("hang 1").await, 1);
        // The next process creates what the killed one has not acknowledged.
        let next = Start::on(&stage.database).await;
        for name in names {
            next.make(name).await;
        }
        stage.release("hang 2").await;
        stage.release("hang 3").await;
    });
}
