//! One request: its token, its time, its answer.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Url};
use tokio::time::{Instant, sleep, timeout};

use super::answer::Answer;
use super::error::innermost;
use super::{CallError, Change, ResourceId, ResourceManager, Trace};

/// How long may one request take? Some providers do all of a change before they answer.
const REQUEST: Duration = Duration::from_mins(1);

/// How long may the identity's endpoint take?
const TOKEN: Duration = Duration::from_secs(10);

/// How much time must be left after a wait that Azure asks for? Enough for the request itself.
const ROOM: Duration = Duration::from_secs(5);

/// What is asked, about which resource.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) id: &'a ResourceId,
    pub(super) change: Option<&'a Change>,
}

impl Request<'_> {
    /// The right that it takes, as roles name it.
    pub(super) fn action(&self) -> String {
        let verb = if self.change.is_some() {
            "write"
        } else {
            "read"
        };
        format!("{}/{verb}", self.id.resource_type())
    }

    fn no_token(&self, reason: impl Into<String>) -> CallError {
        CallError::NoToken {
            resource: self.id.to_string(),
            reason: reason.into(),
        }
    }

    fn unavailable(&self, reason: impl Into<String>, trace: Trace) -> CallError {
        CallError::Unavailable {
            resource: self.id.to_string(),
            reason: reason.into(),
            trace,
        }
    }
}

impl ResourceManager {
    /// Sends it, and hands on the answer if it is one of success. A request that Azure put off is sent
    /// again when Azure wants it, if that leaves time for it.
    pub(super) async fn send(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        loop {
            match self.send_with_token(request, deadline).await {
                Err(CallError::Throttled { wait, resource, .. })
                    if Instant::now() + wait + ROOM <= deadline =>
                {
                    log::warn!("{resource}: Azure asks to wait for {wait:?}");
                    sleep(wait).await;
                }
                ended => return ended,
            }
        }
    }

    /// A token can end, or be taken back, between its last look at a clock and its arrival. Then the
    /// identity has another one; if it has not, the right is missing.
    async fn send_with_token(
        &self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let token = self.token(request, deadline).await?;
        let answer = self.exchange(request, &token, deadline).await?;
        if answer.status == 401 {
            let newer = self.token(request, deadline).await?;
            if newer != token {
                log::debug!("{}: the token was not taken, a newer one is", request.id);
                let answer = self.exchange(request, &newer, deadline).await?;
                return answer.accepted(request, &newer);
            }
        }
        answer.accepted(request, &token)
    }

    /// The credential keeps its token and renews it five minutes before its end.
    async fn token(&self, request: &Request<'_>, deadline: Instant) -> Result<String, CallError> {
        let limit = time_left(request, deadline)?.min(TOKEN);
        let scope = self.base.scope();
        let token = timeout(limit, self.credential.get_token(&[&scope], None))
            .await
            .map_err(|_| request.no_token("the identity's endpoint gave none in time"))?
            // The client's errors end with lines of advice of their own.
            .map_err(|error| request.no_token(error.to_string().lines().next().unwrap_or("")))?;
        Ok(token.token.secret().to_owned())
    }

    async fn exchange(
        &self,
        request: &Request<'_>,
        token: &str,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let limit = time_left(request, deadline)?.min(REQUEST);
        let trace = Trace::new();
        let answered = async {
            let response = self.build(request, token, &trace).send().await?;
            Answer::read(response, &self.base, trace.clone()).await
        };
        let no_answer = match timeout(limit, answered).await {
            Ok(Ok(answer)) => return Ok(answer),
            // Links carry signatures, so no address is printed.
            Ok(Err(error)) => innermost(&error.without_url()),
            Err(_) => format!("it did not answer within {limit:.1?}"),
        };
        Err(request.unavailable(no_answer, trace))
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

fn time_left(request: &Request<'_>, deadline: Instant) -> Result<Duration, CallError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(CallError::NotAsked {
            resource: request.id.to_string(),
        });
    }
    Ok(left)
}
