//! Reads the responses of the store before the client does.
//!
//! The client's errors contain neither the status nor the store's code in a form that a program can read, and
//! the client ignores `Retry-After`.

use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

use super::requests::{client, send};

/// The store rejects the request. A retry does not help.
#[derive(Debug, thiserror::Error)]
#[error("{status} {code}")]
pub(super) struct Refusal {
    /// The HTTP status, 400 to 499.
    pub(super) status: u16,
    /// The store's code; empty if the response has none.
    pub(super) code: String,
}

/// Makes clients that read the responses first.
#[derive(Debug)]
pub(super) struct Connector {
    /// Whether requests are sent without TLS.
    pub(super) in_the_clear: bool,
    /// The limit of the wait that a busy store can request. It is shorter than the time for retries, which
    /// includes it.
    pub(super) longest_wait: Duration,
}

impl HttpConnector for Connector {
    /// The client sets no option.
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Reader {
            client: client(self.in_the_clear)?,
            longest_wait: self.longest_wait,
        }))
    }
}

#[derive(Debug)]
struct Reader {
    client: reqwest::Client,
    longest_wait: Duration,
}

#[async_trait]
impl HttpService for Reader {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = send(&self.client, request).await?;
        match response.status().as_u16() {
            408 | 429 | 500.. => {
                let wait = requested_wait(header(&response, "retry-after"));
                tokio::time::sleep(wait.min(self.longest_wait)).await;
                Ok(response)
            }
            status @ 400..=499 => {
                let code = match header(&response, "x-ms-error-code") {
                    "" => code_in(response).await,
                    code => code.to_owned(),
                };
                let refusal = Refusal { status, code };
                Err(HttpError::new(HttpErrorKind::Unknown, refusal))
            }
            _ => Ok(response),
        }
    }
}

/// The wait that `Retry-After` requests, in seconds as Azure writes it. The client adds its own pause.
fn requested_wait(retry_after: &str) -> Duration {
    let seconds = retry_after.parse().map(Duration::from_secs);
    seconds.unwrap_or_default()
}

/// S3's code is in the body, in XML. A response to HEAD has no body.
async fn code_in(response: HttpResponse) -> String {
    let body = response.into_body().bytes().await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let code = text
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    let is_code = |code: &&str| code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let code = code.map(|(code, _)| code).filter(is_code);
    code.unwrap_or_default().to_owned()
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.and_then(|it| it.to_str().ok()).unwrap_or_default()
}
