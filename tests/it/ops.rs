//! The operators' page.

use crate::harness::{Database, Program, Start, healthy, run, with_program};

async fn page(program: &Program) -> String {
    let response = program.get("/ops").await;
    assert_eq!(response.status, 200, "{response:?}");
    String::from_utf8(response.body).expect("UTF-8")
}

#[test]
fn the_page_allows_its_own_style_and_script_only_and_names_no_referrer() {
    with_program(async |program: Program| {
        let response = program.get("/ops?code=a-key").await;
        assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(response.header("referrer-policy"), "no-referrer");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        let policy = response.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = String::from_utf8(response.body).expect("UTF-8");
        assert!(!text.contains("a-key"), "the page repeats the key");
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

#[test]
fn a_panel_whose_source_cannot_be_reached_says_so_in_its_place() {
    run(async {
        let start = Start::handler().set("DATABASE_URL", "host=/nowhere user=absent");
        let program = start.serving().await;
        let text = page(&program).await;
        let runs = text.split_once("id=\"runs\"").expect("the panel").1;
        assert!(runs.contains("class=\"absent\""), "{text}");
        assert!(text.contains("check fails") || text.contains("checks fail"));
    });
}
