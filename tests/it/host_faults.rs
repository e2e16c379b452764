//! The program under a Functions host that rejects, resends, delays, times out and kills.

mod responses;
mod uploads;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use devhost::{Host, Source, TimerCall, TimerResult};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::{AppFolder, Database, Response, client, eventually, logged, run, start};

/// Simultaneous writers.
const WRITERS: usize = 6;

/// A name, the response to its creation, and the response to the deletion of what was created.
type Written = (String, Response, Option<Response>);

fn creation(client: &Client, url: &str, name: &str) -> RequestBuilder {
    client
        .post(format!("{url}/item"))
        .header("content-type", "application/json")
        .body(json!({"name": name}).to_string())
}

/// Creates items, and deletes every second one, until `stop`.
async fn write(url: Arc<str>, writer: usize, stop: Arc<AtomicBool>) -> Vec<Written> {
    let client = client();
    let mut written = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("{writer}-{number}");
        let request = creation(&client, &url, &name);
        // A host that stops closes the connection.
        let Ok(made) = Response::try_to(request).await else {
            break;
        };
        let mut deleted = None;
        if number % 2 == 0 && made.status == 201 {
            let request = client.delete(format!("{url}{}", made.header("location")));
            deleted = Response::try_to(request).await.ok();
        }
        written.push((name, made, deleted));
    }
    written
}

#[test]
fn kills_neither_lose_nor_repeat_an_acknowledged_write() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let (url, stop) = (Arc::from(host.url()), Arc::new(AtomicBool::new(false)));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(Arc::clone(&url), writer, stop.clone()));
        }
        let reader = database.connect().await;
        for kill in 1..=2_i64 {
            eventually("writes since the last kill", || async {
                let counted = reader.query_one("SELECT max(id) FROM item", &[]).await;
                let last: Option<i64> = counted.expect("a count").get(0);
                last.filter(|last| *last > kill * 40)
            })
            .await;
            host.kill_handler().await;
            host.ready().await.expect("it restarts");
        }
        stop.store(true, Ordering::Relaxed);
        let mut written = Vec::new();
        while let Some(part) = writers.join_next().await {
            written.extend(part.expect("a writer ends"));
        }
        let rows = reader
            .query("SELECT name FROM item", &[])
            .await
            .expect("the items");
        let kept: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        for (name, made, deleted) in &written {
            check(name, made, deleted.as_ref(), kept.contains(name));
        }
        assert_only_deletions_were_resent(&host);
        host.shutdown().await;
    });
}

/// The host logs each request that it resends. A creation has a body, so the host never resends it.
fn assert_only_deletions_were_resent(host: &Host) {
    let logs = host.logs();
    let resent = logs
        .iter()
        .filter(|log| log.text.contains(" is sent again: "));
    let other: Vec<_> = resent
        .filter(|log| !log.text.starts_with("DELETE "))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
}

/// The responses must agree with the existence of the item. After an empty 500 of the host, both are possible; a
/// creation that was executed twice would be a 409.
fn check(name: &str, made: &Response, deleted: Option<&Response>, exists: bool) {
    assert!(
        matches!(made.status.as_u16(), 201 | 500),
        "{name}: {made:?}"
    );
    let Some(deleted) = deleted else {
        assert!(
            exists || made.status == 500,
            "{name} was created and is lost"
        );
        return;
    };
    // The host resends a deletion, and each request gets the result of the first.
    assert!(
        matches!(deleted.status.as_u16(), 204 | 500),
        "{name}: {deleted:?}"
    );
    assert!(
        !exists || deleted.status == 500,
        "{name} was deleted and exists"
    );
}

#[test]
fn a_listing_over_function_timeout_breaks_off() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let fill = "INSERT INTO item (name) SELECT 'row ' || n FROM generate_series(1, 1000000) n";
        database
            .connect()
            .await
            .execute(fill, &[])
            .await
            .expect("a million rows");
        let options = app
            .on(&database)
            .setting("AzureFunctionsJobHost__functionTimeout", "00:00:02");
        let host = start(options).await;
        let process = host.handler_pid();
        let mut stream = TcpStream::connect(host.address())
            .await
            .expect("the host listens");
        let request = b"GET /item HTTP/1.1\r\nHost: shop.example\r\n\r\n";
        stream.write_all(request).await.expect("the host reads");
        // The client does not read meanwhile, so the response cannot end.
        let broke_off = |log: &devhost::HostLog| {
            log.source == Source::Console && log.text.contains("a whole listing broke off")
        };
        logged(&host, broke_off).await;
        let mut list = Vec::new();
        let end = stream.read_to_end(&mut list).await;
        end.expect_err("the listing must not look complete");
        assert!(list.starts_with(b"HTTP/1.1 200 "));
        // The program ends the response itself. The host would kill it two seconds after functionTimeout.
        assert_eq!(host.handler_pid(), process, "the handler was killed");
        let live = client().get(format!("{}/health/live", host.url()));
        assert_eq!(Response::to(live).await.status, 200);
        host.shutdown().await;
    });
}

#[test]
fn a_backup_over_function_timeout_fails_and_does_not_exist() {
    run(async {
        let (app, database, source) = (AppFolder::new(), Database::migrated(), Database::empty());
        let folder = tempfile::tempdir().expect("a folder can be made");
        let connection = source.connect().await;
        let table = "CREATE TABLE big AS SELECT n FROM generate_series(1, 10) n";
        connection.batch_execute(table).await.expect("a table");
        // A backup waits for this lock until functionTimeout.
        let lock = "BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE";
        connection.batch_execute(lock).await.expect("a lock");
        let options = app
            .on(&database)
            .setting("BACKUP_URL", format!("file://{}", folder.path().display()))
            .setting("BACKUP_DATABASES", "shop")
            .setting("BACKUP_DATABASE_URL_SHOP", &source.url)
            .setting("AzureFunctionsJobHost__functionTimeout", "00:00:03");
        let host = start(options).await;
        let process = host.handler_pid();
        let result = host
            .invoke_timer("postfacto_backup", TimerCall::default())
            .await;
        assert!(matches!(result, TimerResult::Failed { .. }), "{result:?}");
        connection
            .batch_execute("ROLLBACK")
            .await
            .expect("the lock is released");
        assert_eq!(
            manifests(folder.path()),
            0,
            "no backup without its manifest"
        );
        // The program ends the run itself. The host would have killed it two seconds after functionTimeout.
        assert_eq!(host.handler_pid(), process, "the handler was killed");
        let again = host
            .invoke_timer("postfacto_backup", TimerCall::default())
            .await;
        assert!(again.is_success(), "{again:?}");
        assert_eq!(manifests(folder.path()), 1);
        host.shutdown().await;
    });
}

fn manifests(folder: &Path) -> usize {
    let backups = std::fs::read_dir(folder.join("shop"))
        .into_iter()
        .flatten()
        .flatten();
    backups
        .filter(|backup| backup.path().join("manifest.json").exists())
        .count()
}
