//! The function that gets a request, and the responses of the host itself.

use devhost::{Host, HostOptions, Keys, StartError};
use serde_json::json;

use crate::stage::{AppFolder, get, logged, send};

#[tokio::test]
async fn first_function_by_name_with_route_and_method_gets_the_request() {
    let app = AppFolder::new()
        .host("/extensions", json!({"http": {"routePrefix": ""}}))
        .http("Zeta", json!({"route": "{*path}"}))
        .http("one", json!({"route": "item/{id:int}"}))
        .http("Two", json!({"route": "item/{id}", "methods": ["post"]}))
        .http("ultra", json!({"route": "item/new"}));
    let host = app.start().await;
    for (request, function) in [
        ("GET /", "Zeta"),
        ("GET /item/7", "one"),
        ("GET /item/x", "Zeta"),
        ("POST /Item/NEW", "Two"),
        ("GET /it%65m/n%65w", "ultra"),
        ("DELETE /a/b/c", "Zeta"),
    ] {
        assert_eq!(get(&host, request).await.status, 200, "{request}");
        let (method, path) = request.split_once(' ').expect("two words");
        let log = logged(&host, &format!("{method} {path} -> 200")).await;
        assert_eq!(
            log.source.to_string(),
            format!("Function.{function}"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn function_in_error_is_off_and_the_others_run() {
    let app = AppFolder::new()
        .http("Item", json!({}))
        .timer("TimerOk", json!({"schedule": "%WHEN%"}))
        .http("Odd", json!({"name": "my-request"}));
    let host = app.start().await;
    assert_eq!(get(&host, "GET /api/Item").await.status, 200);
    assert_eq!(get(&host, "GET /api/Odd").await.status, 404);
    let log = logged(&host, "The 'TimerOk' function is in error").await;
    assert!(log.text.contains("`WHEN`"), "{log}");
    logged(&host, "The 'Odd' function is in error").await;
    assert!(host.timers().is_empty());
}

#[tokio::test]
async fn unknown_routes_and_methods_are_404_and_never_reach_the_handler() {
    let app = AppFolder::new().http("Item", json!({"methods": ["get"]}));
    let host = app.start().await;
    assert_eq!(get(&host, "GET /api/item").await.status, 200);
    for request in [
        "GET /item",
        "GET /api/items",
        "POST /api/Item",
        "GET /api/Item/7",
        "GET /api",
    ] {
        let reply = get(&host, request).await;
        assert_eq!((reply.status, reply.body.as_str()), (404, ""), "{request}");
    }
}

#[tokio::test]
async fn the_root_is_the_homepage_unless_it_is_switched_off() {
    let app = AppFolder::new().http("Item", json!({}));
    let host = app.start().await;
    let reply = get(&host, "GET /").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("up and running"), "{}", reply.body);
    assert_eq!(get(&host, "POST /").await.status, 200);

    let options = app
        .options("ok")
        .setting("AzureWebJobsDisableHomepage", "true");
    let host = app.launch(options).await;
    assert_eq!(get(&host, "GET /").await.status, 204);
}

#[tokio::test]
async fn keys_are_required_only_with_auth() {
    let app = AppFolder::new()
        .http("Free", json!({}))
        .http("Keyed", json!({"authLevel": "function"}))
        .http("Ruled", json!({"authLevel": "admin"}))
        .timer("TimerOk", json!({}));
    let keys = Keys {
        master: "m".to_owned(),
        host: "f k".to_owned(),
        functions: std::collections::BTreeMap::from([("Keyed".to_owned(), "own".to_owned())]),
    };
    let options = HostOptions {
        keys: Some(keys),
        ..app.options("ok")
    };
    let host = app.launch(options).await;
    let header = |path: &str, key: &str| {
        format!(
            "GET /api/{path} HTTP/1.1\r\nHost: a\r\nx-functions-key: {key}\r\nConnection: close\r\n\r\n"
        )
    };
    for (path, none, function, master) in [
        ("Free", 200, 200, 200),
        ("Keyed", 401, 200, 200),
        ("Ruled", 401, 401, 200),
    ] {
        assert_eq!(
            get(&host, &format!("GET /api/{path}")).await.status,
            none,
            "{path}"
        );
        assert_eq!(
            send(&host, &header(path, "wrong")).await.status,
            none,
            "{path}"
        );
        assert_eq!(
            send(&host, &header(path, "f k")).await.status,
            function,
            "{path}"
        );
        let by_query = format!("GET /api/{path}?a=1&code=f%20k");
        assert_eq!(get(&host, &by_query).await.status, function, "{path}");
        assert_eq!(
            send(&host, &header(path, "m")).await.status,
            master,
            "{path}"
        );
    }
    assert_eq!(
        get(&host, "POST /admin/functions/TimerOk").await.status,
        401
    );
    let admin = "POST /admin/functions/TimerOk?code=m HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\
                 Content-Type: application/json\r\nConnection: close\r\n\r\n{}";
    assert_eq!(send(&host, admin).await.status, 202);
    assert_eq!(send(&host, &header("Keyed", "own")).await.status, 200);

    let open = app.start().await;
    assert_eq!(get(&open, "GET /api/Ruled").await.status, 200);
}

#[tokio::test]
async fn payload_mode_is_refused_and_the_log_names_the_remedy() {
    let app = AppFolder::new()
        .host("/customHandler/enableProxyingHttpRequest", json!(false))
        .http("Item", json!({}));
    let host = app.start().await;
    let reply = get(&host, "GET /api/Item").await;
    assert_eq!((reply.status, reply.body.as_str()), (500, ""));
    logged(&host, "set enableProxyingHttpRequest").await;
}

#[tokio::test]
async fn every_response_has_the_custom_headers_and_no_others() {
    let http = json!({"customHeaders": {"X-Content-Type-Options": "nosniff"}});
    let app = AppFolder::new()
        .host("/extensions", json!({"http": http}))
        .http("status", json!({"route": "status/{code}"}));
    let host = app.start().await;
    let own = get(&host, "GET /nowhere").await;
    assert_eq!(
        own.head.to_lowercase(),
        "http/1.1 404 not found\r\ncontent-length: 0\r\nconnection: close\r\n\
         x-content-type-options: nosniff"
    );
    assert_eq!(
        get(&host, "GET /").await.header("x-content-type-options"),
        ["nosniff"]
    );
    let handled = get(&host, "GET /api/status/200").await;
    assert_eq!(handled.header("x-content-type-options"), ["nosniff"]);
}

#[tokio::test]
async fn faulty_app_does_not_start() {
    let message = async |app: &AppFolder| match Host::start(app.options("ok")).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    };
    let empty = message(&AppFolder::new()).await;
    assert!(empty.contains("has no active function"), "{empty}");

    let route = AppFolder::new()
        .http("Item", json!({}))
        .http("Odd", json!({"route": "a//b"}));
    let route = message(&route).await;
    assert!(
        route.contains("Odd/function.json: bindings[0].route"),
        "{route}"
    );

    let missing = AppFolder::new()
        .host(
            "/customHandler/description/defaultExecutablePath",
            json!("no-such-handler"),
        )
        .http("Item", json!({}));
    let missing = message(&missing).await;
    assert!(
        missing.contains("cannot start the handler no-such-handler"),
        "{missing}"
    );
}

#[tokio::test]
async fn used_port_is_named() {
    let app = AppFolder::new().http("Item", json!({}));
    let first = app.start().await;
    let options = HostOptions {
        address: first.address(),
        ..app.options("ok")
    };
    let error = Host::start(options).await.err().expect("the port is taken");
    assert!(matches!(error, StartError::Address { .. }), "{error}");
    assert!(
        error.to_string().contains(&first.address().to_string()),
        "{error}"
    );
}
