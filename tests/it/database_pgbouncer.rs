//! Through a `PgBouncer` in transaction mode with two server connections: consecutive statements
//! of one client may meet different server sessions, and many clients wait for two.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures_util::future::join_all;
use localpg::ThrowawayOptions;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Database, Program, Response, Start, eventually, own_server, ready, run};

/// A running pooler on a socket. It ends with this value, or with this process.
struct Pooler {
    shell: Child,
    folder: TempDir,
    database: String,
}

/// Ends the pooler when our end of its input closes, however this process ends.
const LEASH: &str = r#""$@" & pooler=$!; exec 2>/dev/null; read -r _; kill "$pooler"; wait"#;

impl Pooler {
    /// In front of the server and database at this address, with this number of server connections.
    fn before(url: &str, server_connections: usize) -> Pooler {
        let word = |name| {
            let word = url.split(' ').find_map(|word| word.strip_prefix(name));
            word.expect("an address in keyword form").to_owned()
        };
        let (host, port, database) = (word("host="), word("port="), word("dbname="));
        let folder = tempfile::tempdir().expect("a folder");
        let owner = fs::metadata(&host).expect("the server's folder is there");
        chown(folder.path(), Some(owner.uid()), Some(owner.gid())).expect("it is given away");
        let file = folder.path().join("pgbouncer.ini");
        let socket = folder.path().display();
        let settings = format!(
            "[databases]\n* = host={host} port={port} user=postgres\n[pgbouncer]\n\
             pool_mode = transaction\ndefault_pool_size = {server_connections}\n\
             max_client_conn = 200\nlisten_addr =\nlisten_port = 6432\n\
             unix_socket_dir = {socket}\nauth_type = any\nserver_login_retry = 1\n"
        );
        fs::write(&file, settings).expect("it is written");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", LEASH, "sh"]).arg(program());
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            shell.arg("--user").arg(account(owner.uid()));
        }
        let mut shell = shell
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut said = BufReader::new(shell.stderr.take().expect("it is piped")).lines();
        let mut log = Vec::new();
        let up = said.by_ref().map_while(Result::ok).any(|line| {
            log.push(line);
            log.last().is_some_and(|line| line.contains("process up"))
        });
        assert!(up, "PgBouncer does not start: {}", log.join("\n"));
        // It goes on writing there.
        std::thread::spawn(move || said.for_each(drop));
        Pooler {
            shell,
            folder,
            database,
        }
    }

    /// The program on it. The port tells it not to prepare statements.
    fn start(&self) -> Start {
        let socket = self.folder.path().display();
        let database = &self.database;
        let url = format!("host={socket} port=6432 user=postgres dbname={database}");
        Start::handler().set("DATABASE_URL", &url)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // An error says that it has ended already.
        let _ = self.shell.wait();
    }
}

/// The one that `PGBOUNCER` names, else the one that is installed.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("PGBOUNCER") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut programs = folders.map(|folder| folder.join("pgbouncer"));
    programs.find(|program| program.exists()).expect(
        "PgBouncer is not installed and PGBOUNCER names none: run `cargo xtask test`, which fetches it",
    )
}

/// `PgBouncer` refuses to run as root and becomes this account.
fn account(uid: u32) -> String {
    let passwd = fs::read_to_string(Path::new("/etc/passwd")).expect("there are accounts");
    let line = passwd
        .lines()
        .find(|line| line.split(':').nth(2) == Some(&uid.to_string()));
    let name = line.and_then(|line| line.split(':').next());
    name.expect("the server's account has a name").to_owned()
}

#[test]
fn the_whole_item_interface_works_through_pgbouncer_from_an_empty_database() {
    run(async {
        let database = Database::empty();
        let pooler = Pooler::before(&database.url, 2);
        let program = pooler.start().serving().await;
        ready(&program).await;
        let id = program.make("one").await;
        let path = format!("/item/{id}");
        let taken = program.post("/item", &json!({"name": "one"})).await;
        taken.problem(409, "name-taken");
        assert_eq!(program.get(&path).await.json()["data"]["name"], "one");
        let renamed = program.patch(&path, &json!({"name": "two"})).await;
        assert_eq!(renamed.json()["data"]["name"], "two");
        for _ in 0..2 {
            let request = program.with_json(Method::POST, "/item", &json!({"name": "keyed"}));
            let answer = Response::to(request.header("Idempotency-Key", "k")).await;
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        let page = program.get("/item?limit=1").await;
        assert!(page.header("link").contains("rel=\"next\""));
        assert_eq!(program.delete(&path).await.status, 204);
        program.get(&path).await.problem(404, "no-such-item");
        assert_eq!(program.stderr(), Vec::<String>::new());
    });
}

#[test]
fn three_programs_at_once_share_two_connections_and_lose_nothing() {
    run(async {
        let database = Database::empty();
        let pooler = Pooler::before(&database.url, 2);
        let programs = join_all((0..3).map(|_| pooler.start().serving())).await;
        join_all(programs.iter().map(ready)).await;
        let workers = (0..24).map(|worker| work(&programs[worker % 3], worker));
        join_all(workers).await;
        let listing = programs[0].get("/item").await;
        let names = listing.json()["data"].as_array().map(Vec::len);
        assert_eq!(names, Some(24 * 10));
        for program in &programs {
            assert_eq!(program.stderr(), Vec::<String>::new());
        }
    });
}

/// Ten items of its own, every other one with a key that every worker of its number uses too.
async fn work(program: &Program, worker: usize) {
    for number in 0..10 {
        let name = format!("{worker} {number}");
        let mut request = program.with_json(Method::POST, "/item", &json!({ "name": name }));
        if number % 2 == 0 {
            request = request.header("Idempotency-Key", &name.replace(' ', "-"));
        }
        let made = Response::to(request).await;
        assert_eq!(made.status, 201, "{made:?}");
        let read = program.get(made.header("location")).await;
        assert_eq!(read.json()["data"]["name"], name.as_str());
    }
}

#[test]
fn every_session_behind_pgbouncer_has_the_time_zone_utc() {
    run(async {
        let database = Database::migrated();
        database.sets_time_zone("Europe/Berlin").await;
        database.watch_time_zones().await;
        let pooler = Pooler::before(&database.url, 2);
        let program = pooler.start().serving().await;
        ready(&program).await;
        join_all((0..40).map(|number| {
            let program = &program;
            async move { program.make(&format!("item {number}")).await }
        }))
        .await;
        assert_eq!(database.time_zones_seen().await, ["UTC"]);
    });
}

#[test]
fn a_pool_of_one_server_connection_is_enough_to_migrate() {
    run(async {
        let database = Database::empty();
        let pooler = Pooler::before(&database.url, 1);
        let programs = join_all((0..3).map(|_| pooler.start().serving())).await;
        join_all(programs.iter().map(ready)).await;
    });
}

#[test]
fn whole_listings_stream_through_pgbouncer_and_an_abandoned_one_frees_its_connection() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let fill = "INSERT INTO item (name) SELECT 'item ' || n FROM generate_series(1, 200000) n";
        client.batch_execute(fill).await.expect("it is filled");
        let pooler = Pooler::before(&database.url, 2);
        // Long enough for a busy machine to free one; what is never freed is not there after it either.
        let program = pooler.start().set("DATABASE_WAIT", "30");
        let program = program.serving().await;
        ready(&program).await;
        for _ in 0..4 {
            // Left after its head: two of them unfreed would be all that there is.
            let response = program.request(Method::GET, "/item").send().await;
            assert_eq!(response.expect("an answer begins").status(), 200);
        }
        let whole = program.get("/item").await.json();
        assert_eq!(whole["data"].as_array().map(Vec::len), Some(200_000));
    });
}

#[test]
fn a_run_keeps_its_slot_through_pgbouncer_and_a_killed_one_loses_it() {
    run(async {
        let database = Database::migrated();
        let pooler = Pooler::before(&database.url, 4);
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("it is bound").port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = format!("file://{}", folder.path().display());
        let source = |url: &str| {
            let start = pooler.start().set("BACKUP_DATABASES", "one");
            let start = start.set("BACKUP_URL", &store);
            let start = start.set("DATABASE_CONNECT_TIMEOUT", "60");
            start.set("BACKUP_DATABASE_URL_ONE", url)
        };
        let hanging = format!("postgres://u@127.0.0.1:{port}/x?sslmode=disable");
        let first = source(&hanging).serving().await;
        let away = "postgres://u@127.0.0.1:1/x?sslmode=disable";
        let second = source(away).serving().await;
        let occurrence = json!({
            "Data": {"timer": {"ScheduleStatus": {"Next": "2026-11-24T02:00:00Z"}}},
            "Metadata": {"sys": {"UtcNow": "2026-11-24T02:00:00Z"}}
        });
        let request = first.with_json(Method::POST, "/postfacto_backup", &occurrence);
        let calling = tokio::spawn(async move { request.send().await.is_ok() });
        let client = database.connect().await;
        eventually("the first run's row", || async {
            let row = client.query_opt("SELECT 1 FROM function_run", &[]).await;
            row.expect("it can be asked")
        })
        .await;
        for _ in 0..20 {
            let doubled = second.post("/postfacto_backup", &occurrence).await;
            let said = doubled.json()["Logs"][0].to_string();
            assert!(said.contains("has been running"), "{doubled:?}");
        }
        first.signal("KILL");
        assert!(!calling.await.expect("no panic"));
        eventually("the run to be taken over", || async {
            let answer = second.post("/postfacto_backup", &occurrence).await;
            let error = answer.json()["Error"].to_string();
            error.contains("one: failed").then_some(())
        })
        .await;
    });
}

#[test]
fn a_server_that_is_away_behind_pgbouncer_means_503_until_it_is_back() {
    run(async {
        let server = own_server(ThrowawayOptions {
            durable: true,
            ..ThrowawayOptions::default()
        });
        let pooler = Pooler::before(&server.url("items"), 2);
        let start = pooler.start().set("DATABASE_WAIT", "1");
        let program = start.set("DATABASE_STATEMENT_TIMEOUT", "1").serving().await;
        ready(&program).await;
        program.make("one").await;
        server.kill().expect("it can be killed");
        for path in ["/item?limit=1", "/item", "/item/1", "/item/2"] {
            let answer = program.get(path).await;
            assert_eq!(answer.status, 503, "{path}: {answer:?}");
            assert_eq!(answer.header("retry-after"), "2");
        }
        server.restart().expect("it starts again");
        ready(&program).await;
        assert_eq!(program.get("/item/1").await.status, 200);
    });
}
