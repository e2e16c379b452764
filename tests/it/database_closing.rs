//! How the program's connections end, as the server's log says.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use magnusapi::database::{Server, Settings};

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{
    Container, Database, Operator, Site, Start, eventually, everywhere_on_own, run,
};

/// A server whose log has each connection, with the process in front.
fn logging(site: Site) -> Site {
    site.with_settings(&[
        ("log_connections", "on"),
        ("log_disconnections", "on"),
        ("log_line_prefix", "%p|"),
    ])
}

/// The messages in a server's log about a client that left without Terminate. A server that is asked to end a session
/// may fail to send that to a client that has just sent Terminate.
const RUDE: [&str; 3] = [
    "unexpected EOF on client connection",
    "could not receive data from client",
    "connection to client lost",
];

/// The server's log so far.
fn log(site: Site) -> String {
    let log = std::fs::read(site.server.log()).expect("the log can be read");
    String::from_utf8_lossy(&log).into_owned()
}

/// Whether the line reports a login of the program with the site's role.
fn is_login(site: Site, line: &str) -> bool {
    let user = format!("connection authorized: user={} ", site.role);
    line.contains(&user) && line.contains("application_name=magnusapi")
}

/// Asserts that each connection of the program with the site's role has ended with Terminate.
async fn assert_all_terminated(site: Site) {
    let lines = || -> Vec<(String, String)> {
        let log = log(site);
        let lines = log.lines().filter_map(|line| line.split_once('|'));
        let lines = lines.map(|(process, text)| (process.to_owned(), text.to_owned()));
        lines.collect()
    };
    let of = |wanted: &dyn Fn(&str) -> bool| -> HashSet<String> {
        let lines = lines().into_iter().filter(|(_, line)| wanted(line));
        lines.map(|(process, _)| process).collect()
    };
    let ours = eventually("the end of all connections", async || {
        let ours = of(&|line| is_login(site, line));
        // Of those that asked for a database that does not exist, no end is logged.
        let ends = ["disconnection: session time", "does not exist"];
        let ended = of(&|line| ends.iter().any(|it| line.contains(it)));
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

/// An operator of this database, with a store in this folder.
fn operator(site: Site, source: &Database, store: &Path) -> Operator {
    Operator::with_folder(source, store).set("DRILL_DATABASE_URL", &site.url("postgres"))
}

async fn postfacto(site: Site) -> Database {
    site.source(&site.postfacto(0.0).await)
}

#[test]
fn verbs_that_succeed_or_fail_close_their_connections() {
    everywhere_on_own(logging, async |site| {
        let store = tempfile::tempdir().expect("a folder");
        let operator = operator(site, &postfacto(site).await, store.path());
        operator.makes();
        operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);
        let new = site.url(&Site::fresh_name());
        operator.does(&["restore", "latest", "--jobs", "2", "--to", &new]);
        operator.exits(5, &["restore", "latest", "--to", &new]);
        let migrated = Start::operator()
            .set("DATABASE_URL", &new)
            .argument("migrate")
            .output();
        assert_eq!(migrated.status.code(), Some(0), "{migrated:?}");
        assert_all_terminated(site).await;
    });
}

#[test]
fn a_backup_whose_store_fails_closes_its_connections() {
    run(async {
        let (site, store) = (
            logging(Site::usual()),
            tempfile::tempdir().expect("a folder"),
        );
        let (source, container) = (postfacto(site).await, Container::new().await);
        let operator = operator(site, &source, store.path());
        let faults = StorageFaults::before(container.address()).await;
        let refused = Fault::status("403 Forbidden", "AuthorizationPermissionMismatch", "");
        faults.always(Call::Part, refused);
        let settings = container.through(&faults.address).settings("of us");
        let settings = settings.into_iter();
        let refused = settings.fold(operator, |operator, (name, value)| {
            operator.set(name, &value)
        });
        // More rows than any buffer holds.
        let client = source.connect().await;
        let many = "CREATE TABLE many AS SELECT repeat('x', 1000) FROM generate_series(1, 30000)";
        client.batch_execute(many).await.expect("it is made");
        refused.fails(&["create"]);
        assert_all_terminated(site).await;
        site.stop();
    });
}

#[test]
fn verbs_that_a_signal_ends_close_their_connections() {
    everywhere_on_own(logging, async |site| {
        let store = tempfile::tempdir().expect("a folder");
        let source = postfacto(site).await;
        let operator = operator(site, &source, store.path());
        let client = source.connect().await;
        let slow =
            "CREATE FUNCTION slow(bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
                        IF pg_catalog.starts_with(pg_catalog.current_database(), 'magnusapi_') THEN
                            PERFORM pg_catalog.pg_sleep(60);
                        END IF;
                        RETURN $1; END$$;
                    CREATE INDEX slowly ON retros (slow(id))";
        client.batch_execute(slow).await.expect("it is made");
        operator.makes();
        let runs = async |part: &str| {
            let client = site.superuser().await;
            eventually(part, async || {
                let found = "SELECT FROM pg_stat_activity WHERE application_name = 'magnusapi'
                              AND strpos(query, $1) > 0 AND state = 'active' AND usename = $2";
                let rows = client.query(found, &[&part, &site.role]).await;
                let rows = rows.expect("a list");
                (!rows.is_empty()).then_some(())
            })
            .await;
        };
        let new = site.url(&Site::fresh_name());
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
        assert_all_terminated(site).await;
    });
}

#[test]
fn logins_that_a_signal_meets_end_in_order() {
    everywhere_on_own(logging, async |site| {
        let store = tempfile::tempdir().expect("a folder");
        let name = site.postfacto(0.0).await;
        let source = site.source(&name);
        let operator = operator(site, &source, store.path());
        operator.makes();
        let client = source.connect().await;
        let lock = "BEGIN; LOCK TABLE retros IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.expect("it is locked");
        // The server responds to each login a second later, as one far away.
        let slow =
            |database: &str| format!("{} options='-c post_auth_delay=1'", site.url(database));
        let operator = operator
            .set("BACKUP_DATABASE_URL_POSTFACTO", &slow(&name))
            .set("BACKUP_JOBS", "4");
        let new = slow(&Site::fresh_name());
        // After the first session of a backup, the four others log in together.
        for (arguments, number) in [
            (&["create"][..], 5),
            (&["restore", "latest", "--to", &new][..], 1),
        ] {
            let before = logins(site);
            let running = operator.begins(arguments);
            eventually("logins", async || {
                (logins(site) >= before + number).then_some(())
            })
            .await;
            assert_eq!(running.ended_by("TERM").code(), Some(6));
        }
        assert_all_terminated(site).await;
    });
}

/// The number of logins of the program that the server accepted.
fn logins(site: Site) -> usize {
    let log = log(site);
    log.lines().filter(|line| is_login(site, line)).count()
}

#[test]
fn a_handler_that_is_stopped_closes_its_pool() {
    run(async {
        let site = logging(Site::usual());
        let database = site.source(&site.database().await);
        let mut program = Start::on(&database).await;
        program.make("an item").await;
        program.get("/health").await;
        program.signal("TERM");
        program.ended().await;
        assert_all_terminated(site).await;
        site.stop();
    });
}

#[test]
fn a_run_of_a_timer_function_closes_its_connections() {
    run(async {
        let site = logging(Site::usual());
        let url = site.url(&site.database().await);
        let start = Start::operator().set("DATABASE_URL", &url);
        let output = start.argument("run").argument("item_housekeeping").output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(!stderr.contains("did not end within"), "{stderr}");
        assert_all_terminated(site).await;
        site.stop();
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
