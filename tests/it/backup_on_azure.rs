//! Both timers under a Functions host, with backups in a real container.

use std::time::{Duration, Instant};

use devhost::{Host, HostOptions, TimerCall, TimerResult};
use pgarchive::manifest::MANIFEST;
use serde_json::Value;

use crate::fakes::{Call, StorageFaults};
use crate::harness::{
    AppFolder, Container, Database, Operator, Response, client, everywhere, logged, postfacto, run,
    start, timer,
};

/// A host whose app has its store in this container.
fn options(app: &AppFolder, own: &Database, container: &Container) -> HostOptions {
    let settings = container.settings("of us").into_iter();
    settings.fold(app.on(own), |options, (name, value)| {
        options.setting(name, value)
    })
}

async fn invoke(host: &Host, function: &str) -> TimerResult {
    host.invoke_timer(function, TimerCall::default()).await
}

#[track_caller]
fn succeeded(result: TimerResult) -> Vec<String> {
    match result {
        TimerResult::Succeeded { logs, .. } => logs,
        failed => panic!("{failed:?}"),
    }
}

async fn health(host: &Host) -> Response {
    Response::to(client().get(format!("{}/health", host.url()))).await
}

/// The status of each source in `/health` under this key.
fn statuses(health: &Value, key: &str) -> Vec<(String, String)> {
    let found = health["checks"][key].as_array().cloned();
    let found = found.unwrap_or_else(|| panic!("{key}: {health}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let statuses = found
        .iter()
        .map(|it| (text(&it["componentId"]), text(&it["status"])));
    statuses.collect()
}

fn is(source: &str, status: &str) -> (String, String) {
    (source.to_owned(), status.to_owned())
}

#[test]
fn both_timers_succeed_and_health_reports_it() {
    everywhere(async |site| {
        let own = Database::migrated();
        let source = site.postfacto(0.0).await;
        let (app, container) = (AppFolder::new(), Container::new().await);
        let options = options(&app, &own, &container)
            .setting("BACKUP_DATABASES", "postfacto")
            .setting("BACKUP_DATABASE_URL_POSTFACTO", site.readers(&source))
            .setting("DRILL_DATABASE_URL", site.administrators().url("postgres"));
        let host = start(options).await;
        let made = succeeded(invoke(&host, "postfacto_backup").await);
        assert!(made[0].starts_with("postfacto/20"), "{made:?}");
        let proved = succeeded(invoke(&host, "postfacto_restore_drill").await);
        assert!(proved[0].contains("8 tables"), "{proved:?}");
        let health = health(&host).await;
        assert_eq!(health.status, 200, "{health:?}");
        let health = health.json();
        for key in ["backup:age", "backup:verified-age"] {
            assert_eq!(statuses(&health, key), [is("postfacto", "ok")], "{key}");
        }
        for function in ["postfacto_backup", "postfacto_restore_drill"] {
            assert_eq!(timer(&health, function)["status"], "ok", "{function}");
        }
        let url = site.url(&source);
        let direct = Operator::with_container(&Database { url }, &container);
        direct.does(&["verify", "latest"]);
        host.shutdown().await;
    });
}

#[test]
fn an_unreachable_source_fails_the_call_and_the_other_has_its_backup() {
    run(async {
        let (own, source) = (Database::migrated(), postfacto(0.0).await);
        let (app, container) = (AppFolder::new(), Container::new().await);
        let options = options(&app, &own, &container)
            .setting("BACKUP_DATABASES", "away,there")
            .setting(
                "BACKUP_DATABASE_URL_AWAY",
                "postgres://u@127.0.0.1:1/x?sslmode=disable",
            )
            .setting("BACKUP_DATABASE_URL_THERE", &source.url);
        let host = start(options).await;
        let result = invoke(&host, "postfacto_backup").await;
        let TimerResult::Failed { reason } = result else {
            panic!("{result:?}");
        };
        let reason = format!("{reason:?}");
        assert!(reason.contains("500"), "{reason}");
        logged(&host, |log| log.text.contains("away: failed")).await;
        let health = health(&host).await;
        assert_eq!(health.status, 503);
        let run = timer(&health.json(), "postfacto_backup");
        assert_eq!(run["status"], "fail", "{run}");
        let output = run["output"].as_str().expect("it says why");
        assert!(
            output.contains("away: failed") && !output.contains("there/"),
            "{output}"
        );
        let stored = container.blobs().list("").await.expect("a list");
        let manifests = stored.iter().filter(|blob| blob.name.ends_with(MANIFEST));
        let manifests: Vec<&str> = manifests.map(|blob| blob.name.as_str()).collect();
        assert!(
            manifests.len() == 1 && manifests[0].starts_with("there/"),
            "{manifests:?}"
        );
        host.shutdown().await;
    });
}

#[test]
fn a_migration_waits_only_a_moment_for_a_backup_whose_store_is_slow() {
    run(async {
        let (source, container) = (postfacto(0.0).await, Container::new().await);
        let faults = StorageFaults::before(container.address()).await;
        faults.hold(Call::Part);
        let slow = Operator::with_container(&source, &container.through(&faults.address));
        let running = slow.begins(&["create"]);
        faults.sees(Call::Part).await;
        let migrating = source.connect().await;
        let begun = Instant::now();
        let change = "ALTER TABLE items ADD COLUMN more integer";
        migrating
            .batch_execute(change)
            .await
            .expect("it is changed");
        // It yields after a second, checks every 200 ms, and the machine is slow.
        assert!(
            begun.elapsed() < Duration::from_secs(6),
            "{:?}",
            begun.elapsed()
        );
        running.kill();
        faults.release();
        let direct = Operator::with_container(&source, &container);
        assert_eq!(direct.listed(), [""; 0]);
        direct.makes();
    });
}
