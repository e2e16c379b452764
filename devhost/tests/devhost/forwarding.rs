//! `enableForwardingHttpRequest`: the request rebuilt, with what that loses.

use serde_json::json;

use crate::stage::{AppFolder, get, send, until};

fn app() -> AppFolder {
    AppFolder::new()
        .host("/customHandler/enableProxyingHttpRequest", json!(false))
        .host("/customHandler/enableForwardingHttpRequest", json!(true))
        .http("All", json!({"route": "{*path}"}))
}

#[tokio::test]
async fn query_and_headers_are_rebuilt() {
    let app = app();
    let host = app.start().await;
    let answer = send(
        &host,
        "POST /api/items/7?tag=a&tag=b&full HTTP/1.1\r\nHost: shop.example\r\n\
         User-Agent: curl/8.9\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\
         Content-Encoding: gzip\r\nContent-Disposition: inline\r\nX-Forwarded-Host: evil\r\n\
         Connection: close\r\n\r\nhi",
    )
    .await;
    assert_eq!(answer.echoed_line(), "POST /api/items/7?tag=a,b&full=");
    assert_eq!(answer.echoed("host"), ["shop.example"]);
    assert_eq!(answer.echoed("x-forwarded-host"), ["evil"]);
    assert_eq!(answer.echoed("content-type"), ["text/plain"]);
    assert!(answer.echoed("content-encoding").is_empty());
    assert!(answer.echoed("content-disposition").is_empty());
    assert!(answer.echoed("x-ms-invocation-id").is_empty());
    assert_eq!(answer.echoed("x-azure-functions-invocationid").len(), 1);
    let agent = answer.echoed("user-agent")[0];
    assert!(
        agent.starts_with("curl/8.9 Azure-Functions-Host/4."),
        "{agent}"
    );
    assert_eq!(answer.echoed_body(), "hi");
}

#[tokio::test]
async fn a_chunked_body_is_lost_and_an_answer_is_buffered() {
    let app = app();
    let host = app.start().await;
    let head = "POST /api/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let chunks = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let answer = send(&host, &format!("{head}{chunks}")).await;
    assert_eq!((answer.status, answer.echoed_body()), (200, ""));
    assert!(answer.echoed("transfer-encoding").is_empty());
    assert_eq!(
        answer.header("content-length"),
        [answer.body.len().to_string()]
    );
}

#[tokio::test]
async fn any_status_passes_and_an_answer_that_breaks_off_is_an_empty_500() {
    let app = app().host("/extensions", json!({"http": {"routePrefix": ""}}));
    let host = app.start().await;
    assert_eq!(get(&host, "GET /status/404").await.status, 404);
    for path in ["/twice", "/exit/0"] {
        let answer = get(&host, &format!("GET {path}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, ""), "{path}");
    }
    until("a second start", || app.starts() == 2).await;
}
