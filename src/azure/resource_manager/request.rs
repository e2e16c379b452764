//! One request: its token, its deadline, its response.

use std::time::Duration;

use azure_core::credentials::Secret;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Url};
use tokio::time::{Instant, sleep, timeout};

use super::error::innermost;
use super::response::AzureResponse;
use super::{CallError, CallErrorKind, Change, ResourceId, ResourceManager, Trace};
use crate::azure::TokenError;

/// The longest request. Some providers finish the whole change before they respond.
const REQUEST: Duration = Duration::from_mins(1);

/// The longest request for a token.
const TOKEN: Duration = Duration::from_secs(10);

/// The time that must remain after a wait that Azure asks for: enough for the request itself.
const REMAINDER: Duration = Duration::from_secs(5);

pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) id: &'a ResourceId,
    pub(super) change: Option<&'a Change>,
}

impl Request<'_> {
    /// The action that a role must permit.
    pub(super) fn action(&self) -> String {
        let verb = if self.change.is_some() {
            "write"
        } else {
            "read"
        };
        format!("{}/{verb}", self.id.resource_type())
    }

    pub(super) fn error(&self, kind: CallErrorKind, trace: Option<Trace>) -> CallError {
        CallError {
            resource: self.id.as_str().into(),
            kind,
            trace,
        }
    }

    fn no_token(&self, error: &TokenError) -> CallError {
        self.error(CallErrorKind::NoToken(error.to_string()), None)
    }

    fn time_to(&self, deadline: Instant) -> Result<Duration, CallError> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Err(self.error(CallErrorKind::NotSent, None));
        }
        Ok(remaining)
    }
}

impl ResourceManager {
    /// The response, if it is a success. A request that Azure postponed is repeated after the wait that Azure
    /// asks for, if the deadline permits it.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<AzureResponse, CallError> {
        loop {
            match self.send_with_token(request, deadline).await {
                Err(CallError {
                    kind: CallErrorKind::Throttled(wait),
                    ..
                }) if Instant::now() + wait + REMAINDER <= deadline => {
                    log::warn!("{}: Azure asks to wait for {wait:?}", request.id);
                    sleep(wait).await;
                }
                ended => return ended,
            }
        }
    }

    /// A token can end, or be revoked, on its way. Then the identity has another one; if it has none, the
    /// right is missing.
    async fn send_with_token(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<AzureResponse, CallError> {
        let limit = request.time_to(deadline)?.min(TOKEN);
        let token = self.tokens.token(limit).await;
        let token = token.map_err(|error| request.no_token(&error))?;
        let response = self.exchange(request, &token, deadline).await?;
        if response.status == 401 {
            let limit = request.time_to(deadline)?.min(TOKEN);
            let other = self.tokens.other_than(&token, limit).await;
            if let Some(other) = other.map_err(|error| request.no_token(&error))? {
                log::debug!(
                    "{}: the token was rejected, a retry has another one",
                    request.id
                );
                let response = self.exchange(request, &other, deadline).await?;
                return response.accepted(request, &other);
            }
        }
        response.accepted(request, &token)
    }

    async fn exchange(
        &self,
        request: &Request<'_>,
        token: &Secret,
        deadline: Instant,
    ) -> Result<AzureResponse, CallError> {
        let limit = request.time_to(deadline)?.min(REQUEST);
        let trace = Trace::new();
        let responding = async {
            let response = self.build(request, token.secret(), &trace).send().await?;
            AzureResponse::read(response, &self.base, trace.clone()).await
        };
        let reason = match timeout(limit, responding).await {
            Ok(Ok(response)) => return Ok(response),
            // Links carry signatures, so no address is printed.
            Ok(Err(error)) => innermost(&error.without_url()),
            Err(_) => format!("no response within {limit:.1?}"),
        };
        Err(request.error(CallErrorKind::Unavailable(reason), Some(trace)))
    }

    fn build(&self, request: &Request<'_>, token: &str, trace: &Trace) -> RequestBuilder {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .header(Trace::CLIENT_REQUEST_ID, trace.client_request_id())
            .bearer_auth(token);
        if let Some(change) = request.change {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            builder = builder.body(change.body().to_string());
            if let Some(etag) = change.if_match() {
                builder = builder.header(IF_MATCH, etag);
            }
        }
        builder.headers(headers)
    }
}
