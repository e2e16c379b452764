//! The exchanges that the recordings describe in words, with shorter limits. `poison-get` is the scenario `poison-GET`.

use std::time::Duration;

use devhost::{Host, Keys, Source};
use serde_json::{Value, json};

use super::differences::{DESCRIBED, compare};
use crate::stage::{NoReply, Stage, exchange, get, logged, ready, same, until, with_json, within};

#[tokio::test(flavor = "multi_thread")]
async fn described_exchanges_end_as_on_the_real_host() {
    let (stalled, silent, half, order, bad, reserved, headers, reader, timeout) = tokio::join!(
        stalled_body(),
        silent_handler(),
        half_response(),
        route_order(),
        bad_route(),
        reserved_route(),
        custom_headers(),
        slow_reader(),
        function_timeout(),
    );
    let played = [
        ("idle-client-stops-sending", stalled),
        ("idle-never-answers-post", silent),
        ("idle-stops-after-head", half),
        ("route-order", order),
        ("bad-route", bad),
        ("reserved-route", reserved),
        ("custom-headers", headers),
        ("slow-reader", reader),
        ("functiontimeout", timeout),
    ];
    let found = played
        .into_iter()
        .filter_map(|(name, played)| Some((name.to_owned(), played.err()?)));
    compare(found.collect(), &DESCRIBED, &[]);
}

type Played = Result<(), String>;

/// A host whose waits for a silent side are short.
async fn impatient(orders: &Value) -> (Stage, Host) {
    let stage = Stage::new(&Value::Null, orders).http("item");
    let start = stage.start_with(|options| {
        options.limits.body_grace = Duration::from_millis(200);
        options.limits.idle = Duration::from_millis(400);
    });
    let host = start.await;
    (stage, host)
}

async fn stalled_body() -> Played {
    let (stage, host) = impatient(&Value::Null).await;
    let stalled = exchange(
        host.address(),
        "POST /item",
        "Content-Length: 10\r\n\r\nabc",
    );
    let reply = within("a response", stalled).await?;
    same("status", reply.map_or(0, |it| it.status), &json!(500))?;
    same("requests", stage.requests("/item").len(), &json!(0))
}

async fn silent_handler() -> Played {
    let (stage, host) = impatient(&json!({"reply": {"/item": {"delay": 60}}})).await;
    let rest = with_json("{}");
    let reply = within("a response", exchange(host.address(), "POST /item", &rest)).await?;
    same("status", reply.map_or(0, |it| it.status), &json!(500))?;
    same("requests", stage.requests("/item").len(), &json!(1))
}

async fn half_response() -> Played {
    let half = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let (stage, host) = impatient(&json!({"reply": {"/item": {"raw": half}}})).await;
    let reply = within("an end", exchange(host.address(), "GET /item", "\r\n")).await?;
    same("reset", matches!(reply, Err(NoReply::Broken)), &json!(true))?;
    same("requests", stage.requests("/item").len(), &json!(1))
}

fn function(route: &str, methods: &Value, level: &str) -> Value {
    json!({"bindings": [
        {"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": level,
         "route": route, "methods": methods},
        {"type": "http", "direction": "out", "name": "res"},
    ]})
}

/// With the functions of `route-order-2`, too.
async fn route_order() -> Played {
    let (all, get_alone, post) = (Value::Null, json!(["get"]), json!(["post"]));
    let functions = [
        ("alpha", "b/open", &all, "anonymous"),
        ("any1", "m/{id}", &get_alone, "anonymous"),
        ("any2", "m/{id}", &post, "function"),
        ("Beta", "b/{id}", &all, "function"),
        ("catch", "{*path}", &all, "anonymous"),
        ("doc", "doc/{id?}", &all, "anonymous"),
        ("zeta", "doc/secret", &all, "function"),
        ("a1item", "item/{id?}", &all, "anonymous"),
        ("a2special", "item/special", &all, "anonymous"),
    ];
    let stage = Stage::new(&Value::Null, &Value::Null);
    let stage = functions
        .iter()
        .fold(stage, |stage, (name, route, methods, level)| {
            stage.function(name, &function(route, methods, level))
        });
    let keys = Some(Keys::random());
    let host = stage.start_with(|options| options.keys = keys).await;
    for (line, run_as) in [
        ("GET /doc/secret", Some("catch")),
        ("GET /b/open", Some("alpha")),
        ("GET /b/x", None),
        ("PUT /m/1", Some("catch")),
        ("GET /admin/x", Some("catch")),
        ("GET /runtime/webhooks/x", None),
        ("GET /item/special", Some("a1item")),
    ] {
        let reply = get(&host, line).await;
        let status = if run_as.is_some() { 200 } else { 401 };
        same(line, reply.status, &json!(status))?;
        if let Some(run_as) = run_as {
            let log = logged(&host, &format!("{line} -> 200")).await?;
            let is_same = log.source == Source::Function(run_as.to_owned());
            same(&format!("{line}: {}", log.source), is_same, &json!(true))?;
        }
    }
    Ok(())
}

async fn bad_route() -> Played {
    let stage = Stage::new(&Value::Null, &Value::Null).http("item");
    stage.http_at("badroute", "a//b");
    let host = Host::start(stage.options()).await;
    let host = host.map_err(|error| error.to_string())?;
    same("status", get(&host, "GET /item").await.status, &json!(503))
}

async fn reserved_route() -> Played {
    let stage = Stage::new(&Value::Null, &Value::Null).http("item");
    for (name, route) in [
        ("admin2", "admin/x"),
        ("run", "runtime/x"),
        ("x", "adminx/y"),
    ] {
        stage.http_at(name, route);
    }
    let host = stage.start().await;
    logged(&host, "The 'admin2' function is in error").await?;
    for (path, status) in [
        ("admin/x", 404),
        ("runtime/x", 404),
        ("adminx/y", 404),
        ("item", 200),
    ] {
        let reply = get(&host, &format!("GET /{path}")).await;
        same(path, reply.status, &json!(status))?;
    }
    Ok(())
}

async fn custom_headers() -> Played {
    let headers = json!({
        "X-Content-Type-Options": "nosniff", "X-Custom": "host", "Server": "mine",
        "Cache-Control": "no-store",
    });
    let http = json!({"customHeaders": headers, "hsts": {"isEnabled": true}});
    let own = json!({"headers": {"X-Custom": "handler", "Cache-Control": "max-age=5"}});
    let stage = Stage::new(
        &json!({"extensions": {"http": http}}),
        &json!({"reply": {"/item/7": own, "/item": {"close": "reset"}}}),
    );
    let all = Value::Null;
    let stage = stage.function("item", &function("item/{id?}", &all, "anonymous"));
    let stage = stage.function("fkey", &function("fkey", &all, "function"));
    let start = stage.start_with(|options| {
        options.keys = Some(Keys::random());
        let homepage = "AzureWebJobsDisableHomepage".to_owned();
        options.settings.insert(homepage, "true".to_owned());
    });
    let host = start.await;
    let (by_handler, by_host) = (("handler", "max-age=5"), ("host", "no-store"));
    for (line, status, (custom, cache)) in [
        ("GET /item/7", 200, by_handler),
        ("GET /nothing", 404, by_host),
        ("GET /fkey", 401, by_host),
        ("GET /", 204, by_host),
        ("POST /item", 500, by_host),
    ] {
        let rest = if status == 500 {
            &with_json("{}")
        } else {
            "\r\n"
        };
        let reply = within(line, exchange(host.address(), line, rest)).await?;
        let reply = reply.map_err(|error| format!("{line}: {error:?}"))?;
        same(line, reply.status, &json!(status))?;
        for (name, value) in [
            ("x-custom", custom),
            ("cache-control", cache),
            ("x-content-type-options", "nosniff"),
            ("server", "mine"),
        ] {
            same(
                &format!("{line}: {name}"),
                json!(reply.header(name)),
                &json!([value]),
            )?;
        }
    }
    Ok(())
}

/// A host whose handler is killed because of the first request. The other requests begin after functionTimeout and arrive
/// before the kill, and the next handler responds to them before they would kill it too. For both, a busy machine has some
/// seconds.
async fn timed(orders: &Value, functions: &[&str]) -> Result<(Stage, Host), String> {
    let stage = Stage::new(&json!({"functionTimeout": "00:00:03"}), orders);
    let stage = functions.iter().fold(stage, |stage, name| stage.http(name));
    let grace = Duration::from_secs(4);
    let host = stage.start_with(|options| options.limits.timeout_grace = grace);
    let host = host.await;
    ready(&host).await?;
    Ok((stage, host))
}

/// The time for a response that its client does not read is over. Two other requests are in flight.
async fn slow_reader() -> Played {
    let wait = json!([{"delay": 60}]);
    let replies = json!({"/item": {"fill": 60_000_000}, "/body": wait, "/none": wait});
    let (stage, host) = timed(&json!({"reply": replies}), &["item", "body", "none"]).await?;
    let mut reader = tokio::net::TcpStream::connect(host.address())
        .await
        .expect("the host listens");
    let request = b"GET /item HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let sent = tokio::io::AsyncWriteExt::write_all(&mut reader, request).await;
    sent.expect("the host reads");
    logged(&host, "functionTimeout").await?;
    let (address, rest) = (host.address(), with_json("{}"));
    let both = async {
        tokio::join!(
            exchange(address, "POST /body", &rest),
            exchange(address, "GET /none", "\r\n"),
        )
    };
    let (body, none) = within("two responses", both).await?;
    same("with a body", body.map_or(0, |it| it.status), &json!(500))?;
    same(
        "without a body",
        none.map_or(0, |it| it.status),
        &json!(200),
    )?;
    same("requests", stage.requests("/none").len(), &json!(2))?;
    same("lives", stage.lives(), &json!(2))
}

/// The time for a request is over, and the handler is killed with five others in flight.
async fn function_timeout() -> Played {
    // The requests with their statuses, and how often the handler gets them.
    let requests = [
        ("GET /a", "\r\n", 500, 2),
        ("DELETE /b", "\r\n", 200, 2),
        ("POST /c", "Content-Length: 2\r\n\r\n{}", 500, 1),
        (
            "POST /d",
            "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            500,
            1,
        ),
        ("GET /e", "\r\n", 200, 2),
        ("POST /f", "Content-Length: 0\r\n\r\n", 200, 2),
    ];
    let path = |line: &str| line.split(' ').nth(1).expect("a path").to_owned();
    let replies = requests.map(|(line, ..)| (path(line), json!([{"delay": 60}])));
    let replies = Value::Object(replies.into_iter().collect());
    let names = ["a", "b", "c", "d", "e", "f"];
    let (stage, host) = timed(&json!({"reply": replies}), &names).await?;
    let address = host.address();
    let send = |line, rest| tokio::spawn(exchange(address, line, rest));
    let first = send(requests[0].0, requests[0].1);
    // The handler is killed some seconds later.
    logged(&host, "functionTimeout").await?;
    let others = requests[1..]
        .iter()
        .map(|&(line, rest, ..)| send(line, rest));
    let all: Vec<_> = [first].into_iter().chain(others).collect();
    for (sent, (line, _, status, _)) in all.into_iter().zip(requests) {
        let reply = within(line, sent).await?.expect("no panic");
        same(line, reply.map_or(0, |it| it.status), &json!(status))?;
    }
    for (line, _, _, times) in requests {
        let count = || stage.requests(&path(line)).len() >= times;
        until(line, count).await?;
        same(line, stage.requests(&path(line)).len(), &json!(times))?;
    }
    same("lives", stage.lives(), &json!(2))
}
