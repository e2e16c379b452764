//! Tokens of this program's Azure identity, for the storage account.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use object_store::CredentialProvider;
use object_store::azure::AzureCredential;
use tokio::time::{Instant, sleep};

use crate::azure::{Audience, TokenError, TokenSource};

/// The longest request for a token.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause before the next request.
const PAUSE: Duration = Duration::from_secs(1);

/// The identity. It requests nothing before the first call.
#[derive(Debug)]
pub(super) struct Identity {
    tokens: TokenSource,
    wait: Duration,
}

impl Identity {
    /// Requests for a token are retried for this long.
    pub(super) fn new(wait: Duration) -> Identity {
        let tokens = TokenSource::new(Audience {
            scope: "https://storage.azure.com/.default".into(),
            name: "the storage account",
            condition: "is assigned",
        });
        Identity { tokens, wait }
    }

    /// An export can last longer than a token, and must not fail because the endpoint fails once.
    async fn token(&self) -> Result<Secret, TokenError> {
        let deadline = Instant::now() + self.wait;
        loop {
            match self.tokens.token(LIMIT).await {
                Err(error @ TokenError::Credential(_)) => return Err(error),
                Err(error) if Instant::now() < deadline => log::warn!("a retry follows: {error}"),
                ended => return ended,
            }
            sleep(PAUSE).await;
        }
    }
}

#[async_trait]
impl CredentialProvider for Identity {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let token = self.token().await;
        token
            .map(|token| Arc::new(AzureCredential::BearerToken(token.secret().to_owned())))
            .map_err(|error| object_store::Error::Generic {
                store: "Azure identity",
                source: Box::new(error),
            })
    }
}
