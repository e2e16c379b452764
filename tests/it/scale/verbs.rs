//! The verbs of `magnusapi scale`.

use schedule::Size;
use serde_json::Value;

use super::stage::{DAY, EVENING, Stage, tick, ticked, web};
use crate::harness::{Start, run};

const FROM: &str = "2026-03-28T00:00:00Z";

/// A weekend in Berlin on which clocks are set forward.
fn berlin(stage: &Stage) {
    let id = stage.azure.scale_set("web", 1);
    stage.write(&format!(
        "[target.web]\nresource = \"{id}\"\nzone = \"Europe/Berlin\"\nsize = 1\n\
         bounds = {{ min = 1, max = 4 }}\n\
         [[target.web.weekly]]\nname = \"night\"\ndays = \"Sun\"\nfrom = \"02:30\"\nto = \"12:00\"\n\
         size = 3\n"
    ));
}

#[test]
fn the_plan_has_both_clocks_the_rule_and_the_duration() {
    run(async {
        let stage = Stage::new().await;
        berlin(&stage);
        let plan = stage.does(&["plan", "--from", FROM, "--days", "8"]).await;
        let line = "Sun 2026-03-29 03:30  2026-03-29 01:30     1   3  8 h 30 min  weekly window \
                    \"night\" (gap: 02:30 does not exist, clocks are set forward)";
        assert!(plan.contains(line), "{plan}");
        assert!(plan.contains("always at 4"), "{plan}");

        let json = stage
            .does(&["plan", "--from", FROM, "--days", "8", "--json"])
            .await;
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let first = &json["data"]["targets"][0]["changes"][0];
        assert_eq!(first["at"], "2026-03-29T01:30:00Z");
        assert_eq!(first["clocks"]["change"], "gap");
        assert_eq!(first["clocks"]["written"], "2026-03-29T02:30:00");
        assert_eq!(first["lasts"], 8 * 3600 + 1800);

        let svg = stage
            .does(&["plan", "--from", FROM, "--days", "8", "--svg"])
            .await;
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{svg}"
        );
        assert!(svg.contains("weekly window &#34;night&#34;"), "{svg}");
    });
}

#[test]
fn a_calendar_from_before_1970_with_a_removed_instance_is_read() {
    run(async {
        let stage = Stage::new().await;
        let id = stage.azure.scale_set("web", 1);
        stage.write(
            &(web(&id, "holidays = { calendars = [\"all\"], size = 2 }")
                + "[calendar.all]\nfiles = [\"all.ics\"]\n"),
        );
        stage.file(
            "all.ics",
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Feast\r\n\
             DTSTART;VALUE=DATE:16041124\r\nDTEND;VALUE=DATE:16041126\r\nRRULE:FREQ=YEARLY\r\n\
             EXDATE;VALUE=DATE:20271124\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        );
        for (year, size) in [(2026, 2), (2027, 4)] {
            let at = format!("{year}-11-25T09:00:00Z");
            let text = stage.does(&["explain", "--at", &at]).await;
            assert!(text.contains(&format!("web should be {size} at")), "{text}");
        }
    });
}

#[test]
fn an_explanation_has_every_rule_and_its_real_duration() {
    run(async {
        let stage = Stage::new().await;
        berlin(&stage);
        let text = stage
            .does(&["explain", "--at", "2026-03-29T02:00:00Z"])
            .await;
        assert!(
            text.contains("web should be 3 at 2026-03-29 02:00 UTC"),
            "{text}"
        );
        assert!(
            text.contains("weekly window \"night\", size 3: decides"),
            "{text}"
        );
        assert!(text.contains("(8 h 30 min)"), "{text}");
        assert!(text.contains("default size, size 1: overruled"), "{text}");
        let json = stage
            .does(&["explain", "web", "--at", FROM, "--json"])
            .await;
        let json: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["data"][0]["steps"][0]["standing"], "idle", "{json}");
    });
}

#[test]
fn lint_prints_every_finding_and_exits_with_1_for_an_error() {
    run(async {
        let stage = Stage::new().await;
        berlin(&stage);
        assert!(stage.does(&["lint"]).await.contains("findings: 0"));
        let id = stage.azure.scale_set("web", 1);
        stage.write(&(web(&id, "") + &web(&id, "").replace("target.web", "target.other")));
        let text = stage.fails(&["lint"], 1).await;
        assert!(text.contains("are the same resource"), "{text}");
        stage.write(&web("/subscriptions/s/resourceGroups/g", "").replace("size = 4", "size = 9"));
        let text = stage.fails(&["lint"], 1).await;
        assert!(
            text.contains("agentPools") && text.contains("outside the bounds"),
            "{text}"
        );
        stage.write(&web(&id, "").replace("days = \"Mon-Fri\"", "days = \"Mon-Fry\""));
        let text = stage.fails(&["lint"], 1).await;
        assert!(
            text.contains("line 9: days = \"Mon-Fry\"") && text.contains("did you mean Fri?"),
            "{text}"
        );
        let text = stage.fails(&["plan"], 1).await;
        assert!(text.contains("did you mean Fri?"), "{text}");
        stage.write(&web(&id, "").replace("size = 4", "size = { min = 1, max = 4 }"));
        let text = stage.fails(&["lint"], 1).await;
        assert!(text.contains("no autoscaler of its own"), "{text}");
    });
}

#[test]
fn a_run_from_the_shell_is_a_tick_and_a_dry_one_changes_nothing() {
    run(async {
        let stage = Stage::with_web(3).await;
        let dry = stage.does(&["run", "--dry-run"]).await;
        assert!(dry.contains("would be changed from 3 to"), "{dry}");
        assert!(stage.azure.writes().is_empty());
        assert!(stage.changes().await.is_empty());
        let done = stage.does(&["run"]).await;
        assert!(done.contains("changed from 3 to"), "{done}");
        assert_ne!(stage.azure.size_of("web"), Size::One(3));
        let history = stage.does(&["history"]).await;
        assert!(history.contains("succeeded"), "{history}");
        stage.azure.remove("web");
        let text = stage.fails(&["run"], 1).await;
        assert!(text.contains("does not exist"), "{text}");
    });
}

#[test]
fn the_history_has_each_change_with_its_time_and_rule() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        tick(&program, DAY).await;
        let history = stage.does(&["history", "web", "--days", "400"]).await;
        assert!(history.contains("2026-11-24 08:00"), "{history}");
        assert!(history.contains("weekly window \"work day\""), "{history}");
        let none = stage.does(&["history", "other", "--days", "400"]).await;
        assert!(none.contains("no change"), "{none}");
    });
}

#[test]
fn a_change_of_a_newer_version_is_skipped_and_reported() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        tick(&program, DAY).await;
        let newer = "INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule, cause,
                                               invocation_id)
                     SELECT 'web', resource, requested_at, size_before, '{\"cores\": 4}', 'new', cause, invocation_id
                       FROM scale_change";
        let client = stage.database.connect().await;
        client.execute(newer, &[]).await.expect("it is written");
        let history = stage.does(&["history", "web", "--days", "400"]).await;
        assert!(history.contains("2026-11-24 08:00"), "{history}");

        ticked(&program, EVENING, 200).await;
        let skipped = "skips 1 of 1 changes";
        program.line(|line| line.contains(skipped)).await;
    });
}

#[test]
fn only_holds_and_changes_need_the_database_of_the_timer() {
    run(async {
        let stage = Stage::new().await;
        berlin(&stage);
        let schedule = stage.schedule().display().to_string();
        let start = || {
            Start::operator()
                .set("SCALE_CONFIG", &schedule)
                .argument("scale")
        };
        let output = start().argument("plan").output();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let empty = crate::harness::Database::empty();
        let output = start()
            .set("DATABASE_URL", &empty.url)
            .argument("holds")
            .output();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("magnusapi migrate"), "{text}");
        // The timer would never see a hold in a private database.
        let output = start().argument("holds").output();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("set DATABASE_URL"), "{text}");
        for verb in ["explain", "plan"] {
            let output = start().argument(verb).argument("nothing").output();
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(text.contains("only web"), "{text}");
        }
        let output = Start::operator()
            .argument("scale")
            .argument("plan")
            .output();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("no schedule at scale.toml"), "{text}");
    });
}
