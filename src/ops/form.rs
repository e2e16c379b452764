//! The fields of a form's body.

use hyper::StatusCode;
use hyper::header;

use crate::http::{FieldError, Problem, Request};

/// A form's fields, in their order.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

/// A reason has at most 500 characters.
const LIMIT: usize = 16 * 1024;

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

impl Form {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// 415 for another media type, and those of [`Request::body`].
    pub(super) async fn read(request: &mut Request) -> Result<Form, Problem> {
        let media_type = request.header(header::CONTENT_TYPE.as_str()).unwrap_or("");
        let media_type = media_type.split(';').next().unwrap_or("").trim();
        if !media_type.eq_ignore_ascii_case(MEDIA_TYPE) {
            let detail = format!("send the form as {MEDIA_TYPE}");
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The body's type is not supported",
                detail.clone(),
            )
            .with_errors(vec![FieldError::new("content-type", detail)]));
        }
        let body = request.body(LIMIT).await?;
        let fields = url::form_urlencoded::parse(&body);
        Ok(Form(fields.into_owned().collect()))
    }

    /// The field of this name, without white space at both ends. A field that is missing is empty.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.trim())
    }
}
