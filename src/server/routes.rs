//! Every route there is.

use std::convert::Infallible;

use warp::http::{HeaderValue, Method, StatusCode, header};
use warp::{Filter, Rejection};

use super::openapi;
use crate::app::{App, HTTP_FUNCTIONS};
use crate::http::{Endpoint, Problem, Request, Response, answer, request};
use crate::{health, host, item, scale};

/// All routes of `app`. The last one takes every path and returns 404, so the filter never rejects.
///
/// Each request clones the filters, and moves the state of their futures. Items are the hot path; the
/// others are boxed, which makes both cheap.
pub fn routes(app: &App) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    host::payload_mode(HTTP_FUNCTIONS)
        .boxed()
        .or(item::routes(&app.items))
        .unify()
        .or(health::routes(&app.health).boxed())
        .unify()
        .or(scale::routes(&app.scaling).boxed())
        .unify()
        .or(root().boxed())
        .unify()
        .or(openapi::routes().boxed())
        .unify()
        .or(host::routes(&app.timers).boxed())
        .unify()
        .or(nothing().boxed())
        .unify()
        .recover(never_reached)
        .unify()
}

static ROOT: Endpoint = Endpoint {
    function: "host",
    methods: &[(Method::GET, &[])],
};

/// `GET /`: the Functions host polls it until there is any answer, and then now and again.
fn root() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path::end()
        .and(request())
        .then(|request| ROOT.answer(request, readiness))
}

async fn readiness(_: Request) -> Result<Response, Problem> {
    let mut response = Response::new("magnusapi: see /openapi.json\n".into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    Ok(response)
}

fn nothing() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    request().then(|request| {
        answer("nothing", request, |_| async {
            Err(Problem::no_such_path())
        })
    })
}

/// The last route takes every request, so nothing is left to recover from; the type wants it.
async fn never_reached(_: Rejection) -> Result<Response, Infallible> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    Ok(response)
}
