//! Every route there is.

use futures_util::FutureExt;
use hyper::{Method, StatusCode};

use super::openapi;
use crate::app::{App, HTTP_FUNCTIONS};
use crate::http::{Endpoint, Problem, Request, Response, respond, whole};
use crate::{health, host, item, scale};

/// The route of a path.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Root,
    Items,
    Item(&'a str),
    Health,
    Live,
    OpenApi,
    Plan,
    Holds,
    Hold(&'a str),
    Function(&'a str),
    Nothing,
}

impl Route<'_> {
    /// One slash at the end is ignored.
    fn new(path: &str) -> Route<'_> {
        if path == "/" {
            return Route::Root;
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = path.split('/');
        let segments: [Option<&str>; 4] = std::array::from_fn(|_| segments.next());
        match segments {
            [Some("item"), None, ..] => Route::Items,
            [Some("item"), Some(id), None, _] if !id.is_empty() => Route::Item(id),
            [Some("health"), None, ..] => Route::Health,
            [Some("health"), Some("live"), None, _] => Route::Live,
            [Some("openapi.json"), None, ..] => Route::OpenApi,
            [Some("scale"), Some("plan"), None, _] => Route::Plan,
            [Some("scale"), Some("hold"), None, _] => Route::Holds,
            [Some("scale"), Some("hold"), Some(target), None] if !target.is_empty() => {
                Route::Hold(target)
            }
            [Some(function), None, ..] => Route::Function(function),
            _ => Route::Nothing,
        }
    }
}

/// Responds to a request. Futures of routes that are not on the hot path are boxed, so that a connection
/// does not reserve memory for them.
pub(super) async fn route(app: &App, request: Request) -> Response {
    if let Some(function) = host::unproxied(&request, HTTP_FUNCTIONS) {
        return host::reject_unproxied(function, request).boxed().await;
    }
    let path = request.path();
    match Route::new(path) {
        Route::Items => item::all(&app.items, request).await,
        Route::Item(id) => {
            let id = item::ItemId::parse(id);
            item::one(&app.items, id, request).await
        }
        Route::Root => ROOT.respond(request, readiness).await,
        Route::Health => health::full(&app.health, request).boxed().await,
        Route::Live => health::live(request).await,
        Route::OpenApi => openapi::document(request).await,
        Route::Plan => scale::plan(&app.scaling, request).boxed().await,
        Route::Holds => scale::holds(&app.scaling, request).boxed().await,
        Route::Hold(target) => {
            let target = target.to_owned();
            scale::hold(&app.scaling, target, request).boxed().await
        }
        Route::Function(name) => match app.timers.function(name) {
            Some(function) => host::invoke(&app.timers, function, request).boxed().await,
            None => nothing(request).await,
        },
        Route::Nothing => nothing(request).await,
    }
}

static ROOT: Endpoint = Endpoint {
    function: "host",
    methods: &[(Method::GET, &[])],
};

/// `GET /`: the Functions host polls it at the start until it gets any response, and later now and then.
async fn readiness(_: Request) -> Result<Response, Problem> {
    let text = "magnusapi: see /openapi.json\n";
    Ok(whole(StatusCode::OK, "text/plain; charset=utf-8", text))
}

async fn nothing(request: Request) -> Response {
    let handler = |_| async { Err(Problem::no_such_path()) };
    respond("nothing", request, handler).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_route_with_and_without_a_slash_at_the_end() {
        for (path, route) in [
            ("/item", Route::Items),
            ("/item/7", Route::Item("7")),
            ("/health", Route::Health),
            ("/health/live", Route::Live),
            ("/openapi.json", Route::OpenApi),
            ("/scale/plan", Route::Plan),
            ("/scale/hold", Route::Holds),
            ("/scale/hold/web", Route::Hold("web")),
            ("/scale", Route::Function("scale")),
            ("/item/7/8", Route::Nothing),
            ("/scale/hold/web/7", Route::Nothing),
        ] {
            assert_eq!(Route::new(path), route, "{path}");
            assert_eq!(Route::new(&format!("{path}/")), route, "{path}/");
        }
        assert_eq!(Route::new("/"), Route::Root);
    }

    #[test]
    fn empty_segments_have_no_route() {
        for path in ["//", "/item//", "/item//7", "/scale/hold//"] {
            let route = Route::new(path);
            assert!(
                matches!(route, Route::Nothing | Route::Function("")),
                "{path}: {route:?}"
            );
        }
    }
}
