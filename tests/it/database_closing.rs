//! How the program's connections end, as the server's log says.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use localpg::{Throwaway, ThrowawayOptions};
use magnusapi::database::{Server, Settings};

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{
    Container, Database, Operator, Start, connect, eventually, fill_postfacto, own_server, run,
};

/// A server whose log has each connection, with the process in front.
fn server() -> Throwaway {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    own_server(ThrowawayOptions {
        settings: vec![
            setting("log_connections", "on"),
            setting("log_disconnections", "on"),
            setting("log_line_prefix", "%p|"),
        ],
        ..ThrowawayOptions::default()
    })
}

/// The messages in a server's log about a client that left without Terminate. A server that is asked to end a session
/// may fail to send that to a client that has just sent Terminate.
const RUDE: [&str; 3] = [
    "unexpected EOF on client connection",
    "could not receive data from client",
    "connection to client lost",
];

/// Asserts that each connection of the program has ended with Terminate.
async fn assert_all_terminated(server: &Throwaway) {
    let lines = || -> Vec<(String, String)> {
        let log = std::fs::read(server.log()).expect("the log can be read");
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines = log.lines().filter_map(|line| line.split_once('|'));
        let lines = lines.map(|(process, text)| (process.to_owned(), text.to_owned()));
        lines.collect()
    };
    let with = |text: &str| -> HashSet<String> {
        let lines = lines().into_iter().filter(|(_, line)| line.contains(text));
        lines.map(|(process, _)| process).collect()
    };
    let ours = eventually("the end of all connections", async || {
        let ours = with("application_name=magnusapi");
        let mut ended = with("disconnection: session time");
        // Of those that asked for a database that does not exist, no end is logged.
        ended.extend(with("does not exist"));
        (!ours.is_empty() && ours.is_subset(&ended)).then_some(ours)
    })
    .await;
    for (process, line) in lines().iter().filter(|(process, _)| ours.contains(process)) {
        assert!(
            !RUDE.iter().any(|it| line.contains(it)),
            "{process}: {line}"
        );
    }
}

/// An operator of a Postfacto on the server, with a store in this folder.
async fn operator(server: &Throwaway, store: &Path) -> Operator {
    let source = Database {
        url: server.url("items"),
    };
    fill_postfacto(&source.connect().await, 0.0).await;
    Operator::with_folder(&source, store).set("DRILL_DATABASE_URL", &server.url("postgres"))
}

#[test]
fn verbs_that_succeed_or_fail_close_their_connections() {
    run(async {
        let (server, store) = (server(), tempfile::tempdir().expect("a folder"));
        let operator = operator(&server, store.path()).await;
        operator.makes();
        operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);
        operator.does(&[
            "restore",
            "latest",
            "--jobs",
            "2",
            "--to",
            &server.url("new"),
        ]);
        operator.exits(5, &["restore", "latest", "--to", &server.url("new")]);
        let migrated = Start::operator()
            .set("DATABASE_URL", &server.url("new"))
            .argument("migrate")
            .output();
        assert_eq!(migrated.status.code(), Some(0), "{migrated:?}");
        assert_all_terminated(&server).await;
    });
}

#[test]
fn a_backup_whose_store_fails_closes_its_connections() {
    run(async {
        let (server, store) = (server(), tempfile::tempdir().expect("a folder"));
        let (operator, container) = (
            operator(&server, store.path()).await,
            Container::new().await,
        );
        let faults = StorageFaults::before(container.address()).await;
        let refused = Fault::status("403 Forbidden", "AuthorizationPermissionMismatch", "");
        faults.always(Call::Part, refused);
        let settings = container.through(&faults.address).settings("of us");
        let settings = settings.into_iter();
        let refused = settings.fold(operator, |operator, (name, value)| {
            operator.set(name, &value)
        });
        // More rows than any buffer holds.
        let client = connect(&server.url("items")).await;
        let many = "CREATE TABLE many AS SELECT repeat('x', 1000) FROM generate_series(1, 30000)";
        client.batch_execute(many).await.expect("it is made");
        refused.fails(&["create"]);
        assert_all_terminated(&server).await;
    });
}

#[test]
fn verbs_that_a_signal_ends_close_their_connections() {
    run(async {
        let (server, store) = (server(), tempfile::tempdir().expect("a folder"));
        let operator = operator(&server, store.path()).await;
        let client = connect(&server.url("items")).await;
        let slow =
            "CREATE FUNCTION slow(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
                        IF pg_catalog.current_database() <> 'items' THEN
                            PERFORM pg_catalog.pg_sleep(60);
                        END IF;
                        RETURN $1; END$$;
                    CREATE INDEX slowly ON retros (slow(id))";
        client.batch_execute(slow).await.expect("it is made");
        operator.makes();
        let runs = async |part: &str| {
            let client = connect(&server.url("postgres")).await;
            eventually(part, async || {
                let found = "SELECT FROM pg_stat_activity WHERE application_name = 'magnusapi'
                              AND strpos(query, $1) > 0 AND state = 'active'";
                let rows = client.query(found, &[&part]).await.expect("a list");
                (!rows.is_empty()).then_some(())
            })
            .await;
        };
        let new = server.url("interrupted");
        for arguments in [
            &["restore", "latest", "--to", &new][..],
            &["verify", "latest", "--restore", "--allow-superuser"],
        ] {
            let running = operator.begins(arguments);
            runs("CREATE INDEX slowly").await;
            assert_eq!(running.ended_by("TERM").code(), Some(6));
        }
        let lock = "BEGIN; LOCK TABLE retros IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.expect("it is locked");
        let running = operator.begins(&["create"]);
        runs("LOCK TABLE").await;
        assert_eq!(running.ended_by("TERM").code(), Some(6));
        assert_all_terminated(&server).await;
    });
}

#[test]
fn logins_that_a_signal_meets_end_in_order() {
    run(async {
        let (server, store) = (server(), tempfile::tempdir().expect("a folder"));
        let operator = operator(&server, store.path()).await;
        operator.makes();
        let client = connect(&server.url("items")).await;
        let lock = "BEGIN; LOCK TABLE retros IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.expect("it is locked");
        // The server responds to each login a second later, as one far away.
        let slow = |database| format!("{} options='-c post_auth_delay=1'", server.url(database));
        let operator = operator
            .set("BACKUP_DATABASE_URL_POSTFACTO", &slow("items"))
            .set("BACKUP_JOBS", "4");
        let new = slow("new");
        // After the first session of a backup, the four others log in together.
        for (arguments, number) in [
            (&["create"][..], 5),
            (&["restore", "latest", "--to", &new][..], 1),
        ] {
            let before = logins(&server);
            let running = operator.begins(arguments);
            eventually("logins", async || {
                (logins(&server) >= before + number).then_some(())
            })
            .await;
            assert_eq!(running.ended_by("TERM").code(), Some(6));
        }
        assert_all_terminated(&server).await;
    });
}

/// The number of logins of the program that the server accepted.
fn logins(server: &Throwaway) -> usize {
    let log = std::fs::read(server.log()).expect("the log can be read");
    let log = String::from_utf8_lossy(&log);
    let accepted = |line: &&str| {
        line.contains("connection authorized") && line.contains("application_name=magnusapi")
    };
    log.lines().filter(accepted).count()
}

#[test]
fn a_handler_that_is_stopped_closes_its_pool() {
    run(async {
        let server = server();
        let database = Database {
            url: server.url("items"),
        };
        let mut program = Start::on(&database).await;
        program.make("an item").await;
        program.get("/health").await;
        program.signal("TERM");
        program.ended().await;
        assert_all_terminated(&server).await;
    });
}

#[test]
fn a_run_of_a_timer_function_closes_its_connections() {
    run(async {
        let server = server();
        let start = Start::operator().set("DATABASE_URL", &server.url("items"));
        let output = start.argument("run").argument("item_housekeeping").output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(!stderr.contains("did not end within"), "{stderr}");
        assert_all_terminated(&server).await;
    });
}

#[test]
fn a_session_that_is_dropped_ends_its_statement() {
    run(async {
        let database = Database::empty();
        let settings =
            Settings::read(|name| (name == "DATABASE_URL").then(|| database.url.clone()));
        let settings = settings.expect("good").expect("a database is named");
        let session = Server::new(&settings).connect().await.expect("a session");
        let sleeping = session.batch_execute("SELECT pg_sleep(3600)");
        let ended = tokio::time::timeout(Duration::from_millis(200), sleeping).await;
        assert!(ended.is_err(), "it sleeps");
        drop(session);
        let watcher = database.connect().await;
        eventually("the statement's end", async || {
            let running = "SELECT FROM pg_stat_activity
                            WHERE datname = current_database() AND query LIKE '%pg_sleep(3600)'";
            let rows = watcher.query(running, &[]).await.expect("a list");
            rows.is_empty().then_some(())
        })
        .await;
    });
}
