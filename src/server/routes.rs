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
    let others = checks(app)
        .or(sizes(app))
        .unify()
        .or(operators(app))
        .unify()
        .or(others())
        .unify()
        .or(functions(app))
        .unify()
        .or(nothing())
        .unify()
        .boxed();
    items(app)
        .or(item(app))
        .unify()
        .or(others)
        .unify()
        .recover(never_reached)
        .unify()
}

/// Passes `app` on to the handler of a route.
fn with(app: &Arc<App>) -> impl Filter<Extract = (Arc<App>,), Error = Infallible> + Clone + use<> {
    let app = Arc::clone(app);
    warp::any().map(move || Arc::clone(&app))
}

fn items(app: &Arc<App>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let route = warp::path!("item").and(with(app)).and(request());
    route.then(|app: Arc<App>, request| async move { item::all(&app.items, request).await }.boxed())
}

fn item(app: &Arc<App>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let route = warp::path!("item" / String).and(with(app)).and(request());
    route.then(|id: String, app: Arc<App>, request| {
        let id = item::ItemId::parse(&id);
        async move { item::one(&app.items, id, request).await }.boxed()
    })
}

fn checks(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let full = warp::path!("health").and(with(app)).and(request());
    let full = full.then(async |app: Arc<App>, request| health::full(&app.health, request).await);
    let live = warp::path!("health" / "live").and(request());
    full.or(live.then(health::live)).unify().boxed()
}

fn sizes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let plan = warp::path!("scale" / "plan").and(with(app)).and(request());
    let plan = plan.then(async |app: Arc<App>, request| scale::plan(&app.scaling, request).await);
    let holds = warp::path!("scale" / "hold").and(with(app)).and(request());
    let holds =
        holds.then(async |app: Arc<App>, request| scale::holds(&app.scaling, request).await);
    let hold = warp::path!("scale" / "hold" / String);
    let hold = hold.and(with(app)).and(request());
    let hold = hold.then(async |target, app: Arc<App>, request| {
        scale::hold(&app.scaling, target, request).await
    });
    plan.or(holds).unify().or(hold).unify().boxed()
}

fn operators(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let page = warp::path!("ops").and(with(app)).and(request());
    let page = page.then(async |app: Arc<App>, request| ops::page(&app.ops, request).await);
    let action = warp::path!("ops" / "action").and(with(app)).and(request());
    let action = action.then(async |app: Arc<App>, request| ops::act(&app.ops, request).await);
    let run_due = warp::path!("run-due").and(with(app)).and(request());
    let run_due =
        run_due.then(async |app: Arc<App>, request| due::run_due(&app.due, request).await);
    let metrics = warp::path!("metrics").and(with(app)).and(request());
    let metrics =
        metrics.then(async |app: Arc<App>, request| metrics::metrics(&app.metrics, request).await);
    page.or(action)
        .unify()
        .or(run_due)
        .unify()
        .or(metrics)
        .unify()
        .boxed()
}

fn others() -> BoxedFilter<(Response,)> {
    let root = warp::path::end().and(request());
    let root = root.then(|request| ROOT.respond(request, readiness));
    let document = warp::path!("openapi.json").and(request());
    root.or(document.then(openapi::document)).unify().boxed()
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
