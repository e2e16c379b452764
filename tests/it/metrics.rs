//! `/metrics`: promtool, and the values.

mod series;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Database, Program, Response, Start, eventually, run, with_program};
pub(crate) use series::Series;
use series::text;

async fn read(program: &Program) -> Series {
    Series::of(&program.get("/metrics").await)
}

/// A program that backs up a database to a folder, and the folder.
async fn with_a_source() -> (Program, tempfile::TempDir) {
    let (own, source) = (Database::migrated(), Database::migrated());
    let folder = tempfile::tempdir().expect("a folder");
    let start = Start::handler()
        .set("DATABASE_URL", &own.url)
        .set("BACKUP_URL", &format!("file://{}", folder.path().display()))
        .set("BACKUP_DATABASES", "shop")
        .set("BACKUP_DATABASE_URL_SHOP", &source.url);
    (start.serving().await, folder)
}

/// `/metrics` of a program with a backup, after some requests.
async fn after_a_backup() -> (Program, Series, String) {
    let (program, _folder) = with_a_source().await;
    program.make("x").await;
    let made = program.post("/postfacto_backup", &json!({})).await;
    assert_eq!(made.status, 200, "{made:?}");
    let response = program.get("/metrics").await;
    (program, Series::of(&response), text(&response))
}

#[test]
fn promtool_accepts_the_series_and_the_docs_list_them() {
    let promtool = std::env::var_os("PROMTOOL").expect(
        "PROMTOOL is not set; run `cargo xtask test`, which installs it, or set it to the path of \
         `promtool`",
    );
    run(async {
        let (_program, series, text) = after_a_backup().await;
        let mut checking = Command::new(promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool starts");
        let mut stdin = checking.stdin.take().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("it reads");
        drop(stdin);
        let checked = checking.wait_with_output().expect("it ends");
        let output = [checked.stdout, checked.stderr].concat();
        let output = String::from_utf8_lossy(&output);
        assert!(checked.status.success() && output.is_empty(), "{output}");

        let docs = include_str!("../../docs/api.md");
        for name in series.names() {
            let family = ["_bucket", "_sum", "_count"].iter();
            let family = family.fold(name, |name, suffix| name.trim_end_matches(suffix));
            assert!(
                docs.contains(&format!("`{family}`")),
                "{family} is not in docs/api.md"
            );
        }
    });
}

#[test]
fn backups_timers_checks_and_the_build_are_series() {
    run(async {
        let (_program, series, _) = after_a_backup().await;
        let source = [("source", "shop")];
        let of_backup = |name: &str| series.value(&format!("magnusapi_backup_{name}"), &source);
        assert!(of_backup("age_seconds").is_some_and(|age| (0.0..300.0).contains(&age)));
        assert_eq!(of_backup("verified_age_seconds"), None);
        assert!(of_backup("stored_bytes") > Some(1000.0));
        assert!(of_backup("rows") > Some(0.0));
        assert!(of_backup("duration_seconds") > Some(0.0));
        assert_eq!(of_backup("findings"), Some(0.0));
        let function = [("function", "postfacto_backup")];
        let success = series.value("magnusapi_timer_last_success_timestamp_seconds", &function);
        let now = jiff::Timestamp::now().as_duration().as_secs_f64();
        assert!(
            success.is_some_and(|it| (it - now).abs() < 300.0),
            "{success:?}"
        );
        let succeeded = [("function", "postfacto_backup"), ("outcome", "succeeded")];
        assert_eq!(
            series.value("magnusapi_timer_day_runs", &succeeded),
            Some(1.0)
        );
        let latency = [("check", "database:latency"), ("component", "")];
        assert_eq!(
            series.value("magnusapi_health_check_status", &latency),
            Some(0.0)
        );
        for part in ["timers", "backups", "sizes"] {
            assert_eq!(
                series.value("magnusapi_part_up", &[("part", part)]),
                Some(1.0),
                "{part}"
            );
        }
        let names = series.names();
        assert!(names.contains("magnusapi_build_info"));
        assert!(names.contains("magnusapi_database_pool_wait_seconds_count"));
    });
}

/// The store is read once a minute, and after each change that this process makes.
#[test]
fn a_backup_is_visible_at_once() {
    run(async {
        let (program, _folder) = with_a_source().await;
        let age = async || {
            let series = read(&program).await;
            series.value("magnusapi_backup_age_seconds", &[("source", "shop")])
        };
        let status = async || {
            let report = program.get("/health").await.json();
            report["checks"]["backup:age"][0]["status"].clone()
        };
        assert_eq!(age().await, None);
        assert_eq!(status().await, "warn");
        let begun = Instant::now();
        let made = program.post("/postfacto_backup", &json!({})).await;
        assert_eq!(made.status, 200, "{made:?}");
        assert!(age().await.is_some());
        // The report as a whole is kept for three seconds.
        eventually("a good report", || async {
            (status().await == "ok").then_some(())
        })
        .await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(50), "{took:?}");
    });
}

/// The names in the queries of alert rules and of the dashboard.
pub(crate) fn monitored() -> BTreeSet<&'static str> {
    const FILES: [&str; 2] = [
        include_str!("../../infra/monitoring/alerts.yaml"),
        include_str!("../../infra/monitoring/dashboard.json"),
    ];
    let name = Regex::new("magnusapi_[a-z_]+").expect("a pattern");
    let names = FILES.iter().flat_map(|file| name.find_iter(file));
    names.map(|it| it.as_str()).collect()
}

/// A query of another name returns nothing, which looks like a system without a fault.
#[test]
fn alert_rules_and_the_dashboard_name_series_of_the_program() {
    run(async {
        let (_program, series, _) = after_a_backup().await;
        let names = series.names();
        let elsewhere = |name: &&str| {
            name.starts_with("magnusapi_scale_") || *name == "magnusapi_backup_verified_age_seconds"
        };
        let monitored: Vec<_> = monitored().into_iter().collect();
        assert!(monitored.len() > 20, "{monitored:?}");
        let unknown: Vec<_> = monitored
            .into_iter()
            .filter(|name| !names.contains(name) && !elsewhere(name))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?} are not in {names:?}");
    });
}

/// A load balancer sends each scrape to another instance, under the same address.
#[test]
fn series_of_a_process_have_its_instance_and_others_do_not() {
    run(async {
        let database = Database::migrated();
        let names = ["WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "CONTAINER_NAME"];
        let mut series: Vec<Series> = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            // The ones behind the first are ignored.
            let start = names[place..]
                .iter()
                .fold(Start::handler(), |start, other| {
                    start.set(other, if *other == name { name } else { "another" })
                });
            let program = start.set("DATABASE_URL", &database.url).serving().await;
            program.make(name).await;
            series.push(read(&program).await);
        }
        let of = |prefix: &str, name: &str| {
            ["http_", "item", "database_", "build_"].iter().any(|it| {
                name.strip_prefix(prefix)
                    .is_some_and(|rest| rest.starts_with(it))
            })
        };
        for (series, instance) in series.iter().zip(names) {
            for (name, labels) in series.0.keys() {
                let label = labels.get("instance_id").map(String::as_str);
                let is_of_process = of("magnusapi_", name);
                assert_eq!(
                    label,
                    is_of_process.then_some(instance),
                    "{name} {labels:?}"
                );
            }
            let labels = [("instance_id", instance)];
            let created = series.value("magnusapi_items_created_total", &labels);
            assert_eq!(created, Some(1.0));
        }
    });
}

#[test]
fn requests_are_counted_by_function_and_status_and_not_by_path() {
    with_program(async |program: Program| {
        let id = program.make("counted").await;
        for path in ["/item/999999", "/item/999998", "/secret/path"] {
            program.get(path).await;
        }
        program.get(&format!("/item/{id}")).await;
        let response = program.get("/metrics").await;
        let series = Series::of(&response);
        let requests = |function, status| {
            let labels = [("function", function), ("status", status)];
            series.value("magnusapi_http_request_duration_seconds_count", &labels)
        };
        assert_eq!(requests("item", "201"), Some(1.0));
        assert_eq!(requests("item", "200"), Some(1.0));
        assert_eq!(requests("item", "404"), Some(2.0));
        assert_eq!(requests("nothing", "404"), Some(1.0));
        assert_eq!(requests("item", "500"), None);
        assert!(!text(&response).contains("secret"));
    });
}

#[test]
fn created_items_are_counted_once() {
    with_program(async |program: Program| {
        program.make("one").await;
        let taken = program.post("/item", &json!({"name": "one"})).await;
        assert_eq!(taken.status, 409);
        for _ in 0..2 {
            let keyed = program.with_json(Method::POST, "/item", &json!({"name": "two"}));
            let keyed = Response::to(keyed.header("Idempotency-Key", "a")).await;
            assert_eq!(keyed.status, 201);
        }
        let series = read(&program).await;
        assert_eq!(
            series.value("magnusapi_items_created_total", &[]),
            Some(2.0)
        );
        assert_eq!(
            series.value("magnusapi_item_batch_size_sum", &[]),
            Some(2.0)
        );
        assert_eq!(series.value("magnusapi_item_queue_depth", &[]), Some(0.0));
        assert_eq!(series.value("magnusapi_item_open_streams", &[]), Some(0.0));
    });
}

#[test]
fn a_part_that_cannot_be_read_is_absent() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", "postgres://u@127.0.0.1:1/x?sslmode=disable")
            .serving()
            .await;
        let begun = std::time::Instant::now();
        let series = read(&program).await;
        // Less than Prometheus's own deadline.
        assert!(begun.elapsed().as_secs() < 10);
        assert_eq!(
            series.value("magnusapi_part_up", &[("part", "timers")]),
            Some(0.0)
        );
        assert_eq!(
            series.value("magnusapi_part_up", &[("part", "backups")]),
            Some(1.0)
        );
        assert_eq!(series.value("magnusapi_health_status", &[]), Some(2.0));
        let names = series.names();
        assert!(
            !names.iter().any(|it| it.starts_with("magnusapi_timer")),
            "{names:?}"
        );
        assert!(names.contains("magnusapi_items_created_total"));
        program
            .line(|line| line.contains("the metrics of timers are missing"))
            .await;
    });
}

#[test]
fn open_listings_are_counted() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let rows = "INSERT INTO item (name) SELECT 'row ' || n FROM generate_series(1, 300000) n";
        client.batch_execute(rows).await.expect("they are inserted");
        let program = Start::on(&database).await;
        // A reader that does not read keeps its listing open.
        let listing = program.request(Method::GET, "/item").send().await;
        let listing = listing.expect("a response");
        let series = read(&program).await;
        assert_eq!(series.value("magnusapi_item_open_streams", &[]), Some(1.0));
        drop(listing);
        eventually("the end of the listing", || async {
            let series = read(&program).await;
            (series.value("magnusapi_item_open_streams", &[]) == Some(0.0)).then_some(())
        })
        .await;
    });
}

#[test]
fn the_route_requires_a_key() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/functions/metrics/function.json"
    );
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(text.contains(r#""authLevel": "function""#), "{text}");
}
