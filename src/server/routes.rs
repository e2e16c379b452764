//! Every route there is.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::FutureExt;
use hyper::{Method, StatusCode};
use warp::filters::BoxedFilter;
use warp::{Filter, Rejection};

use super::openapi;
use crate::app::App;
use crate::http::{Endpoint, Problem, Request, Response, request, respond, whole};
use crate::{due, health, host, item, metrics, ops, scale};

/// All routes of `app`. The last one takes every path and returns 404, so the filter never rejects.
///
/// Each request clones the filters, and each `or` moves the state of the futures below it. So the handlers are
/// boxed, and items, the hot path, have all other routes beside them as one.
pub(super) fn routes(
    app: &Arc<App>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    let item = warp::path!("item" / String).and(with(app)).and(request());
    let item = item.then(|id: String, app: Arc<App>, request| {
        let id = item::ItemId::parse(&id);
        async move { item::one(&app.items, id, request).await }.boxed()
    });
    let items = warp::path!("item").and(with(app)).and(request());
    let items = items
        .then(|app: Arc<App>, request| async move { item::all(&app.items, request).await }.boxed());
    let routes = items.or(item).unify().or(others(app)).unify();
    routes.recover(never_reached).unify()
}

/// All routes but those of items.
fn others(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let health = async |app: Arc<App>, request| health::full(&app.health, request).await;
    let plan = async |app: Arc<App>, request| scale::plan(&app.scaling, request).await;
    let holds = async |app: Arc<App>, request| scale::holds(&app.scaling, request).await;
    let page = async |app: Arc<App>, request| ops::page(&app.ops, request).await;
    let action = async |app: Arc<App>, request| ops::act(&app.ops, request).await;
    let run_due = async |app: Arc<App>, request| due::run_due(&app.due, request).await;
    let metrics = async |app: Arc<App>, request| metrics::metrics(&app.metrics, request).await;
    let others = [
        route(app, warp::path!("health"), health),
        route(app, warp::path!("health" / "live"), |_, request| {
            health::live(request)
        }),
        route(app, warp::path!("scale" / "plan"), plan),
        route(app, warp::path!("scale" / "hold"), holds),
        hold(app),
        route(app, warp::path!("ops"), page),
        route(app, warp::path!("ops" / "action"), action),
        route(app, warp::path!("run-due"), run_due),
        route(app, warp::path!("metrics"), metrics),
        route(app, warp::path::end(), |_, request| {
            ROOT.respond(request, readiness)
        }),
        route(app, warp::path!("openapi.json"), |_, request| {
            openapi::document(request)
        }),
        functions(app),
        nothing(),
    ];
    let others = others.into_iter();
    let others = others.reduce(|all, next| all.or(next).unify().boxed());
    others.expect("there are several")
}

/// A route of one path.
fn route<F>(
    app: &Arc<App>,
    path: impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static,
    handler: impl Fn(Arc<App>, Request) -> F + Clone + Send + Sync + 'static,
) -> BoxedFilter<(Response,)>
where
    F: Future<Output = Response> + Send + 'static,
{
    path.and(with(app)).and(request()).then(handler).boxed()
}

/// Passes `app` on to the handler of a route.
fn with(app: &Arc<App>) -> impl Filter<Extract = (Arc<App>,), Error = Infallible> + Clone + use<> {
    let app = Arc::clone(app);
    warp::any().map(move || Arc::clone(&app))
}

fn hold(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let route = warp::path!("scale" / "hold" / String);
    let handler =
        async |target, app: Arc<App>, request| scale::hold(&app.scaling, target, request).await;
    let route = route.and(with(app)).and(request());
    route.then(handler).boxed()
}

/// The timer functions.
fn functions(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    warp::path!(String)
        .and(with(app))
        .and_then(async |name: String, app: Arc<App>| {
            let function = app.timers.function(&name);
            let function = function.ok_or_else(warp::reject::not_found)?;
            Ok::<_, Rejection>((function, app))
        })
        .untuple_one()
        .and(request())
        .then(async |function, app: Arc<App>, request| {
            host::invoke(&app.timers, function, request).await
        })
        .boxed()
}

static ROOT: Endpoint = Endpoint {
    function: "host",
    path: "",
    methods: &[(Method::GET, &[])],
};

/// `GET /`: the Functions host polls it at the start until it gets any response, and later now and then.
async fn readiness(_: Request) -> Result<Response, Problem> {
    let text = "magnusapi: see /openapi.json\n";
    Ok(whole(StatusCode::OK, "text/plain; charset=utf-8", text))
}

fn nothing() -> BoxedFilter<(Response,)> {
    let handler = |_| async { Err(Problem::no_such_path()) };
    request()
        .then(move |request| respond("nothing", "{path}", request, handler))
        .boxed()
}

/// The type of the filter needs this handler. [`nothing`] takes every request before it.
async fn never_reached(_: Rejection) -> Result<Response, Infallible> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    Ok(response)
}
