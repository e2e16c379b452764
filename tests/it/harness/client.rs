//! An HTTP client, and whole responses.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

/// A client that uses the system's certificates.
pub(crate) fn client() -> reqwest::Client {
    client_builder().build().expect("the defaults are valid")
}

/// A builder. Every client needs a TLS provider, even if it never uses TLS.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // An error means that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// A port that was free just now, for a program that does not print its address.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Sends a request and reads the whole response.
    pub(crate) async fn to(request: RequestBuilder) -> Response {
        Response::try_to(request).await.expect("a response arrives")
    }

    /// Like [`Response::to`], if the connection may fail.
    pub(crate) async fn try_to(request: RequestBuilder) -> reqwest::Result<Response> {
        let response = request.send().await?;
        Ok(Response {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }

    /// Asserts that this is a problem of this kind, and returns its JSON.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status, status, "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(
            body["type"],
            format!("urn:magnusapi:problem:{kind}"),
            "{body}"
        );
        assert_eq!(body["status"], status);
        assert_eq!(
            body["instance"],
            format!("urn:uuid:{}", self.header("x-request-id"))
        );
        body
    }
}
