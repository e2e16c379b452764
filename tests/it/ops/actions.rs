//! The forms of the page over HTTP.

use reqwest::Method;

use crate::harness::{Database, Program, Response, Start, run};

pub(super) const SCHEDULE: &str =
    "[target.web]\nzone = \"Europe/Berlin\"\nsize = 1\nbounds = { min = 1, max = 6 }\n";

/// The program with a target `web`, and the folder of its schedule.
async fn stage(database: &Database) -> (Program, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scale.toml");
    std::fs::write(&file, SCHEDULE).expect("a schedule");
    let start = Start::handler().set("DATABASE_URL", &database.url);
    let start = start.set("SCALE_CONFIG", &file.display().to_string());
    (start.serving().await, folder)
}

async fn post(
    program: &Program,
    path: &str,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Response {
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = program
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Response::to(request.body(body)).await
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.clone()).expect("UTF-8")
}

const HOLD: [(&str, &str); 4] = [
    ("action", "hold"),
    ("target", "web"),
    ("size", "4"),
    ("until", "2h"),
];

/// The cookie of a confirmation, as the browser sends it back, and its token.
fn token(confirmation: &Response) -> (String, String) {
    let cookie = confirmation.header("set-cookie");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let token = cookie.split('=').nth(1).expect("a value").to_owned();
    assert!(text(confirmation).contains(&token));
    (cookie, token)
}

fn confirmed(token: &str) -> Vec<(&str, &str)> {
    let more = [("token", token), ("reason", "a release"), ("by", "ann")];
    HOLD.into_iter().chain(more).collect()
}

async fn holds(database: &Database) -> Vec<(String, String)> {
    let client = database.connect().await;
    let rows = client.query("SELECT made_by, reason FROM scale_hold", &[]);
    let rows = rows.await.expect("the holds");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn a_confirmation_names_the_effect_and_changes_nothing() {
    run(async {
        let database = Database::migrated();
        let (program, _folder) = stage(&database).await;
        let response = post(&program, "/ops?code=hunter2", &HOLD, &[]).await;
        assert_eq!(response.status, 200, "{response:?}");
        let text = text(&response);
        assert!(text.contains("web is held at 4 until"), "{text}");
        assert!(text.contains("It has no resource"), "{text}");
        assert!(
            text.contains("magnusapi scale hold web --size 4 --until"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
        assert!(holds(&database).await.is_empty());
    });
}

#[test]
fn an_action_needs_the_token_of_the_same_browser() {
    run(async {
        let database = Database::migrated();
        let (program, _folder) = stage(&database).await;
        let (cookie, token) = token(&post(&program, "/ops", &HOLD, &[]).await);
        let (another, doubled) = (format!("{cookie}0"), format!("{cookie}; {cookie}"));
        for (token, headers) in [
            (token.as_str(), &[][..]),
            (&token, &[("cookie", another.as_str())]),
            (&token, &[("cookie", doubled.as_str())]),
            ("", &[("cookie", cookie.as_str())]),
            ("", &[("cookie", "magnusapi-ops=")]),
            ("", &[]),
        ] {
            let response = post(&program, "/ops/action", &confirmed(token), headers).await;
            assert_eq!(response.status, 403, "{headers:?}");
        }
        assert!(holds(&database).await.is_empty());
        let headers = [("cookie", cookie.as_str())];
        let response = post(&program, "/ops/action", &confirmed(&token), &headers).await;
        assert_eq!(response.status, 200, "{}", text(&response));
        let expected = [("ann".to_owned(), "a release".to_owned())];
        assert_eq!(holds(&database).await, expected);
    });
}

/// Each request has the cookie and its token, so that only the header distinguishes them.
#[test]
fn an_action_of_another_site_is_rejected_although_its_token_is_valid() {
    run(async {
        let database = Database::migrated();
        let (program, _folder) = stage(&database).await;
        let (cookie, token) = token(&post(&program, "/ops", &HOLD, &[]).await);
        let fields = confirmed(&token);
        for (site, status) in [
            ("cross-site", 403),
            ("same-site", 403),
            ("none", 403),
            ("same-origin", 200),
        ] {
            let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", site)];
            let response = post(&program, "/ops/action", &fields, &headers).await;
            assert_eq!(response.status, status, "{site}: {}", text(&response));
            assert_eq!(holds(&database).await.is_empty(), status == 403, "{site}");
        }
    });
}

#[test]
fn the_name_that_the_platform_authenticated_is_stored() {
    run(async {
        let database = Database::migrated();
        let (program, _folder) = stage(&database).await;
        let principal = ("x-ms-client-principal-name", "bob@example.com");
        let confirmation = post(&program, "/ops", &HOLD, &[principal]).await;
        assert!(text(&confirmation).contains("bob@example.com"));
        let (cookie, token) = token(&confirmation);
        let headers = [("cookie", cookie.as_str()), principal];
        let response = post(&program, "/ops/action", &confirmed(&token), &headers).await;
        assert_eq!(response.status, 200, "{}", text(&response));
        assert_eq!(holds(&database).await[0].0, "bob@example.com");
        let log = "is held at 4 until";
        program
            .line(|line| line.contains(log) && line.contains("bob@example.com"))
            .await;
    });
}

#[test]
fn an_action_that_is_not_possible_says_why() {
    run(async {
        let database = Database::migrated();
        let (program, _folder) = stage(&database).await;
        for (fields, status, reason) in [
            (vec![("action", "sing")], 422, "no known action"),
            (
                vec![
                    ("action", "restore"),
                    ("source", "postfacto"),
                    ("backup", "20261124T020000Z-1a2b3c4d"),
                ],
                422,
                "no known action",
            ),
            (
                vec![
                    ("action", "hold"),
                    ("target", "web"),
                    ("size", "9"),
                    ("until", "2h"),
                ],
                422,
                "give 1 to 6",
            ),
            (
                vec![
                    ("action", "hold"),
                    ("target", "web"),
                    ("size", "2"),
                    ("until", "soon"),
                ],
                422,
                "not a time",
            ),
            (
                vec![
                    ("action", "hold"),
                    ("target", "no"),
                    ("size", "2"),
                    ("until", "2h"),
                ],
                404,
                "no target",
            ),
            (
                vec![("action", "run"), ("function", "item")],
                404,
                "no timer function",
            ),
            (
                vec![
                    ("action", "hold-backup"),
                    ("source", "postfacto"),
                    ("backup", "20261124T020000Z-1a2b3c4d"),
                ],
                404,
                "has no backup",
            ),
        ] {
            let response = post(&program, "/ops", &fields, &[]).await;
            assert_eq!(response.status, status, "{fields:?}: {}", text(&response));
            assert!(
                text(&response).contains(reason),
                "{fields:?}: {}",
                text(&response)
            );
        }
        let json = program.post("/ops", &serde_json::json!({})).await;
        json.problem(415, "unsupported-media-type");
        let confirmation = post(
            &program,
            "/ops",
            &[("action", "release"), ("target", "web")],
            &[],
        );
        let (cookie, token) = token(&confirmation.await);
        let release = [
            ("action", "release"),
            ("target", "web"),
            ("by", "ann"),
            ("token", &token),
        ];
        let response = post(&program, "/ops/action", &release, &[("cookie", &cookie)]).await;
        assert_eq!(response.status, 404);
        assert!(
            text(&response).contains("web has no hold"),
            "{}",
            text(&response)
        );
    });
}
