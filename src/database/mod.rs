//! PostgreSQL: a pool that heals by itself, TLS, passwords or Entra tokens, and migrations.
//!
//! [`Database::open`] returns at once, so that the server can bind and answer first; connecting
//! and migrating go on behind it. Whoever needs the database asks for a [`Connection`], waits a
//! bounded time for it, and is told [`Error::Unavailable`] after that.
//!
//! Deadlines are kept on this side, with a cancel request to the server, and not by
//! `statement_timeout`: session settings do not survive a PgBouncer in transaction mode.

mod address;
mod connection;
mod connector;
mod instant;
mod link;
mod lock;
mod migrations;
mod readiness;
mod server;
mod settings;
mod tap;
mod tls;
mod tls_options;
mod token;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Pool, PoolError, TimeoutType, Timeouts};
use thiserror::Error;
use tokio_postgres::error::SqlState;

pub use address::{Address, AddressError};
pub use connection::{Connection, Statement, Transaction};
pub(crate) use instant::instant;
pub use lock::Lock;
pub use migrations::{MigrationError, SchemaVersion};
pub use server::{Canceller, CopyError, Server, Session};
pub use settings::{Authentication, Origin, Settings, SettingsError};

use connector::{Connector, ConnectorError};
use readiness::Readiness;

/// Why the database did not do what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// No connection could be had in time. Nothing was sent.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection ended while a statement ran: whether it took effect is not known.
    #[error("the connection to the database ended during a statement: {0}")]
    Lost(#[source] tokio_postgres::Error),
    /// The statement's deadline passed and the server was asked to cancel it.
    #[error("the database did not answer within {0:?}; the statement was cancelled")]
    TimedOut(Duration),
    /// The server refused the statement.
    #[error("the database refused the statement: {}", server_message(.0))]
    Refused(#[source] tokio_postgres::Error),
    /// One statement did this for several callers, and this is what became of it.
    #[error(transparent)]
    Shared(Arc<Error>),
}

impl Error {
    /// The error itself, where it is a shared one.
    pub fn kind(&self) -> &Error {
        match self {
            Error::Shared(error) => error.kind(),
            error => error,
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if !is_going_away(code) => Error::Refused(error),
            _ => Error::Lost(error),
        }
    }
}

/// What the server said, with its SQLSTATE: `tokio_postgres` itself prints only "db error".
pub(crate) fn server_message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// Whether the code is about the connection and not about the statement: class 08 (a PgBouncer says
/// everything with one of these), shutdowns and the like, and a server that is full.
fn is_going_away(code: &SqlState) -> bool {
    let class_of_connections = ["08", "57P"].iter().any(|it| code.code().starts_with(it));
    class_of_connections || *code == SqlState::TOO_MANY_CONNECTIONS
}

/// A handle to the database. Clones share one pool.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    connector: Connector,
    pool: Pool<Connector>,
    readiness: Readiness,
}

impl Database {
    /// A handle whose connections come later; nothing is sent yet.
    pub fn open(settings: Settings) -> Database {
        let connector = Connector::new(&settings);
        let pool = Pool::builder(connector.clone())
            .max_size(settings.pool_size)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is named, which is all that can be missing");
        Database {
            shared: Arc::new(Shared {
                settings,
                connector,
                pool,
                readiness: Readiness::new(),
            }),
        }
    }

    /// Migrates in the background until it succeeds, and lets waiting requests go on then.
    pub fn prepare_in_background(&self) {
        let database = self.clone();
        tokio::spawn(async move { database.prepare().await });
    }

    async fn prepare(&self) {
        tokio::time::sleep(HEAD_START).await;
        let mut pause = Duration::from_millis(50);
        let mut said = String::new();
        loop {
            match self.migrate().await {
                Ok(version) => {
                    log::info!(schema = version.0; "the database is ready");
                    return self.shared.readiness.ready();
                }
                Err(error) => {
                    let reason = error.to_string();
                    if reason != said {
                        log::error!("the database is not ready: {reason}");
                        said.clone_from(&reason);
                    }
                    self.shared.readiness.waiting_because(reason);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Brings the schema to this program's version. Safe to run many times at once.
    ///
    /// # Errors
    /// [`MigrationError`] says whether the database is away, newer than this program, or
    /// differs from it.
    pub async fn migrate(&self) -> Result<SchemaVersion, MigrationError> {
        let limit = self.shared.settings.statement_timeout;
        migrations::run(&self.shared.connector, limit).await
    }

    /// Lets requests go on if the schema is at this program's version; nothing is migrated. For a
    /// person's command, which must not change what others serve from.
    ///
    /// # Errors
    /// [`MigrationError`] says what is not as it should be.
    pub async fn require_schema(&self) -> Result<(), MigrationError> {
        let limit = self.shared.settings.statement_timeout;
        migrations::check(&self.shared.connector, limit).await?;
        self.shared.readiness.ready();
        Ok(())
    }

    /// The schema's version in the database, and the one that this program brings.
    ///
    /// # Errors
    /// Within two seconds, whatever the settings allow to requests.
    pub async fn schema_versions(&self) -> Result<(SchemaVersion, SchemaVersion), Error> {
        let deadline = Instant::now() + HEALTH_WAIT;
        let connection = self.connection_before(deadline).await?;
        let applied = migrations::applied(&connection);
        let applied = tokio::time::timeout_at(deadline.into(), applied)
            .await
            .map_err(|_| Error::TimedOut(HEALTH_WAIT))?;
        Ok((applied?, migrations::newest()))
    }

    /// Why requests are not served yet, if they are not: the schema is not ready.
    pub fn obstacle(&self) -> Option<String> {
        self.shared.readiness.obstacle()
    }

    /// A connection from the pool, once the schema is ready.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is none within the settings' `wait`.
    pub async fn connection(&self) -> Result<Connection, Error> {
        self.connection_for(Instant::now()).await
    }

    /// The same for someone who has been waiting since `since`.
    pub async fn connection_for(&self, since: Instant) -> Result<Connection, Error> {
        let deadline = since + self.shared.settings.wait;
        self.shared.readiness.wait_until(deadline).await?;
        self.connection_before(deadline).await
    }

    async fn connection_before(&self, deadline: Instant) -> Result<Connection, Error> {
        loop {
            let reason = match self.checkout(deadline).await {
                Ok(connection) => return Ok(connection),
                Err(Checkout::Hopeless(reason)) => return Err(Error::Unavailable(reason)),
                Err(Checkout::Later(reason)) => reason,
            };
            if Instant::now() + RETRY_PAUSE >= deadline {
                return Err(Error::Unavailable(reason));
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn checkout(&self, deadline: Instant) -> Result<Connection, Checkout> {
        let Shared {
            pool,
            settings,
            connector,
            ..
        } = &*self.shared;
        let remaining = deadline.saturating_duration_since(Instant::now());
        let timeouts = Timeouts {
            wait: Some(remaining),
            create: Some(remaining),
            recycle: None,
        };
        match pool.timeout_get(&timeouts).await {
            Ok(object) => Ok(Connection::new(object, settings, connector.clone())),
            Err(PoolError::Timeout(TimeoutType::Create)) => Err(connector.out_of_time().into()),
            Err(error) => Err(error.into()),
        }
    }

    /// How the pool stands now.
    pub fn pool_use(&self) -> PoolUse {
        let status = self.shared.pool.status();
        PoolUse {
            in_use: status.size.saturating_sub(status.available),
            open: status.size,
            limit: self.shared.settings.pool_size,
            waiting: status.waiting,
        }
    }

    /// Ends the idle connections and gives no more out.
    pub fn close(&self) {
        self.shared.pool.close();
    }
}

/// How the pool stands.
#[derive(Clone, Copy, Debug)]
pub struct PoolUse {
    /// Connections that somebody holds.
    pub in_use: usize,
    /// Connections that are open.
    pub open: usize,
    /// Connections that may be open at most.
    pub limit: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

/// How long does preparing wait after the start? Until the readiness poll has its answer: the host
/// asks every 25 ms, and connecting at once makes that answer take half as long again.
const HEAD_START: Duration = Duration::from_millis(5);

/// How soon should a failed connect be tried again while a request waits? Soon enough that a
/// restart of the server is hardly felt, seldom enough not to hammer it.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How long may the health check wait for the database? Less than any probe's own patience.
const HEALTH_WAIT: Duration = Duration::from_secs(2);

/// Why there is no connection now, and whether waiting can help.
enum Checkout {
    Later(String),
    Hopeless(String),
}

impl From<ConnectorError> for Checkout {
    fn from(error: ConnectorError) -> Self {
        if error.may_pass() {
            Checkout::Later(error.to_string())
        } else {
            Checkout::Hopeless(error.to_string())
        }
    }
}

impl From<PoolError<ConnectorError>> for Checkout {
    fn from(error: PoolError<ConnectorError>) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Checkout::Later(
                "all connections of the pool are in use or being made; see DATABASE_POOL_SIZE"
                    .into(),
            ),
            PoolError::Closed => Checkout::Hopeless("this process is stopping".into()),
            other => Checkout::Later(other.to_string()),
        }
    }
}
