//! How one connection is made: TLS as the address asks, and the password of the moment.

use std::borrow::Cow;
use std::io;
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
use super::addresses::first_to_respond;
use super::closing;
use super::error::{is_going_away, server_message};
use super::link::{self, LinkError};
use super::rejections::Rejections;
use super::settings::{Authentication, Origin, Settings};
use super::tap::Outlet;
use super::tls;
use crate::azure::{Audience, TokenError, TokenSource};
use crate::telemetry::Context;

/// Makes connections, for the pool and beside it. Clones share their TLS settings and the token.
#[derive(Clone)]
pub(super) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    origin: Origin,
    timeout: Duration,
    authentication: Authentication,
    tls: OnceCell<MakeRustlsConnect>,
    tokens: TokenSource,
    rejections: Rejections,
}

#[derive(Debug, Error)]
pub enum ConnectorError {
    /// The certificates that the server's is checked with cannot be had.
    #[error("{0}")]
    Roots(String),
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The server was not reached, or it rejected the connection.
    #[error("{address}: {}; {}", server_message(error), hint(error, origin))]
    Server {
        address: String,
        origin: Origin,
        error: PostgresError,
    },
    /// The server rejected an earlier login, and another one is not due.
    #[error("{0}")]
    RejectedBefore(String),
    /// The server's socket on this machine is not usable.
    #[error("{address}: {error}; check host and port in {}, and that the server runs", .origin.url)]
    Socket {
        address: String,
        origin: Origin,
        error: io::Error,
    },
    #[error("{address}: no response in time; check host, port and firewall")]
    TimedOut { address: String },
}

impl ConnectorError {
    /// Whether the server is there and the database is not.
    pub(super) fn says_no_such_database(&self) -> bool {
        let ConnectorError::Server { error, .. } = self else {
            return false;
        };
        error.code() == Some(&SqlState::INVALID_CATALOG_NAME)
    }

    /// Whether the server was reached and does not accept the login.
    fn is_rejection(&self) -> bool {
        matches!(self, ConnectorError::Server { error, .. }
            if error.code().is_some_and(|code| !is_going_away(code)))
    }

    /// Whether trying again in a moment may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            ConnectorError::Roots(_)
            | ConnectorError::Token(TokenError::Credential(_))
            | ConnectorError::RejectedBefore(_) => false,
            ConnectorError::Token(_)
            | ConnectorError::TimedOut { .. }
            | ConnectorError::Socket { .. } => true,
            ConnectorError::Server { .. } => !self.is_rejection(),
        }
    }
}

/// Azure Database for PostgreSQL accepts a token of this audience as a password.
const AUDIENCE: Audience = Audience {
    scope: Cow::Borrowed("https://ossrdbms-aad.database.windows.net/.default"),
    name: "the database",
    condition: "is assigned and is a role of the database server",
};

/// The first statement of every session. The zone of a database or a role may be any, and a day of SQL has 23 or
/// 25 hours where clocks change. It is not a startup parameter: `tokio_postgres` has none for it but
/// `options`, which poolers reject. A `PgBouncer` in transaction mode keeps the zone of each client, because
/// the server reports its changes.
const SESSION: &str = "SET TimeZone TO 'UTC'";

/// The operator's remedy for a connection that could not be made.
fn hint(error: &PostgresError, Origin { url, auth }: &Origin) -> String {
    match error.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD => format!(
            "check the user and password in {url}, or with {auth}=entra that the user is the \
             identity's role"
        ),
        Some(code) if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            format!("check the user and sslmode in {url}, and the server's pg_hba.conf or firewall")
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
            format!("create the database, or name another in {url}")
        }
        Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => {
            "end sessions, or raise max_connections of the server, or the CONNECTION LIMIT of the role or \
             database that the message names"
                .to_owned()
        }
        Some(code) if *code == SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => {
            "if the database is valid, let it accept connections: ALTER DATABASE … ALLOW_CONNECTIONS true"
                .to_owned()
        }
        Some(_) => "see the server's log".to_owned(),
        None => hint_by_text(&server_message(error), url, auth),
    }
}

/// Only the text shows the kind of an error that does not come from the server.
fn hint_by_text(text: &str, url: &str, auth: &str) -> String {
    if text.contains("password missing") {
        return format!(
            "the server asks for a password: add it to {url}, or set PGPASSWORD, or {auth}=entra"
        );
    }
    if text.contains("TLS") {
        return format!("check the server's certificate, and sslmode and sslrootcert in {url}");
    }
    if text.starts_with("authentication error") {
        return format!("check the user, the password and channel_binding in {url}");
    }
    format!("check host and port in {url}, and that the server runs")
}

impl Connector {
    /// For the address of `settings`. Roots and credentials are read when first needed.
    pub(super) fn new(settings: &Settings) -> Connector {
        let mut address = settings.address.clone();
        keep_alive(&mut address.config);
        Connector {
            shared: Arc::new(Shared {
                address,
                origin: settings.origin.clone(),
                timeout: settings.connect_timeout,
                authentication: settings.authentication,
                tls: OnceCell::new(),
                tokens: TokenSource::new(AUDIENCE),
                rejections: Rejections::default(),
            }),
        }
    }

    /// A new connection. It ends when the client is dropped, and its statement with it.
    pub(super) async fn connect(&self) -> Result<ClientWrapper, ConnectorError> {
        if let Some(reason) = self.shared.rejections.hold_back() {
            return Err(ConnectorError::RejectedBefore(reason));
        }
        let connector = self.clone();
        let login = async move {
            let connected = connector.log_in(None, None).await;
            match &connected {
                Ok(_) => connector.shared.rejections.accepted(),
                Err(error) if error.is_rejection() => {
                    connector.shared.rejections.rejected(error.to_string());
                }
                Err(_) => {}
            }
            connected
        };
        closing::log_in(login).await
    }

    /// A new connection, to another database than the address's if one is named, on which the rows
    /// of a COPY may go to `outlet`.
    pub(super) async fn connect_tapped(
        &self,
        database: Option<&str>,
        outlet: &Outlet,
    ) -> Result<ClientWrapper, ConnectorError> {
        let (connector, outlet) = (self.clone(), outlet.clone());
        let database = database.map(str::to_owned);
        closing::log_in(async move { connector.log_in(database, Some(&outlet)).await }).await
    }

    /// Connects to the address, or to another database of its server, and makes the session as all are.
    async fn log_in(
        &self,
        database: Option<String>,
        outlet: Option<&Outlet>,
    ) -> Result<ClientWrapper, ConnectorError> {
        let login = async {
            let tls = self.tls().await?;
            let mut config = self.config().await?;
            if let Some(database) = database {
                config.dbname(database);
            }
            let connected = first_to_respond(config, |config| self.open(config, &tls, outlet));
            let client = connected.await.map_err(|error| self.failed(error))?;
            let set = client.batch_execute(SESSION).await;
            set.map_err(|error| self.failed(error.into()))?;
            Ok(client)
        };
        let done = tokio::time::timeout(self.shared.timeout, login).await;
        done.unwrap_or_else(|_| Err(self.out_of_time()))
    }

    /// Connects to one address of the server, with a tap if there is an outlet for it.
    async fn open(
        &self,
        config: Config,
        tls: &MakeRustlsConnect,
        outlet: Option<&Outlet>,
    ) -> Result<ClientWrapper, LinkError> {
        let (connector, tls) = (self.clone(), tls.clone());
        if let Some(outlet) = outlet {
            let cancel = |token| async move { connector.cancel_tapped(token).await };
            return link::connect(&config, tls, outlet, cancel).await;
        }
        let (client, connection) = config.connect(tls).await?;
        let token = client.cancel_token();
        let cancel = async move { connector.cancel(token).await };
        Ok(closing::drive(client, connection, cancel))
    }

    /// The address, with the password of the moment.
    async fn config(&self) -> Result<Config, TokenError> {
        let mut config = self.shared.address.config.clone();
        if self.shared.authentication == Authentication::Entra {
            let token = self.shared.tokens.token(self.shared.timeout).await?;
            config.password(token.secret());
        }
        Ok(config)
    }

    fn failed(&self, error: LinkError) -> ConnectorError {
        let address = self.shared.address.display();
        let origin = self.shared.origin.clone();
        match error {
            LinkError::Server(error) => ConnectorError::Server {
                address,
                origin,
                error,
            },
            LinkError::Socket(error) => ConnectorError::Socket {
                address,
                origin,
                error,
            },
        }
    }

    /// The error for a connection that was not made in time.
    pub(super) fn out_of_time(&self) -> ConnectorError {
        if let Some(error) = self.shared.tokens.overdue() {
            return error.into();
        }
        ConnectorError::TimedOut {
            address: self.shared.address.display(),
        }
    }

    /// Asks the server to end the statement that runs on a connection.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let Ok(tls) = self.tls().await else { return };
        self.report_cancelling(token.cancel_query(tls)).await;
    }

    /// The same for a connection with an outlet.
    pub(super) async fn cancel_tapped(&self, token: CancelToken) {
        let Ok(tls) = self.tls().await else { return };
        let config = &self.shared.address.config;
        self.report_cancelling(link::cancel(config, tls, token))
            .await;
    }

    async fn report_cancelling<E: Into<LinkError>>(
        &self,
        cancelling: impl Future<Output = Result<(), E>>,
    ) {
        let reason = match tokio::time::timeout(self.shared.timeout, cancelling).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => self.failed(error.into()).to_string(),
            Err(_) => "no response".to_owned(),
        };
        log::warn!("a statement could not be cancelled: {reason}");
    }

    async fn tls(&self) -> Result<MakeRustlsConnect, ConnectorError> {
        let tls = &self.shared.tls;
        let made = || async { tls::connector(&self.shared.address).map_err(ConnectorError::Roots) };
        tls.get_or_try_init(made).await.cloned()
    }
}

/// `deadpool_postgres` brings a manager of its own, whose error type cannot carry a missing
/// token.
impl Manager for Connector {
    type Type = ClientWrapper;
    type Error = ConnectorError;

    async fn create(&self) -> Result<ClientWrapper, ConnectorError> {
        Context::outside(self.connect()).await
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
