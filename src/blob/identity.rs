//! Tokens of the app's Azure identity for the storage account.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use object_store::CredentialProvider;
use object_store::azure::AzureCredential;
use thiserror::Error;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::azure::{self, CredentialError};
use crate::environment;

const SCOPE: &str = "https://storage.azure.com/.default";

/// The time limit of one request for a token.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause before the next request.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Error)]
pub(super) enum TokenError {
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(
        "no Azure token for the storage account ({0}); check that the app's managed identity is \
         assigned"
    )]
    Refused(String),
    #[error(
        "no Azure token for the storage account (the identity's endpoint gave none in time); check \
         that the app's managed identity is assigned, and the state of the platform"
    )]
    TimedOut,
}

/// The identity. It requests no token before the first request to the store.
#[derive(Debug)]
pub(super) struct Identity {
    credential: OnceCell<Arc<dyn TokenCredential>>,
    wait: Duration,
}

impl Identity {
    /// Requests for a token are retried for this time.
    pub(super) fn new(wait: Duration) -> Identity {
        Identity {
            credential: OnceCell::new(),
            wait,
        }
    }

    /// The credential caches its token and renews it five minutes before it expires. An export can take
    /// longer, and must not fail because the endpoint fails once.
    async fn token(&self) -> Result<String, TokenError> {
        let deadline = Instant::now() + self.wait;
        loop {
            match self.request().await {
                Ok(token) => return Ok(token),
                Err(TokenError::Credential(error)) => return Err(error.into()),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(error) => log::warn!("requesting the token again: {error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn request(&self) -> Result<String, TokenError> {
        let credential = self
            .credential
            .get_or_try_init(|| async { azure::credential(environment::variable) })
            .await?;
        let token = tokio::time::timeout(LIMIT, credential.get_token(&[SCOPE], None))
            .await
            .map_err(|_| TokenError::TimedOut)?
            .map_err(|error| TokenError::Refused(one_line(&error)))?;
        Ok(token.token.secret().to_owned())
    }
}

/// The client appends lines of advice to its errors.
fn one_line(error: &azure_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().into()
}

#[async_trait]
impl CredentialProvider for Identity {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        let token = self.token().await;
        token
            .map(|token| Arc::new(AzureCredential::BearerToken(token)))
            .map_err(|error| object_store::Error::Generic {
                store: "Azure identity",
                source: Box::new(error),
            })
    }
}
