//! From a handler's result to the response: panics, ids, headers, one log line.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use uuid::Uuid;

use super::{Problem, Request, Response};
use crate::telemetry::{self, Context, EndedRequest, Traceparent};

/// Runs `handler` for `request` as an invocation of `function`. `path` is the template of its path, without the
/// first slash. The response has the request's id,
/// `nosniff` and `no-store`. A panic of the handler is a 500, and other requests are not affected.
pub async fn respond<H, F>(
    function: &'static str,
    path: &'static str,
    request: Request,
    handler: H,
) -> Response
where
    H: FnOnce(Request) -> F,
    F: Future<Output = Result<Response, Problem>>,
{
    let context = context(function, path, &request);
    let work = async move {
        let mut record = RequestRecord {
            context,
            started: Instant::now(),
            status: None,
            problem: None,
        };
        let result = AssertUnwindSafe(async move { handler(request).await })
            .catch_unwind()
            .await;
        // The log has the place of the panic.
        let result = result.unwrap_or_else(|_| Err(Problem::internal()));
        record.problem = result.as_ref().err().map(Problem::kind);
        let response = finish(result, context.invocation_id);
        record.status = Some(response.status());
        response
    };
    context.scope(work).await
}

/// Logs a request when it ends. Without a status, its connection ended before the response: then its
/// future is dropped at the point where it waits.
struct RequestRecord {
    context: Context,
    started: Instant,
    status: Option<StatusCode>,
    problem: Option<&'static str>,
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        telemetry::record_request(&EndedRequest {
            method: self.context.method,
            function: self.context.function,
            status: self.status.map(|status| status.as_u16()),
            problem: self.problem,
            took: self.started.elapsed(),
        });
    }
}

fn context(function: &'static str, path: &'static str, request: &Request) -> Context {
    let invocation_id = request.invocation_id().unwrap_or_else(Uuid::new_v4);
    let received = request.header("traceparent").and_then(Traceparent::parse);
    Context {
        invocation_id,
        traceparent: received.unwrap_or_else(|| Traceparent::of(invocation_id)),
        function,
        method: name(&request.method),
        path,
    }
}

/// The name of a method. A client can invent others.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        _ => "another method",
    }
}

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn finish(result: Result<Response, Problem>, request_id: Uuid) -> Response {
    let mut response = result.unwrap_or_else(|problem| problem.into_response(request_id));
    let headers = response.headers_mut();
    let mut text = Uuid::encode_buffer();
    let request_id = request_id.hyphenated().encode_lower(&mut text);
    let request_id = HeaderValue::from_str(request_id).expect("a UUID is visible ASCII");
    headers.insert(&REQUEST_ID, request_id);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use super::*;

    #[test]
    fn a_panic_is_a_500_and_the_next_request_succeeds() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime can be made");
        for _ in 0..2 {
            let request = hyper::Request::new(Empty::new());
            let response = respond("item", "item", Request::new(request), |_| async {
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
