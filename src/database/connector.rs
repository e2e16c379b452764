//! How one connection is made: TLS as the address asks, and the password of the moment.

use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use thiserror::Error;
use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Config, Error as PostgresError};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::settings::{Authentication, Settings};
use super::tls::{self, RootsError};
use super::token::{TokenError, Tokens};
use super::{is_going_away, server_message};

/// Makes connections, for the pool and beside it. Clones share their TLS settings and the token.
#[derive(Clone)]
pub(super) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    timeout: Duration,
    authentication: Authentication,
    tls: OnceCell<MakeRustlsConnect>,
    tokens: Tokens,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectorError {
    /// No roots to check the server's certificate with.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// No token to log in with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The server, or the way to it.
    #[error("{address}: {}; {}", server_message(error), hint(error))]
    Server {
        /// Whom we wanted to reach, as whom.
        address: String,
        /// What came back.
        error: PostgresError,
    },
    /// Nothing answered.
    #[error("{address}: no answer in time; check host, port and firewall")]
    TimedOut {
        /// Whom we wanted to reach, as whom.
        address: String,
    },
}

impl ConnectorError {
    /// Whether trying again in a moment may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            ConnectorError::Roots(_) | ConnectorError::Token(TokenError::Credential(_)) => false,
            ConnectorError::Token(_) | ConnectorError::TimedOut { .. } => true,
            ConnectorError::Server { error, .. } => error.code().is_none_or(is_going_away),
        }
    }
}

/// What to do about a connection that could not be made.
fn hint(error: &PostgresError) -> &'static str {
    match error.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD => {
            "check the user and password in DATABASE_URL, or with DATABASE_AUTH=entra that the \
             user is the identity's role"
        }
        Some(code) if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "check the user and sslmode in DATABASE_URL, and the server's pg_hba.conf or firewall"
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
            "create the database, or name another in DATABASE_URL"
        }
        Some(_) => "see the server's log",
        // The kind of an error that is not the server's can be told by its text alone.
        None if error.to_string().contains("TLS") => {
            "check the server's certificate, and sslmode and sslrootcert in DATABASE_URL"
        }
        None => "check host and port in DATABASE_URL, and that the server runs",
    }
}

impl Connector {
    /// For the address of `settings`. Roots and credentials are read when first needed.
    pub(super) fn new(settings: &Settings) -> Connector {
        let mut address = settings.address.clone();
        keep_alive(&mut address.config);
        Connector {
            shared: Arc::new(Shared {
                address,
                timeout: settings.connect_timeout,
                authentication: settings.authentication,
                tls: OnceCell::new(),
                tokens: Tokens::new(),
            }),
        }
    }

    /// A new connection. It ends when the answer is dropped.
    pub(super) async fn connect(&self) -> Result<ClientWrapper, ConnectorError> {
        tokio::time::timeout(self.shared.timeout, self.connect_in_any_time())
            .await
            .unwrap_or_else(|_| Err(self.out_of_time()))
    }

    async fn connect_in_any_time(&self) -> Result<ClientWrapper, ConnectorError> {
        let tls = self.tls().await?;
        let mut config = self.shared.address.config.clone();
        if self.shared.authentication == Authentication::Entra {
            let token = self.shared.tokens.current(self.shared.timeout).await?;
            config.password(token.token.secret());
        }
        let connected = config.connect(tls).await;
        let (client, connection) = connected.map_err(|error| ConnectorError::Server {
            address: self.shared.address.display(),
            error,
        })?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                log::warn!("a database connection ended: {}", server_message(&error));
            }
        });
        Ok(ClientWrapper::new(client, task))
    }

    /// What to tell when a connection did not come about in time.
    pub(super) fn out_of_time(&self) -> ConnectorError {
        if self.shared.tokens.late() {
            return TokenError::TimedOut.into();
        }
        ConnectorError::TimedOut {
            address: self.shared.address.display(),
        }
    }

    /// Asks the server to end the statement that runs on a connection.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let Ok(tls) = self.tls().await else { return };
        let cancelling = token.cancel_query(tls);
        match tokio::time::timeout(self.shared.timeout, cancelling).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                log::warn!(
                    "a statement could not be cancelled: {}",
                    server_message(&error)
                );
            }
            Err(_) => log::warn!("a statement could not be cancelled: no answer"),
        }
    }

    async fn tls(&self) -> Result<MakeRustlsConnect, RootsError> {
        let tls = &self.shared.tls;
        tls.get_or_try_init(|| async { tls::connector(&self.shared.address) })
            .await
            .cloned()
    }
}

/// `deadpool_postgres` brings a manager of its own, whose error type has no room for a token that
/// did not come.
impl Manager for Connector {
    type Type = ClientWrapper;
    type Error = ConnectorError;

    async fn create(&self) -> Result<ClientWrapper, ConnectorError> {
        self.connect().await
    }

    async fn recycle(
        &self,
        client: &mut ClientWrapper,
        _: &Metrics,
    ) -> RecycleResult<ConnectorError> {
        if client.is_closed() {
            return Err(RecycleError::message("the connection has ended"));
        }
        Ok(())
    }
}

/// An idle connection is probed once a minute, unless the address says otherwise: load
/// balancers forget one in silence after four, and a server that is gone for good is noticed. The
/// system's default is two hours.
fn keep_alive(config: &mut Config) {
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(Duration::from_mins(1));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(Duration::from_secs(10));
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_mins(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_connections_are_probed_unless_the_address_says_otherwise() {
        for (address, seconds) in [("host=db.example", 60), ("host=h keepalives_idle=7", 7)] {
            let mut config: Config = address.parse().expect("it is an address");
            keep_alive(&mut config);
            assert_eq!(config.get_keepalives_idle().as_secs(), seconds);
        }
    }
}
