//! How one connection is made: TLS as the address asks, and the password of the moment.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use deadpool_postgres::Connect;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::settings::{Authentication, Settings};
use super::tls::{self, RootsError};
use crate::azure::{self, CredentialError};

/// The scope of a token that Azure Database for PostgreSQL takes as a password.
const SCOPE: &str = "https://ossrdbms-aad.database.windows.net/.default";

/// Makes connections. Clones share their TLS settings and the token.
#[derive(Clone)]
pub(super) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    timeout: Duration,
    authentication: Authentication,
    tls: OnceCell<MakeRustlsConnect>,
    credential: OnceCell<Arc<dyn TokenCredential>>,
    token: RwLock<Option<SecretString>>,
}

/// What a connection needs before it can be tried.
#[derive(Debug, Error)]
pub enum ConnectorError {
    /// No roots to check the server's certificate with.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// No identity to get a token for.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The identity's endpoint gave no token.
    #[error(
        "no Entra token for the database ({0}); check that the app's managed identity is assigned \
         and is a role of the database server"
    )]
    Token(azure_core::Error),
    /// The server.
    #[error("{}", super::server_message(.0))]
    Server(#[from] tokio_postgres::Error),
    /// Nothing answered.
    #[error("no answer from the database server within {0:?}; check host, port and firewall")]
    TimedOut(Duration),
}

impl Connector {
    /// For the address of `settings`. Roots and credentials are read when first needed.
    pub(super) fn new(settings: &Settings) -> Connector {
        Connector {
            shared: Arc::new(Shared {
                address: settings.address.clone(),
                timeout: settings.connect_timeout,
                authentication: settings.authentication,
                tls: OnceCell::new(),
                credential: OnceCell::new(),
                token: RwLock::new(None),
            }),
        }
    }

    /// A connection outside of the pool.
    pub(super) async fn connect_alone(&self) -> Result<(Client, JoinHandle<()>), ConnectorError> {
        self.refresh_password().await?;
        let connecting = self.connect(&self.shared.address.config);
        tokio::time::timeout(self.shared.timeout, connecting)
            .await
            .map_err(|_| ConnectorError::TimedOut(self.shared.timeout))?
            .map_err(ConnectorError::Server)
    }

    /// Has TLS ready, and with Entra a token that is good for the next minutes. The pool's own
    /// error type has no room for what can go wrong here, so this comes before each checkout;
    /// the credential caches, so it costs next to nothing.
    pub(super) async fn refresh_password(&self) -> Result<(), ConnectorError> {
        self.tls().await?;
        if self.shared.authentication == Authentication::Password {
            return Ok(());
        }
        let credential = self
            .shared
            .credential
            .get_or_try_init(|| async { azure::credential(|name| std::env::var(name).ok()) })
            .await?;
        let token = credential
            .get_token(&[SCOPE], None)
            .await
            .map_err(ConnectorError::Token)?;
        let token = SecretString::from(token.token.secret().to_owned());
        *self
            .shared
            .token
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(token);
        Ok(())
    }

    /// Asks the server to end the statement that runs on a connection.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let Ok(tls) = self.tls().await else { return };
        let cancelling = token.cancel_query(tls);
        match tokio::time::timeout(self.shared.timeout, cancelling).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::warn!("a statement could not be cancelled: {error}"),
            Err(_) => log::warn!("a statement could not be cancelled: no answer"),
        }
    }

    async fn tls(&self) -> Result<MakeRustlsConnect, RootsError> {
        let address = self.shared.address.clone();
        self.shared
            .tls
            .get_or_try_init(|| async move { tls::connector(&address) })
            .await
            .cloned()
    }

    fn with_token(&self, config: &Config) -> Config {
        let mut config = config.clone();
        let token = self
            .shared
            .token
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*token {
            config.password(token.expose_secret());
        }
        config
    }
}

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl Connect for Connector {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = self.with_token(config);
        Box::pin(async move {
            let tls = self
                .shared
                .tls
                .get()
                .expect("refresh_password has made TLS ready before any connect")
                .clone();
            let (client, connection) = config.connect(tls).await?;
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    log::warn!("a database connection ended: {error}");
                }
            });
            Ok((client, task))
        })
    }
}
