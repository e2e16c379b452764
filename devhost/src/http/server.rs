//! A listener, its connections, and one answer per request.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Instant};

use funcapp::{Function, HttpMode};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

use super::{admin, empty, forward, keys, path, proxy, routes::Routes, text};
use crate::{client::Body, log::Level, shared::Shared};

const HOMEPAGE: &str = "<!DOCTYPE html>\n<html><head><title>Functions host</title></head><body>\n\
    <h1>Your Functions app is up and running</h1>\n\
    <p>This is the host's own page: no function of the app matches <code>GET /</code>.</p>\n\
    </body></html>\n";

/// What a connection needs.
struct Site {
    routes: Routes,
    shared: Arc<Shared>,
}

/// Serves connections of `listener` for ever. Dropping this closes them.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let routes = Routes::new(&shared.app.host.route_prefix, shared.active.iter());
    let site = Arc::new(Site { routes, shared });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Only a delay is lost where the system refuses.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(TokioIo::new(stream), peer, site.clone()));
                }
                Err(error) => {
                    // For instance no descriptor left: the next try may find one.
                    site.shared.journal.host(Level::Error, format!("cannot accept: {error}"));
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TokioIo<tokio::net::TcpStream>, peer: SocketAddr, site: Arc<Site>) {
    let service = service_fn(|request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(respond(&site, peer, request).await) }
    });
    let mut server = http1::Builder::new();
    // Headers come from the handler and from host.json, and from nowhere else.
    server.auto_date_header(false).timer(TokioTimer::new());
    // A client that goes away is nobody's error here.
    let _ = server.serve_connection(stream, service).await;
}

async fn respond(site: &Site, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let mut response = route(site, peer, request).await;
    for (name, value) in &site.shared.custom_headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

async fn route(site: &Site, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path();
    if path == "/admin" || path.starts_with("/admin/") {
        return admin::answer(&site.shared, request).await;
    }
    let Some(decoded) = path::decoded(path) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    match site.routes.find(request.method().as_str(), &decoded) {
        Some(function) => call(&site.shared, function, peer, request).await,
        None if request.method() == Method::GET && path == "/" => homepage(&site.shared),
        None => empty(StatusCode::NOT_FOUND),
    }
}

fn homepage(shared: &Shared) -> Response<Body> {
    let disabled = shared.settings.value("AzureWebJobsDisableHomepage");
    if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1") {
        return empty(StatusCode::NO_CONTENT);
    }
    text(StatusCode::OK, "text/html; charset=utf-8", HOMEPAGE)
}

async fn call(
    shared: &Arc<Shared>,
    function: &Function,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    let level = function
        .http()
        .map_or(funcapp::AuthLevel::Admin, |http| http.auth_level);
    let opens = keys::opens(&shared.keys, level, request.uri(), request.headers());
    if shared.enable_auth && !opens {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let invocation = Uuid::new_v4().to_string();
    let name = function.name.as_str();
    let what = format!("{} {}", request.method(), request.uri().path());
    let started = Instant::now();
    let answer = invoke(shared, function, &invocation, peer, request).await;
    let took = started.elapsed().as_millis();
    match answer {
        Ok(response) => {
            let text = format!("{what} -> {} in {took} ms", response.status().as_u16());
            shared
                .journal
                .function(name, &invocation, Level::Information, text);
            response
        }
        // The host says no more than that to the outside (`ExceptionMiddleware.cs`).
        Err(problem) => {
            let text = format!("{what} failed after {took} ms: {problem}");
            shared
                .journal
                .function(name, &invocation, Level::Error, text);
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

async fn invoke(
    shared: &Arc<Shared>,
    function: &Function,
    invocation: &str,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, String> {
    shared
        .handler
        .ready()
        .await
        .map_err(|failure| failure.to_string())?;
    match function.http_mode(&shared.app.host.custom_handler) {
        Some(HttpMode::Proxying) => proxy::proxy(shared, invocation, peer, request).await,
        Some(HttpMode::Forwarding) => forward::forward(shared, invocation, request).await,
        Some(HttpMode::Payload) | None => Err(format!(
            "{} would get its requests as JSON payloads, which this host does not support: set \
             enableProxyingHttpRequest in host.json, and give the function one httpTrigger and one \
             http output and nothing else",
            function.name
        )),
    }
}
