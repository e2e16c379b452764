//! The operators' page.

mod actions;
mod browser;
mod year;

use std::time::{Duration, Instant};

use crate::harness::{
    ACCOUNT, AppFolder, Database, KEY, Program, Response, Start, client, healthy, run, start,
    with_program,
};
use year::{ADMIN_KEY, PAGE_KEY, Year};

async fn page(program: &Program) -> String {
    let response = program.get("/ops").await;
    assert_eq!(response.status, 200, "{response:?}");
    String::from_utf8(response.body).expect("UTF-8")
}

#[test]
fn the_page_allows_its_own_style_and_script_only_and_names_no_referrer() {
    with_program(async |program: Program| {
        let response = program.get("/ops?code=hunter2").await;
        assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(response.header("referrer-policy"), "no-referrer");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        let policy = response.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = String::from_utf8(response.body).expect("UTF-8");
        assert!(!text.contains("hunter2"), "the page repeats the key");
    });
}

#[test]
fn the_page_shows_the_checks_and_the_last_runs() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let rows = "INSERT INTO function_run (function, slot, attempt, invocation_id, started_at,
                                              finished_at, outcome, failure)
                    SELECT 'scale', now() - n * interval '5 min', 1 + n % 3, 'call ' || n,
                           now() - n * interval '5 min', now() - n * interval '5 min',
                           CASE n WHEN 3 THEN 'failed' ELSE 'succeeded' END,
                           CASE n WHEN 3 THEN '403 <b>Forbidden</b>' END
                      FROM generate_series(0, 60) AS n";
        client.batch_execute(rows).await.expect("they are stored");
        let program = Start::on(&database).await;
        healthy(&program).await;
        let text = page(&program).await;
        assert!(text.contains("database:latency"), "{text}");
        assert!(text.contains("All checks pass"), "{text}");
        assert!(text.contains("The last 50 runs"), "{text}");
        assert!(text.contains("call 49<") && !text.contains("call 50<"));
        assert!(
            text.contains("403 &#60;b&#62;Forbidden&#60;/b&#62;"),
            "{text}"
        );
    });
}

/// The panel of this name.
fn panel<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("<section id=\"{name}\"");
    let panel = text.split_once(&start).expect(name).1;
    panel.split_once("</section>").expect("its end").0
}

/// A page of a program with a schedule of the target `web`, a store with backups of `shop`, and a database with a
/// run; but these settings name places that cannot be reached.
async fn page_without(settings: &[(&str, &str)]) -> String {
    let database = Database::migrated();
    let run =
        "INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at, outcome)
               VALUES ('scale', now(), 'the only call', now(), now(), 'succeeded')";
    let client = database.connect().await;
    client.batch_execute(run).await.expect("it is stored");
    let folder = tempfile::tempdir().expect("a folder");
    let schedule = folder.path().join("scale.toml");
    std::fs::write(&schedule, actions::SCHEDULE).expect("a schedule");
    let start = Start::handler()
        .set("DATABASE_URL", &database.url)
        .set("SCALE_CONFIG", &schedule.display().to_string())
        .set("BACKUP_URL", &format!("file://{}", folder.path().display()))
        .set("BACKUP_DATABASES", "shop")
        .set("BACKUP_DATABASE_URL_SHOP", &database.url);
    let settings = settings.iter();
    let start = settings.fold(start, |start, (name, value)| start.set(name, value));
    page(&start.serving().await).await
}

#[test]
fn a_database_that_is_away_is_named_in_the_place_of_its_data() {
    run(async {
        let text = page_without(&[("DATABASE_URL", "host=/nowhere user=absent")]).await;
        for name in ["sizes", "runs"] {
            let panel = panel(&text, name);
            assert!(panel.contains("class=\"absent\""), "{panel}");
            assert!(panel.contains("/nowhere"), "{panel}");
        }
        let backups = panel(&text, "backups");
        assert!(
            backups.contains("The calendars lack the failed runs"),
            "{backups}"
        );
        assert!(backups.contains("Newest backup"), "{backups}");
        // There is no backup yet, so there is nothing to draw.
        assert!(!backups.contains("class=\"charts\""), "{backups}");
        assert!(text.contains("check fails") || text.contains("checks fail"));
    });
}

#[test]
fn a_store_that_is_away_is_named_in_the_place_of_its_data() {
    run(async {
        let text = page_without(&[
            ("BACKUP_URL", "az://backups/shop"),
            ("BACKUP_STORAGE_ACCOUNT", ACCOUNT),
            ("BACKUP_STORAGE_KEY", KEY),
            ("BACKUP_STORAGE_ENDPOINT", "http://127.0.0.1:1"),
            ("BACKUP_STORAGE_WAIT", "1"),
        ])
        .await;
        let backups = panel(&text, "backups");
        let reason = backups.split_once("class=\"absent\"").expect("a reason").1;
        assert!(reason.contains("az://backups"), "{backups}");
        assert!(!backups.contains("Newest backup"), "{backups}");
        assert!(panel(&text, "now").contains("backup:age"), "{text}");
        assert!(
            panel(&text, "sizes").contains("id=\"target-web\""),
            "{text}"
        );
        assert!(panel(&text, "runs").contains("the only call"), "{text}");
        assert_eq!(text.matches("class=\"absent\"").count(), 1, "{text}");
    });
}

#[test]
fn a_schedule_that_is_away_is_named_in_the_place_of_its_data() {
    run(async {
        let blob = [
            ("SCALE_CONFIG", "az://schedules/scale.toml/scale.toml"),
            ("SCALE_STORAGE_ACCOUNT", ACCOUNT),
            ("SCALE_STORAGE_KEY", KEY),
            ("SCALE_STORAGE_ENDPOINT", "http://127.0.0.1:1"),
            ("SCALE_STORAGE_WAIT", "1"),
        ];
        let file = [("SCALE_CONFIG", "/nowhere/scale.toml")];
        for (settings, place) in [
            (&blob[..], "az://schedules"),
            (&file, "/nowhere/scale.toml"),
        ] {
            let text = page_without(settings).await;
            let sizes = panel(&text, "sizes");
            let reason = sizes.split_once("class=\"absent\"").expect("a reason").1;
            assert!(reason.contains(place), "{sizes}");
            assert!(!sizes.contains("id=\"target-"), "{sizes}");
            assert!(
                panel(&text, "now").contains("scale:configuration"),
                "{text}"
            );
            assert!(panel(&text, "backups").contains("Newest backup"), "{text}");
            assert!(panel(&text, "runs").contains("the only call"), "{text}");
            assert_eq!(text.matches("class=\"absent\"").count(), 1, "{text}");
        }
    });
}

/// The report of `/health` is cached, and the panels of sizes, backups and runs make one query each.
#[test]
fn each_panel_makes_one_query() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let schedule = folder.path().join("scale.toml");
        std::fs::write(&schedule, actions::SCHEDULE).expect("a schedule");
        let database = Database::migrated();
        let program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .set("SCALE_CONFIG", &schedule.display().to_string())
            .set("LOG", "info,tokio_postgres=debug")
            .set("LOG_REQUESTS", "all")
            .serving()
            .await;
        healthy(&program).await;
        let mut queries = Vec::new();
        for _ in 0..5 {
            let response = program.get("/ops").await;
            assert_eq!(response.status, 200);
            let id = response.header("x-request-id");
            program
                .line(|line| line.contains(id) && line.contains("\"status\":"))
                .await;
            let lines = [program.stdout(), program.stderr()].concat();
            let of_page =
                |line: &&String| line.contains(id) && line.contains("executing statement");
            queries.push(lines.iter().filter(of_page).count());
        }
        // Some pages need a new report.
        assert_eq!(queries.iter().min(), Some(&3), "{queries:?}");
    });
}

#[test]
fn the_page_and_its_actions_need_different_keys() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let mut options = app.on(&database);
        options.keys = Some(year::keys());
        let host = start(options).await;
        let client = client();
        let page = format!("{}/ops", host.url());
        let action = format!("{}/ops/action", host.url());
        assert_eq!(Response::to(client.get(&page)).await.status, 401);
        let page = client.get(&page).header("x-functions-key", PAGE_KEY);
        assert_eq!(Response::to(page).await.status, 200);
        for (key, status) in [(PAGE_KEY, 401), (ADMIN_KEY, 403)] {
            let request = client.post(&action).header("x-functions-key", key);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            assert_eq!(
                Response::to(request.body("action=hold")).await.status,
                status
            );
        }
        host.shutdown().await;
    });
}

#[test]
fn a_year_of_history_is_shown_fast_and_in_a_browser() {
    run(async {
        let year = Year::new().await;
        let host = start(year.host()).await;
        let url = format!("{}/ops?code={PAGE_KEY}", host.url());
        let client = client();
        let mut fastest = Duration::MAX;
        for _ in 0..30 {
            let begun = Instant::now();
            let response = Response::to(client.get(&url)).await;
            fastest = fastest.min(begun.elapsed());
            assert_eq!(response.status, 200);
        }
        // The fastest one, because the machine may be busy.
        assert!(fastest < Duration::from_millis(50), "{fastest:?}");
        browser::plays("looks", &host.url(), [PAGE_KEY, ADMIN_KEY]);
        browser::plays("acts", &host.url(), [PAGE_KEY, ADMIN_KEY]);
        host.shutdown().await;
        let mut options = year.host();
        options.keys = None;
        let host = start(options).await;
        browser::plays("acts_without_script", &host.url(), [PAGE_KEY, ADMIN_KEY]);
        host.shutdown().await;
        let client = year.client().await;
        let holds =
            "SELECT made_by FROM scale_hold WHERE since > now() - interval '1 hour' ORDER BY id";
        let holds = client.query(holds, &[]).await.expect("the holds");
        let by: Vec<String> = holds.iter().map(|row| row.get(0)).collect();
        assert_eq!(by, ["with the script", "without a script"]);
    });
}
