//! The Entra token that stands in for a password.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::time::OffsetDateTime;
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::azure::{self, CredentialError};
use crate::environment;

/// The scope of a token that Azure Database for PostgreSQL takes as a password.
const SCOPE: &str = "https://ossrdbms-aad.database.windows.net/.default";

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenError {
    /// No identity to get a token for.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The identity's endpoint refused.
    #[error(
        "no Entra token for the database ({}); check that the app's managed identity is assigned \
         and is a role of the database server",
        in_one_line(.0)
    )]
    Refused(azure_core::Error),
    /// The identity's endpoint said nothing, or only that something is wrong with it.
    #[error(
        "no Entra token for the database (the identity's endpoint gave none in time); check that \
         the app's managed identity is assigned, and the state of the platform"
    )]
    TimedOut,
}

/// The client's errors have several lines: one for each kind of credential that was tried, and
/// advice. The causes come first, so a long text is cut at its end.
fn in_one_line(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let line = lines.join(" ");
    line.chars().take(LONGEST_REASON).collect()
}

/// Enough for the causes of four kinds of credential.
const LONGEST_REASON: usize = 1000;

/// The identity, and the token that it gave last.
pub(super) struct Tokens {
    credential: OnceCell<Arc<dyn TokenCredential>>,
    last: Mutex<Option<AccessToken>>,
    late: AtomicBool,
}

impl Tokens {
    /// Asks for nothing yet.
    pub(super) fn new() -> Tokens {
        Tokens {
            credential: OnceCell::new(),
            last: Mutex::new(None),
            late: AtomicBool::new(false),
        }
    }

    /// A token for a connection that is about to be made. The credential keeps it and has a new one
    /// from five minutes before its end; while none comes, the old one serves to its end.
    pub(super) async fn current(&self, limit: Duration) -> Result<AccessToken, TokenError> {
        let Some(last) = self.last() else {
            return self.renewed(limit).await;
        };
        // Enough of the limit must be left to connect with the last one.
        match self.renewed(limit / 2).await {
            Ok(token) => Ok(token),
            Err(error) => {
                log::warn!("the last token serves on: {error}");
                Ok(last)
            }
        }
    }

    /// Whether the endpoint is being waited for.
    pub(super) fn late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    async fn renewed(&self, limit: Duration) -> Result<AccessToken, TokenError> {
        let credential = self
            .credential
            .get_or_try_init(|| async { azure::credential(environment::variable) })
            .await?;
        self.late.store(true, Ordering::Relaxed);
        let token = tokio::time::timeout(limit, credential.get_token(&[SCOPE], None))
            .await
            .map_err(|_| TokenError::TimedOut)?
            .map_err(TokenError::Refused)?;
        self.late.store(false, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// The last token, unless it has ended.
    fn last(&self) -> Option<AccessToken> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
            .filter(|token| token.expires_on > OffsetDateTime::now_utc())
    }
}
