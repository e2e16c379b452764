//! Holds: from the shell and over HTTP. They end by themselves.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use schedule::Size;
use serde_json::{Value, json};

use super::stage::{Stage, health, report, tick, ticked};
use crate::harness::{Program, Response, run, waiting_for_a_lock};

/// The instant this many minutes from now, to the second.
fn in_minutes(minutes: i64) -> String {
    let at = Timestamp::now() + SignedDuration::from_mins(minutes);
    Timestamp::from_second(at.as_second())
        .expect("an instant")
        .to_string()
}

async fn post(program: &Program, body: &Value) -> Response {
    Response::to(program.with_json(Method::POST, "/scale/hold", body)).await
}

async fn delete(program: &Program, target: &str) -> Response {
    Response::to(program.request(Method::DELETE, &format!("/scale/hold/{target}"))).await
}

fn hold(minutes: i64) -> Value {
    json!({"target": "web", "size": 6, "until": in_minutes(minutes), "reason": "release", "by": "ann"})
}

#[test]
fn a_hold_from_the_shell_decides_until_it_ends_by_itself() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        let made = stage
            .does(&[
                "hold", "web", "--size", "6", "--until", "2h", "--reason", "release", "--by", "ann",
            ])
            .await;
        assert!(made.contains("web is held at 6 until"), "{made}");
        let now = in_minutes(1);
        let response = tick(&program, &now).await;
        assert!(
            report(&response).contains("should be 6 by hold by ann: release"),
            "{}",
            report(&response)
        );
        assert_eq!(stage.azure.size_of("web"), Size::One(6));
        let found = health(&program, "scale:hold").await;
        assert_eq!(found[0]["status"], "warn", "{found}");
        assert!(
            found[0]["output"]
                .as_str()
                .unwrap_or_default()
                .contains("by ann: release"),
            "{found}"
        );
        let listed = stage.does(&["holds"]).await;
        assert!(
            listed.contains("web") && listed.contains("release"),
            "{listed}"
        );
        // Two hours later the hold has ended, and the schedule decides again.
        let later = ticked(&program, &in_minutes(121), 200).await;
        assert!(!later.contains("hold by"), "{later}");
        assert_ne!(stage.azure.size_of("web"), Size::One(6));
    });
}

/// A time zone whose clocks are set forward by an hour within the week from now on.
fn zone_with_a_short_week() -> String {
    let day_from_now = |days: i64| {
        let at = Timestamp::now() + SignedDuration::from_hours(24 * days);
        jiff::tz::TimeZone::UTC.to_datetime(at).date()
    };
    // The form `J` has no number for 29 February.
    let number = |days| {
        let mut near = [days, days + 1].into_iter().map(day_from_now);
        near.find_map(jiff::civil::Date::day_of_year_no_leap)
    };
    let (forward, back) = (number(3).expect("a day"), number(60).expect("a day"));
    format!("STD0DST,J{forward}/0,J{back}/0")
}

#[test]
fn a_hold_of_seven_days_crosses_a_clock_change_of_the_databases_zone() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage
            .database
            .sets_time_zone(&zone_with_a_short_week())
            .await;
        let made = stage
            .does(&[
                "hold", "web", "--size", "6", "--until", "168h", "--reason", "release", "--by",
                "ann",
            ])
            .await;
        assert!(made.contains("web is held at 6 until"), "{made}");
    });
}

/// The Functions host sends a request without a body again, under the same invocation id.
#[test]
fn a_resent_release_gets_the_result_of_the_first_and_ends_no_later_hold() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        let release = async |invocation: &str| {
            let request = program.request(Method::DELETE, "/scale/hold/web");
            let request = request.header("X-Azure-Functions-InvocationId", invocation);
            Response::to(request).await.status.as_u16()
        };
        let (one, other) = (
            "6f2b5d1f-0f5b-4a39-9c56-0a0e1f703c01",
            "6f2b5d1f-0f5b-4a39-9c56-0a0e1f703c02",
        );
        assert_eq!(release(one).await, 404);
        assert_eq!(post(&program, &hold(60)).await.status, 201);
        assert_eq!(release(one).await, 204);
        assert_eq!(release(one).await, 204);
        assert_eq!(release(other).await, 404);
        assert_eq!(post(&program, &hold(60)).await.status, 201);
        assert_eq!(release(one).await, 204);
        let holds = program.get("/scale/hold").await.json();
        assert_eq!(holds["data"].as_array().map(Vec::len), Some(1), "{holds}");
        assert_eq!(release(other).await, 204);
        let holds = program.get("/scale/hold").await.json();
        assert_eq!(holds["data"], json!([]), "{holds}");
    });
}

#[test]
fn two_sendings_of_one_release_at_once_both_succeed() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        assert_eq!(post(&program, &hold(60)).await.status, 201);
        let lock = stage.database.connect().await;
        let begin = "BEGIN; SELECT FROM scale_hold FOR UPDATE";
        lock.batch_execute(begin).await.expect("a lock");
        let release = || {
            let request = program.request(Method::DELETE, "/scale/hold/web");
            let id = "6f2b5d1f-0f5b-4a39-9c56-0a0e1f703c01";
            Response::to(request.header("X-Azure-Functions-InvocationId", id))
        };
        let unlock = async {
            waiting_for_a_lock(&stage.database, 2).await;
            lock.batch_execute("ROLLBACK")
                .await
                .expect("it is released");
        };
        let (first, second, ()) = tokio::join!(release(), release(), unlock);
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (204, 204));
    });
}

#[test]
fn a_second_hold_replaces_the_first_until_it_is_released() {
    run(async {
        let stage = Stage::with_web(1).await;
        let arguments = |size: &'static str, until: &'static str| {
            [
                "hold", "web", "--size", size, "--until", until, "--reason", "r", "--by", "b",
                "--json",
            ]
        };
        stage.does(&arguments("6", "4h")).await;
        stage.does(&arguments("7", "2h")).await;
        let explained = stage.does(&["explain", "web"]).await;
        assert!(explained.contains("web should be 7"), "{explained}");
        // The first one is not in force after the end of the second.
        assert!(!explained.contains("size 6"), "{explained}");
        let later = in_minutes(180);
        let explained = stage.does(&["explain", "web", "--at", &later]).await;
        assert!(!explained.contains("web should be 6"), "{explained}");
        let released = stage.does(&["release", "web"]).await;
        assert!(released.contains("is released"), "{released}");
        assert!(stage.does(&["holds"]).await.contains("there are no holds"));
        let text = stage.fails(&["release", "web"], 4).await;
        assert!(text.contains("web has no hold"), "{text}");
    });
}

#[test]
fn a_wrong_hold_is_rejected_with_all_mistakes() {
    run(async {
        let stage = Stage::with_web(1).await;
        let text = stage
            .fails(
                &[
                    "hold", "web", "--size", "9", "--until", "200h", "--reason", "", "--by", "b",
                ],
                2,
            )
            .await;
        for hint in [
            "--size: 9 is outside the bounds of web; give 1 to 8",
            "7 days",
            "--reason",
        ] {
            assert!(text.contains(hint), "{text}");
        }
        let text = stage
            .fails(
                &[
                    "hold", "wbe", "--size", "2", "--until", "2h", "--reason", "r", "--by", "b",
                ],
                2,
            )
            .await;
        assert!(
            text.contains("the schedule has no target wbe, only web"),
            "{text}"
        );
        let text = stage
            .fails(
                &[
                    "hold", "web", "--size", "many", "--until", "2h", "--reason", "r", "--by", "b",
                ],
                2,
            )
            .await;
        assert!(text.contains("2-6 for a least and a most"), "{text}");
        let text = stage
            .fails(
                &[
                    "hold", "web", "--size", "2", "--until", "soon", "--reason", "r", "--by", "b",
                ],
                2,
            )
            .await;
        assert!(text.contains("a length such as 2h"), "{text}");
    });
}

#[test]
fn holds_are_made_listed_and_released_over_http() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        let made = post(&program, &hold(60)).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json()["data"]["size"], 6);
        let listed = program.get("/scale/hold").await.json();
        assert_eq!(listed["data"][0]["by"], "ann", "{listed}");
        let plan = program.get("/scale/plan?days=1").await.json();
        assert_eq!(
            plan["data"]["targets"][0]["spans"][0]["kind"], "hold",
            "{plan}"
        );
        assert_eq!(delete(&program, "web").await.status, 204);
        assert_eq!(delete(&program, "web").await.status, 404);
        assert_eq!(program.get("/scale/hold").await.json(), json!({"data": []}));
    });
}

#[test]
fn mistakes_in_a_hold_over_http_are_reported_by_member() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        let with = |member: &str, value: Value| {
            let mut body = hold(60);
            body[member] = value;
            body
        };
        for (body, status, hint) in [
            (
                with("size", json!(9)),
                422,
                "/size: 9 is outside the bounds",
            ),
            (
                with("size", json!({"min": 1, "max": 2})),
                422,
                "give one number",
            ),
            (with("size", json!("6")), 422, "such as 4"),
            (with("until", json!(in_minutes(-1))), 422, "in the past"),
            (
                with("until", json!(in_minutes(7 * 24 * 60 + 5))),
                422,
                "7 days",
            ),
            (with("until", json!("18:00")), 422, ""),
            (with("reason", json!("")), 422, "/reason"),
            (with("by", json!("a\u{0}b")), 422, "/by"),
            (
                with("target", json!("nothing")),
                404,
                "no target \"nothing\"",
            ),
            (with("more", json!(1)), 422, "more"),
            (json!({"target": "web"}), 422, "size"),
            (json!([]), 422, ""),
        ] {
            let response = post(&program, &body).await;
            assert_eq!(response.status, status, "{body}: {response:?}");
            let detail = response.json()["detail"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            assert!(detail.contains(hint), "{body}: {detail}");
        }
        let mut body = with("size", json!("six"));
        body["until"] = json!(7);
        body["more"] = json!(1);
        let errors = post(&program, &body).await.json()["errors"].clone();
        let fields = errors.as_array().expect("a list").iter();
        let mut fields: Vec<_> = fields.map(|it| it["field"].clone()).collect();
        fields.sort_by_key(Value::to_string);
        assert_eq!(fields, ["/more", "/size", "/until"], "{errors}");
        assert_eq!(program.get("/scale/hold").await.json(), json!({"data": []}));
        for query in [
            "?days=0",
            "?days=401",
            "?from=yesterday",
            "?of=web",
            "?days=1&days=2",
        ] {
            let response = program.get(&format!("/scale/plan{query}")).await;
            assert_eq!(response.status, 400, "{query}");
        }
    });
}

#[test]
fn both_routes_require_a_key() {
    for function in ["scale_hold", "scale_plan"] {
        let file = format!(
            "{}/functions/{function}/function.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(file).expect("it is there");
        assert!(text.contains(r#""authLevel": "function""#), "{function}");
    }
}
