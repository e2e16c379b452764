//! CORS, as `func` does it.

use devhost::{Cors, HostOptions};

use crate::stage::{AppFolder, Reply, send};
use serde_json::json;

async fn preflight_response(cors: Cors, request: &str) -> Reply {
    let app = AppFolder::new().http("Item", json!({}));
    let host = app
        .launch(HostOptions {
            cors,
            ..app.options("ok")
        })
        .await;
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let headers = headers.replace('\n', "\r\n");
    let request = format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n\r\n");
    send(&host, &request).await
}

fn of(origins: &[&str], credentials: bool) -> Cors {
    Cors {
        origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        credentials,
    }
}

const PREFLIGHT: &str = "OPTIONS /api/Item\nOrigin: http://a.example\n\
    Access-Control-Request-Method: PUT\nAccess-Control-Request-Headers: x-one, x-two";

#[tokio::test]
async fn host_responds_to_preflight_requests() {
    let reply = preflight_response(of(&["http://a.example"], true), PREFLIGHT).await;
    assert_eq!(reply.status, 204);
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
    let request = "GET /api/Item\nOrigin: http://a.example";
    let any = preflight_response(of(&["*"], false), request).await;
    assert_eq!(any.header("access-control-allow-origin"), ["*"]);
    assert!(any.header("vary").is_empty());
    let two = of(&["http://b.example", "http://A.example"], false);
    let two = preflight_response(two, request).await;
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
    let reply = preflight_response(other.clone(), PREFLIGHT).await;
    assert_eq!(reply.status, 204);
    assert!(
        reply.header("access-control-allow-origin").is_empty(),
        "{reply:?}"
    );
    let reply = preflight_response(other, "GET /api/Item\nOrigin: http://a.example").await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.header("access-control-allow-origin").is_empty(),
        "{reply:?}"
    );
    // Without CORS, the handler gets the request.
    let reply = preflight_response(Cors::default(), PREFLIGHT).await;
    assert_eq!(reply.header("x-handler"), ["echo"]);
}
