//! `/metrics`: a strict reader of the text, promtool, and the values.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use regex::Regex;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Database, Program, Response, Start, eventually, run, with_program};

/// The series of a response: values by name and labels.
pub(crate) struct Series(BTreeMap<(String, BTreeMap<String, String>), f64>);

impl Series {
    /// Reads the text of a response strictly: each family has one HELP and one TYPE before its samples, names
    /// follow the conventions, no series occurs twice, and buckets are cumulative.
    #[track_caller]
    pub(crate) fn of(response: &Response) -> Series {
        assert_eq!(response.status, 200, "{response:?}");
        let media_type = response.header("content-type");
        assert!(
            media_type.starts_with("text/plain; version=0.0.4"),
            "{media_type}"
        );
        let text = text(response);
        assert!(text.ends_with('\n'), "the last line has no end");
        let sample = Regex::new(r"^([a-z][a-z0-9_]*)(?:\{(.*)\})? (\S+)$").expect("a pattern");
        let label =
            Regex::new(r#"([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)"#).expect("a pattern");
        let (mut helped, mut kinds) = (BTreeSet::new(), BTreeMap::new());
        let mut series = BTreeMap::new();
        let mut family = String::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').expect("a text");
                assert!(
                    help.ends_with('.') && helped.insert(name.to_owned()),
                    "{line}"
                );
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a type");
                assert!(helped.contains(name), "{line}");
                assert!(
                    kinds.insert(name.to_owned(), kind.to_owned()).is_none(),
                    "{line}"
                );
                name.clone_into(&mut family);
            } else {
                let parts = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
                let (name, labels) = (&parts[1], parts.get(2).map_or("", |it| it.as_str()));
                assert_belongs(name, &family, &kinds[&family]);
                let read = label.captures_iter(labels);
                let read: BTreeMap<String, String> = read
                    .map(|it| (it[1].to_owned(), it[2].to_owned()))
                    .collect();
                let length: usize = label.find_iter(labels).map(|it| it.len()).sum();
                assert_eq!(length, labels.len(), "{line}");
                let value = parts[3].parse().unwrap_or_else(|_| panic!("{line}"));
                let before = series.insert((name.to_owned(), read), value);
                assert_eq!(before, None, "{line}");
            }
        }
        let series = Series(series);
        series.assert_buckets_are_cumulative();
        series
    }

    /// The value of the series with these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.0.get(&(name.to_owned(), labels.collect())).copied()
    }

    /// The names of series.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(|(name, _)| name.as_str()).collect()
    }

    fn assert_buckets_are_cumulative(&self) {
        let buckets = self
            .0
            .iter()
            .filter(|((name, _), _)| name.ends_with("_bucket"));
        let mut histograms: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), value) in buckets {
            let mut others = labels.clone();
            let bound = others.remove("le").expect("a bucket has a bound");
            let bound = bound.replace("+Inf", "inf").parse().expect("a number");
            let name = name.trim_end_matches("_bucket").to_owned();
            histograms
                .entry((name, others))
                .or_default()
                .push((bound, *value));
        }
        assert!(!histograms.is_empty());
        for ((name, labels), mut buckets) in histograms {
            buckets.sort_by(|one, two| one.0.total_cmp(&two.0));
            assert!(
                buckets.is_sorted_by(|one, two| one.1 <= two.1),
                "{name} {buckets:?}"
            );
            let count = self.0[&(format!("{name}_count"), labels)];
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}");
        }
    }
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.clone()).expect("it is UTF-8")
}

#[track_caller]
fn assert_belongs(name: &str, family: &str, kind: &str) {
    assert!(family.starts_with("magnusapi_"), "{family}");
    assert_eq!(family.ends_with("_total"), kind == "counter", "{family}");
    let is_of_it = match kind {
        "histogram" => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(family)),
        _ => name == family,
    };
    assert!(is_of_it, "{name} is not of the {kind} {family}");
}

async fn read(program: &Program) -> Series {
    Series::of(&program.get("/metrics").await)
}

/// `/metrics` of a program with a backup, after some requests.
async fn after_a_backup() -> (Program, Series, String) {
    let (own, source) = (Database::migrated(), Database::migrated());
    let folder = tempfile::tempdir().expect("a folder");
    let program = Start::handler()
        .set("DATABASE_URL", &own.url)
        .set("BACKUP_URL", &format!("file://{}", folder.path().display()))
        .set("BACKUP_DATABASES", "shop")
        .set("BACKUP_DATABASE_URL_SHOP", &source.url)
        .serving()
        .await;
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
