//! Tokens of this program's Azure identity, for the storage account.

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

/// How long one question for a token may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause before the next question.
const PAUSE: Duration = Duration::from_secs(1);

/// Why there is no token.
#[derive(Debug, Error)]
pub(super) enum NoToken {
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

/// The identity. It asks for nothing before the first request.
#[derive(Debug)]
pub(super) struct Identity {
    credential: OnceCell<Arc<dyn TokenCredential>>,
    wait: Duration,
}

impl Identity {
    /// An identity whose endpoint is asked again for so long.
    pub(super) fn new(wait: Duration) -> Identity {
        Identity {
            credential: OnceCell::new(),
            wait,
        }
    }

    /// The credential keeps its token and renews it five minutes before its end. An export can take
    /// longer than that, and must not end because the endpoint fails once.
    async fn token(&self) -> Result<String, NoToken> {
        let deadline = Instant::now() + self.wait;
        loop {
            match self.ask().await {
                Ok(token) => return Ok(token),
                Err(NoToken::Credential(error)) => return Err(error.into()),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(error) => log::warn!("asking again: {error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask(&self) -> Result<String, NoToken> {
        let credential = self
            .credential
            .get_or_try_init(|| async { azure::credential(environment::variable) })
            .await?;
        let token = tokio::time::timeout(LIMIT, credential.get_token(&[SCOPE], None))
            .await
            .map_err(|_| NoToken::TimedOut)?
            .map_err(|error| NoToken::Refused(one_line(&error)))?;
        Ok(token.token.secret().to_owned())
    }
}

/// The client's errors end with lines of advice of their own.
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
            .map_err(|none| object_store::Error::Generic {
                store: "Azure identity",
                source: Box::new(none),
            })
    }
}
