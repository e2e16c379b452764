//! Errors as `application/problem+json` (RFC 9457).

use std::fmt;

use hyper::StatusCode;
use hyper::header::{self, HeaderName, HeaderValue};
use serde::Serialize;
use uuid::Uuid;

use super::{Response, whole};

/// An error for the caller. Its `type` is stable: programs may branch on it.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

/// Boxed, because every result reserves space for a problem and few have one.
#[derive(Debug)]
struct Parts {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// An error in one part of the input, with the remedy.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON pointer into the body (`/name`), or the name of a parameter or header.
    pub field: String,
    /// The error and the remedy.
    pub detail: String,
}

impl FieldError {
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
    /// `kind` is the last part of the problem's `type`. All problems of a kind have the same `title`, and
    /// `detail` describes this one.
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

    /// 404 for a path without a route.
    pub fn no_such_path() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-path",
            "The path does not exist",
            "see /openapi.json for all paths",
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

    /// 503 with `Retry-After`: the same request may succeed later.
    pub fn unavailable(kind: &'static str, title: &'static str, detail: &str) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind, title, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    /// 500 without internal details; the log has the cause.
    pub fn internal() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The service failed",
            "the request is not the cause; report the instance to the operator of this service",
        )
    }

    /// 400 for a parameter or header.
    pub fn bad_parameter(error: FieldError) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-parameter",
            "A parameter is invalid",
            format!("{}: {}", error.field, error.detail),
        )
        .with_errors(vec![error])
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Problem {
        self.0.errors = errors;
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.0.headers.push((name, value));
        self
    }

    /// The last part of its `type`.
    pub(super) fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// The body. `instance` is the request's id.
    pub(crate) fn to_json(&self, request_id: Uuid) -> String {
        let Parts { kind, status, .. } = *self.0;
        let body = Body {
            r#type: format!("urn:magnusapi:problem:{kind}"),
            title: self.0.title,
            status: status.as_u16(),
            detail: &self.0.detail,
            instance: request_id.urn().to_string(),
            errors: &self.0.errors,
        };
        serde_json::to_string(&body).expect("strings and numbers always serialize")
    }

    pub(super) fn into_response(self, request_id: Uuid) -> Response {
        let body = self.to_json(request_id);
        let mut response = whole(self.0.status, "application/problem+json", body);
        response.headers_mut().extend(self.0.headers);
        response
    }
}

/// The value of an `Allow` header.
pub(super) fn methods(allow: &str) -> HeaderValue {
    HeaderValue::from_str(allow).expect("methods are visible ASCII")
}
