//! CORS, as `func` does it.

use devhost::Cors;
use serde_json::Value;

use crate::stage::{Reply, Stage, exchange};

/// The response, and whether the handler got the request.
async fn response(cors: Cors, request: &str) -> (Reply, bool) {
    let stage = Stage::new(&Value::Null, &Value::Null).http("item");
    let host = stage.start_with(|options| options.cors = cors).await;
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let rest = format!("{}\r\n\r\n", headers.replace('\n', "\r\n"));
    let reply = exchange(host.address(), line, &rest).await;
    let is_forwarded = !stage.requests("/item").is_empty();
    (reply.expect("a response"), is_forwarded)
}

fn of(origins: &[&str], credentials: bool) -> Cors {
    Cors {
        origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        credentials,
    }
}

const PREFLIGHT: &str = "OPTIONS /item\nOrigin: http://a.example\n\
    Access-Control-Request-Method: PUT\nAccess-Control-Request-Headers: x-one, x-two";

#[tokio::test]
async fn host_responds_to_preflight_requests() {
    let (reply, is_forwarded) = response(of(&["http://a.example"], true), PREFLIGHT).await;
    assert_eq!((reply.status, is_forwarded), (204, false));
    for (name, value) in [
        ("access-control-allow-origin", "http://a.example"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "x-one, x-two"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(reply.header(name), [value], "{name}");
    }
}

#[tokio::test]
async fn response_names_the_origin_that_may_read_it() {
    let request = "GET /item\nOrigin: http://a.example";
    let (any, _) = response(of(&["*"], false), request).await;
    assert_eq!(any.header("access-control-allow-origin"), ["*"]);
    assert!(any.header("vary").is_empty());
    let two = of(&["http://b.example", "http://A.example"], false);
    let (two, _) = response(two, request).await;
    assert_eq!(two.status, 200);
    assert_eq!(
        two.header("access-control-allow-origin"),
        ["http://a.example"]
    );
    assert_eq!(two.header("vary"), ["Origin"]);
}

#[tokio::test]
async fn other_origins_and_hosts_without_cors_get_no_header() {
    let other = of(&["http://b.example"], false);
    let (reply, _) = response(other.clone(), PREFLIGHT).await;
    assert_eq!(reply.status, 204);
    assert!(
        reply.header("access-control-allow-origin").is_empty(),
        "{reply:?}"
    );
    let (reply, _) = response(other, "GET /item\nOrigin: http://a.example").await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.header("access-control-allow-origin").is_empty(),
        "{reply:?}"
    );
    // Without CORS, the handler gets the request.
    let (_, is_forwarded) = response(Cors::default(), PREFLIGHT).await;
    assert!(is_forwarded);
}
