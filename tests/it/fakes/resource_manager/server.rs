//! Bytes on a socket: TLS, HTTP, authorization, and the faults that a test requests.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderName, IF_MATCH, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::reply::Reply;
use super::{On, Received, ResourceManagerFake, Trouble};
use crate::harness::Certificates;

/// A listener and its URL.
pub(super) async fn bind() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    (listener, format!("https://{address}"))
}

pub(super) fn serve(listener: TcpListener, azure: ResourceManagerFake) {
    let acceptor = acceptor(&azure.certificates);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, azure) = (acceptor.clone(), azure.clone());
            tokio::spawn(async move {
                // Errors are clients that have gone, or that do not trust the certificate.
                let Ok(socket) = acceptor.accept(socket).await else {
                    return;
                };
                let service = service_fn(|request| azure.respond(request));
                let connection = http1::Builder::new();
                let _ = connection
                    .serve_connection(TokioIo::new(socket), service)
                    .await;
            });
        }
    });
}

fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(certificates.certificate());
    let key = PrivateKeyDer::from_pem_file(certificates.key()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate")], key);
    TlsAcceptor::from(Arc::new(config.expect("they belong together")))
}

/// The correlation id of every response.
pub(crate) const CORRELATION: &str = "c0441e1a-7a57-4dc2-9f0e-51a2b3c4d5e6";

/// Closes the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

impl ResourceManagerFake {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
        let authorization = header(&request, AUTHORIZATION);
        let received = receive(request).await;
        let reply = self.reply(&received, authorization.as_deref()).await;
        let status = reply.as_ref().map_or(0, |reply| reply.status);
        self.world().received.push(Received { status, ..received });
        Ok(response(reply.ok_or(Cut)?))
    }

    /// `None`: the connection is cut.
    async fn reply(&self, received: &Received, authorization: Option<&str>) -> Option<Reply> {
        let trouble = self.world().trouble(received);
        if matches!(trouble, Trouble::TokenEnds) {
            self.end_token();
        }
        if let Some(rejection) = self.tokens().rejection(authorization) {
            return Some(rejection);
        }
        let (code, words) = match trouble {
            Trouble::Silence => {
                self.world().received.push(received.clone());
                std::future::pending::<Infallible>().await;
                return None;
            }
            Trouble::Cut => return None,
            Trouble::ResponseLost => {
                self.world().respond(received);
                return None;
            }
            Trouble::Page(status) => return Some(Reply::page(status)),
            Trouble::None | Trouble::TokenEnds => return Some(self.world().respond(received)),
            Trouble::Link(header, link) => {
                let reply = self.world().respond(received);
                return Some(reply.with(header, link));
            }
            Trouble::Throttled(seconds) => {
                let words = "Number of requests exceeded the limit.";
                let reply = Reply::error(429, "TooManyRequests", words);
                return Some(reply.with("retry-after", seconds.to_string()));
            }
            Trouble::Redirect(to) => {
                return Some(Reply::new(307, Value::Null).with("location", to));
            }
            Trouble::Echo(status) => {
                let words = format!("you sent {}", authorization.unwrap_or_default());
                return Some(Reply::error(status, "Echo", &words));
            }
            Trouble::Busy => (
                (409, "OperationNotAllowed"),
                "Operation is not allowed: Another operation (Updating) is in progress.",
            ),
            Trouble::EtagMismatch => (
                (409, "EtagMismatch"),
                "Operation is not allowed: Etag mismatched.",
            ),
            Trouble::PreconditionFailed => {
                ((412, "PreconditionFailed"), "The condition is not met.")
            }
            Trouble::Denied => (
                (403, "AuthorizationFailed"),
                "The client with object id 'a0a0' does not have authorization to perform this action.",
            ),
            Trouble::QuotaExceeded => (
                (409, "OperationNotAllowed"),
                "Operation could not be completed as it results in exceeding approved Total Regional \
                 Cores quota. Current Limit: 10, Current Usage: 8, Additional Required: 4.",
            ),
            Trouble::Status(status, code) => ((status, code), "The test requested this error."),
        };
        Some(Reply::error(code.0, code.1, words))
    }
}

impl Received {
    pub(super) fn on(&self) -> On {
        match self.method.as_str() {
            "GET" if self.path.contains("/operations/") => On::Poll,
            "GET" => On::Read,
            _ => On::Write,
        }
    }
}

async fn receive(request: Request<Incoming>) -> Received {
    let query = request.uri().query().unwrap_or_default();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let api_version = pairs.iter().find(|(name, _)| name == "api-version");
    let api_version = api_version.map_or(String::new(), |(_, value)| value.to_string());
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let if_match = header(&request, IF_MATCH);
    let user_agent = header(&request, USER_AGENT).unwrap_or_default();
    let client_request_id = HeaderName::from_static("x-ms-client-request-id");
    let client_request_id = header(&request, client_request_id).unwrap_or_default();
    let body = request.into_body().collect().await;
    let body = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    Received {
        method,
        path,
        api_version,
        if_match,
        user_agent,
        client_request_id,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        status: 0,
    }
}

fn header(request: &Request<Incoming>, name: HeaderName) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let content_type = match reply.body {
        Value::String(_) => "text/html; charset=utf-8",
        _ => "application/json; charset=utf-8",
    };
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", content_type)
        .header("x-ms-request-id", "0d2c3b4a-0000-0000-0000-000000000000")
        .header("x-ms-correlation-request-id", CORRELATION);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = match reply.body {
        Value::Null => Bytes::new(),
        Value::String(page) => page.into(),
        body => body.to_string().into(),
    };
    response.body(Full::new(body)).expect("it is well-formed")
}
