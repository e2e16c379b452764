//! The store's answers, read before the client sees them.
//!
//! The client turns every answer into an error of its own that keeps neither the status nor Azure's
//! code in a form that one could look at, and knows nothing of `Retry-After`.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

use super::requests::Requests;

/// The store will not do it, however often it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) struct Refusal {
    /// The HTTP status, 400 to 499.
    pub(super) status: u16,
    /// Azure's code for it; empty when the answer has none.
    pub(super) code: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

/// Makes clients that read the store's answers first.
#[derive(Debug)]
pub(super) struct Connector {
    /// Are requests sent without TLS?
    pub(super) in_the_clear: bool,
    /// The longest wait that a busy store is granted, whatever it asks for. It counts as time in
    /// which the request is tried again, and must leave some to do so.
    pub(super) longest_wait: Duration,
}

impl HttpConnector for Connector {
    /// None of the client's options is set.
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Reader {
            requests: Requests::new(self.in_the_clear)?,
            longest_wait: self.longest_wait,
        }))
    }
}

#[derive(Debug)]
struct Reader {
    requests: Requests,
    longest_wait: Duration,
}

#[async_trait]
impl HttpService for Reader {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.requests.send(request).await?;
        match answer.status().as_u16() {
            408 | 429 | 500.. => {
                let asked = asked_wait(header(&answer, "retry-after"));
                tokio::time::sleep(asked.min(self.longest_wait)).await;
                Ok(answer)
            }
            status @ 400..=499 => {
                let code = header(&answer, "x-ms-error-code").to_owned();
                let refusal = Refusal { status, code };
                Err(HttpError::new(HttpErrorKind::Unknown, refusal))
            }
            _ => Ok(answer),
        }
    }
}

/// The wait that `Retry-After` asks for, in seconds as Azure writes it. The client's own pause comes
/// on top.
fn asked_wait(retry_after: &str) -> Duration {
    let seconds = retry_after.parse().map(Duration::from_secs);
    seconds.unwrap_or_default()
}

fn header<'a>(answer: &'a HttpResponse, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.and_then(|it| it.to_str().ok()).unwrap_or_default()
}
