//! Tokens of the program's identity for one service.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::time::{Duration as Span, OffsetDateTime};
use thiserror::Error;
use tokio::sync::{Mutex as Turn, OnceCell};
use tokio::time::timeout;

use super::credential::credential;

/// The service that tokens are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Such as `https://storage.azure.com/.default`.
    pub scope: Cow<'static, str>,
    /// The service in messages.
    pub name: &'static str,
    /// The condition that the managed identity must meet, in messages: `is assigned`.
    pub condition: &'static str,
}

#[derive(Debug, Error)]
pub enum TokenError {
    #[error(
        "no Azure identity can be used ({0}); in Azure assign a managed identity to the app (and set \
         AZURE_CLIENT_ID for a user-assigned one), elsewhere sign in with `az login`"
    )]
    Credential(azure_core::Error),
    #[error(
        "no Entra token for {} ({reason}); check that the app's managed identity {}",
        .audience.name, .audience.condition
    )]
    Refused { audience: Audience, reason: String },
    /// The identity's endpoint did not respond, or only with errors of its own.
    #[error(
        "no Entra token for {} (the identity's endpoint gave none in time); check that the app's managed \
         identity {}, and the state of the platform",
        .0.name, .0.condition
    )]
    TimedOut(Audience),
}

/// Tokens for one audience. The last token is kept and replaced from five minutes before its end. While the
/// identity's endpoint fails, the last token is used until its end. Clones share the token.
#[derive(Clone, Debug)]
pub struct TokenSource {
    shared: Arc<Shared>,
}

/// `Debug` of tokens hides them.
#[derive(Debug)]
struct Shared {
    audience: Audience,
    credential: OnceCell<Arc<dyn TokenCredential>>,
    last: Mutex<Option<AccessToken>>,
    /// Held during a request, so that callers at the same time share one: not every credential keeps its
    /// token, and each one of `az login` is a process.
    turn: Turn<()>,
    is_overdue: AtomicBool,
}

/// The remaining time from which on a token is replaced. The credentials of `azure_identity` use the same.
const RENEWAL: Span = Span::minutes(5);

impl TokenSource {
    /// Tokens of the platform's identity. It is looked up when a token is first needed.
    pub fn new(audience: Audience) -> TokenSource {
        TokenSource::with(OnceCell::new(), audience)
    }

    /// Tokens of this identity.
    pub fn of(credential: Arc<dyn TokenCredential>, audience: Audience) -> TokenSource {
        TokenSource::with(OnceCell::new_with(Some(credential)), audience)
    }

    fn with(credential: OnceCell<Arc<dyn TokenCredential>>, audience: Audience) -> TokenSource {
        TokenSource {
            shared: Arc::new(Shared {
                audience,
                credential,
                last: Mutex::default(),
                turn: Turn::default(),
                is_overdue: AtomicBool::default(),
            }),
        }
    }

    /// A valid token within `limit`.
    pub async fn token(&self, limit: Duration) -> Result<Secret, TokenError> {
        let Some(last) = self.shared.last(Span::ZERO) else {
            return self.request(limit, None).await;
        };
        if self.shared.last(RENEWAL).is_some() {
            return Ok(last);
        }
        // The caller needs the rest of its time for the request with the last token.
        let renewed = self.request(limit / 2, None).await;
        Ok(renewed.unwrap_or_else(|error| {
            log::warn!("the last token is used until its end: {error}");
            last
        }))
    }

    /// Another token in place of one that the service rejected, because it ended or was revoked on the way.
    /// `None`: the identity has no other one.
    pub async fn other_than(
        &self,
        rejected: &Secret,
        limit: Duration,
    ) -> Result<Option<Secret>, TokenError> {
        let token = self.request(limit, Some(rejected)).await?;
        Ok(Some(token).filter(|it| it.secret() != rejected.secret()))
    }

    /// The error of a token that was requested and has not arrived.
    pub fn overdue(&self) -> Option<TokenError> {
        let is_overdue = self.shared.is_overdue.load(Ordering::Relaxed);
        is_overdue.then(|| TokenError::TimedOut(self.shared.audience.clone()))
    }

    async fn request(
        &self,
        limit: Duration,
        rejected: Option<&Secret>,
    ) -> Result<Secret, TokenError> {
        let shared = &self.shared;
        shared.is_overdue.store(true, Ordering::Relaxed);
        let token = timeout(limit, shared.request(rejected))
            .await
            .map_err(|_| TokenError::TimedOut(shared.audience.clone()))??;
        shared.is_overdue.store(false, Ordering::Relaxed);
        Ok(token)
    }
}

impl Shared {
    /// The last token, if it is valid for longer than this.
    fn last(&self, remaining: Span) -> Option<Secret> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_valid = |it: &&AccessToken| it.expires_on > OffsetDateTime::now_utc() + remaining;
        last.as_ref().filter(is_valid).map(|it| it.token.clone())
    }

    async fn request(&self, rejected: Option<&Secret>) -> Result<Secret, TokenError> {
        let _turn = self.turn.lock().await;
        // Another caller may have replaced it meanwhile.
        let renewed = self.last(RENEWAL);
        if let Some(token) = renewed
            && rejected.is_none_or(|it| it.secret() != token.secret())
        {
            return Ok(token);
        }
        let credential = self
            .credential
            .get_or_try_init(|| async { credential().map_err(TokenError::Credential) })
            .await?;
        let token = credential.get_token(&[&self.audience.scope], None).await;
        let token = token.map_err(|error| TokenError::Refused {
            audience: self.audience.clone(),
            reason: on_one_line(&error),
        })?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(last.insert(token).token.clone())
    }
}

/// Errors of credentials have several lines: the cause of each kind of credential, then advice. A long text
/// is cut, and keeps the causes of four kinds.
fn on_one_line(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").chars().take(1000).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use async_trait::async_trait;
    use azure_core::credentials::TokenRequestOptions;
    use azure_core::error::{Error, ErrorKind};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// An identity whose tokens last this long, in seconds, and which counts them. With 0 it has none.
    #[derive(Debug)]
    struct Identity {
        lasts: u64,
        requests: AtomicUsize,
    }

    #[async_trait]
    impl TokenCredential for Identity {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            tokio::task::yield_now().await;
            let number = self.requests.fetch_add(1, Ordering::Relaxed);
            if self.lasts == 0 {
                return Err(Error::with_message(ErrorKind::Credential, "one\n  two"));
            }
            let ends = OffsetDateTime::now_utc() + Duration::from_secs(self.lasts);
            Ok(AccessToken::new(format!("secret{number}"), ends))
        }
    }

    fn source(lasts: u64) -> (Arc<Identity>, TokenSource) {
        let requests = AtomicUsize::new(0);
        let identity = Arc::new(Identity { lasts, requests });
        let audience = Audience {
            scope: "https://example/.default".into(),
            name: "the example",
            condition: "is assigned",
        };
        (identity.clone(), TokenSource::of(identity, audience))
    }

    async fn token(source: &TokenSource) -> String {
        let token = source.token(LIMIT).await.expect("a token");
        token.secret().to_owned()
    }

    #[tokio::test]
    async fn callers_at_the_same_time_share_one_token() {
        let (identity, source) = source(3600);
        let (one, other) = tokio::join!(token(&source), token(&source));
        assert_eq!((one.as_str(), other.as_str()), ("secret0", "secret0"));
        assert_eq!(token(&source).await, "secret0");
        assert_eq!(identity.requests.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn errors_name_the_service_on_one_line() {
        let (_, source) = source(0);
        let error = source.token(LIMIT).await.expect_err("no token");
        assert_eq!(
            error.to_string(),
            "no Entra token for the example (one two); check that the app's managed identity is assigned"
        );
    }

    #[tokio::test]
    async fn debug_output_has_no_token() {
        let (_, source) = source(3600);
        token(&source).await;
        let text = format!("{source:?}");
        assert!(
            text.contains("the example") && !text.contains("secret0"),
            "{text}"
        );
    }
}
