//! Errors as `application/problem+json` (RFC 9457).

use std::fmt;

use serde::Serialize;
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::Response;

/// An error for the caller. Its `type` is stable: programs may branch on it.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

/// Boxed: results carry a problem everywhere, and hardly ever have one.
#[derive(Debug)]
struct Parts {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

/// What is wrong with one part of the input, and what is allowed there.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON pointer into the body (`/name`), or the name of a parameter or header.
    pub field: String,
    /// What is wrong and what is allowed.
    pub detail: String,
}

impl FieldError {
    /// One part and what is wrong with it.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.0.title, self.0.detail)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// `kind` is the last part of the problem's `type`, `title` the same for all of that kind,
    /// `detail` for this one case.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem(Box::new(Parts {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
        }))
    }

    /// 404 for a path that nothing is at.
    pub fn no_such_path() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-path",
            "There is nothing at this path",
            "see /openapi.json for the paths that there are",
        )
    }

    /// 405 with `Allow`.
    pub(super) fn method_not_allowed(allow: &str) -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            format!("use one of {allow}"),
        )
        .with_header(header::ALLOW, methods(allow))
    }

    /// 503 with `Retry-After`: the same request may succeed in a moment.
    pub fn unavailable(kind: &'static str, title: &'static str, detail: &str) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind, title, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    /// 500 that tells the caller nothing of the inside; the log has the cause.
    pub fn internal() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here",
            "it is not your request's fault; give the instance to whoever runs this service",
        )
    }

    /// 400 for a parameter or header.
    pub fn bad_parameter(error: FieldError) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-parameter",
            "A parameter cannot be used",
            format!("{}: {}", error.field, error.detail),
        )
        .with_errors(vec![error])
    }

    /// Adds what is wrong with each part.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Problem {
        self.0.errors = errors;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Problem {
        self.0.headers.push((name, value));
        self
    }

    /// The body; `instance` names this one occurrence by the request's id.
    pub(crate) fn to_json(&self, request_id: &str) -> String {
        let Parts { kind, status, .. } = *self.0;
        let body = Body {
            r#type: format!("urn:magnusapi:problem:{kind}"),
            title: self.0.title,
            status: status.as_u16(),
            detail: &self.0.detail,
            instance: format!("urn:uuid:{request_id}"),
            errors: &self.0.errors,
        };
        serde_json::to_string(&body).expect("strings and numbers always serialize")
    }

    pub(super) fn into_response(self, request_id: &str) -> Response {
        let mut response = Response::new(self.to_json(request_id).into());
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.extend(self.0.headers);
        response
    }
}

/// The value of an `Allow` header.
pub(super) fn methods(allow: &str) -> HeaderValue {
    HeaderValue::from_str(allow).expect("methods are visible ASCII")
}
