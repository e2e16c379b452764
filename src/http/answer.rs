//! From a handler's result to what goes out: ids, headers, one log line.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use uuid::Uuid;
use warp::http::{HeaderValue, Method, header};
use warp::reply::Response;

use super::{Problem, Request};
use crate::telemetry::{self, Context, traceparent};

/// Runs `handler` for `request` as an invocation of `function`, and makes the answer: with the
/// request's id, `nosniff` and `no-store`. A panic answers 500 and ends nothing else.
pub async fn answer<H, F>(function: &'static str, request: Request, handler: H) -> Response
where
    H: FnOnce(Request) -> F,
    F: Future<Output = Result<Response, Problem>>,
{
    let context = context(function, &request);
    let request_id = context.invocation_id.clone();
    let method = request.method.clone();
    let started = Instant::now();
    let work = async move {
        let mut unanswered = Unanswered {
            function,
            method: &method,
            started,
            answered: false,
        };
        // Boxed first: every wrapper below would move the state of the largest handler once more.
        let boxed = async move { Box::pin(handler(request)).await };
        let result = AssertUnwindSafe(boxed).catch_unwind().await;
        // The log has the place of the panic.
        let result = result.unwrap_or_else(|_| Err(Problem::internal()));
        unanswered.answered = true;
        let response = finish(result, &request_id);
        let status = response.status().as_u16();
        telemetry::answered(method.as_str(), function, status, started.elapsed());
        response
    };
    context.scope(work).await
}

/// Logs a request whose connection ends before the answer: its future is dropped then, wherever it
/// waits.
struct Unanswered<'a> {
    function: &'static str,
    method: &'a Method,
    started: Instant,
    answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.answered {
            log::info!(
                method = self.method.as_str(), duration_ms = milliseconds(self.started);
                "{} {}: the client disconnected before the response", self.method, self.function
            );
        }
    }
}

/// A 200 with a JSON body.
pub fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

fn context(function: &'static str, request: &Request) -> Context {
    let invocation_id = request.invocation_id().unwrap_or_else(Uuid::new_v4);
    Context {
        invocation_id: invocation_id.to_string(),
        traceparent: traceparent(request.header("traceparent")),
        function,
    }
}

fn finish(result: Result<Response, Problem>, request_id: &str) -> Response {
    let mut response = result.unwrap_or_else(|problem| problem.into_response(request_id));
    let headers = response.headers_mut();
    headers.insert(
        "x-request-id",
        HeaderValue::from_str(request_id).expect("a UUID is visible ASCII"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;
    use warp::http::StatusCode;

    use super::*;

    #[test]
    fn a_panic_is_a_500_and_ends_nothing_else() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime can be made");
        for _ in 0..2 {
            let request = warp::http::Request::new(Empty::new());
            let response = answer("item", Request::of(request), |_| async {
                panic!("a defect")
            });
            let response = runtime.block_on(response);
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
    }
}
