//! PostgreSQL: a pool that heals by itself, TLS, passwords or Entra tokens, and migrations.
//!
//! [`Database::open`] returns at once, so that the server can bind and answer first; connecting
//! and migrating go on behind it. Features call [`Database::read`] and [`Database::write`], which
//! wait for the schema and a connection, run the statement, and attempt it again where that is
//! safe. A request has one [`Deadline`] for all of this.
//!
//! Deadlines are kept on this side, with a cancel request to the server, and not by
//! `statement_timeout`: session settings do not survive a PgBouncer in transaction mode.

mod address;
mod addresses;
mod attempts;
mod closing;
mod connection;
mod connector;
mod deadline;
mod error;
mod instant;
mod link;
mod lock;
mod migrations;
mod readiness;
mod rejections;
mod server;
mod settings;
mod state;
mod tap;
mod tls;
mod tls_options;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Pool, PoolError, TimeoutType, Timeouts};

pub use address::{Address, AddressError};
pub use closing::closed;
pub use connection::{Connection, Statement, Transaction};
pub use deadline::Deadline;
pub use error::Error;
pub(crate) use error::server_message;
pub(crate) use instant::instant;
pub use lock::Lock;
pub use migrations::{MigrationError, SchemaVersion};
pub use server::{Canceller, CopyError, Server, Session};
pub use settings::{Authentication, Origin, Settings, SettingsError};
pub use state::State;

use connector::{Connector, ConnectorError};
use deadline::Limits;
use readiness::Readiness;

/// A handle to the database. Clones share one pool.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
    access: Arc<Access>,
}

/// One way to the database: for the requests, or for what watches over them.
struct Access {
    pool: Pool<Connector>,
    limits: Limits,
}

struct Shared {
    settings: Settings,
    connector: Connector,
    readiness: Readiness,
    /// Whether this process brings the schema to its version, and does so again when it must.
    migrates: AtomicBool,
}

impl Database {
    /// A handle whose connections come later; nothing is sent yet.
    pub fn open(settings: Settings) -> Database {
        let connector = Connector::new(&settings);
        let limits = Limits {
            wait: settings.wait,
            statement: settings.statement_timeout,
            whole: settings.wait + settings.statement_timeout,
        };
        Database {
            access: Access::new(&connector, settings.pool_size, limits),
            shared: Arc::new(Shared {
                settings,
                connector,
                readiness: Readiness::new(),
                migrates: AtomicBool::new(false),
            }),
        }
    }

    /// The same database through one connection beside the pool, for work of at most two seconds:
    /// the health checks. Requests that fill the pool cannot keep them from it.
    #[must_use]
    pub fn beside_the_pool(&self) -> Database {
        let limits = Limits {
            wait: HEALTH_LIMIT,
            statement: HEALTH_LIMIT,
            whole: HEALTH_LIMIT,
        };
        Database {
            shared: self.shared.clone(),
            access: Access::new(&self.shared.connector, 1, limits),
        }
    }

    /// Migrates in the background until it succeeds, and lets waiting requests go on then.
    pub fn prepare_in_background(&self) {
        self.shared.migrates.store(true, Ordering::Relaxed);
        self.spawn_prepare();
    }

    /// Migrates again, because the database turned out to lack something that the migrations make:
    /// it was set back to an earlier day. Requests wait for it. A process that does not migrate, or
    /// that has just found the schema complete, does nothing.
    pub fn prepare_again(&self, reason: &str) {
        let Shared {
            migrates,
            readiness,
            ..
        } = &*self.shared;
        // A database that is being prepared, for whatever reason, is on its way.
        if migrates.load(Ordering::Relaxed) && readiness.begin_again(reason) {
            log::warn!("migrating the database again: {reason}");
            self.spawn_prepare();
        }
    }

    fn spawn_prepare(&self) {
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

    /// Why requests are not served yet, if they are not: the schema is not ready.
    pub fn obstacle(&self) -> Option<String> {
        self.shared.readiness.obstacle()
    }

    /// The deadline of a request that starts now.
    pub fn deadline(&self) -> Deadline {
        Deadline::start(self.access.limits)
    }

    /// A connection from the pool, once the schema is ready.
    async fn connection(&self, deadline: Deadline) -> Result<Connection, Error> {
        self.shared
            .readiness
            .wait_until(deadline.connected())
            .await?;
        self.connection_to_any_schema(deadline).await
    }

    async fn connection_to_any_schema(&self, deadline: Deadline) -> Result<Connection, Error> {
        loop {
            let reason = match self.checkout(deadline).await {
                Ok(connection) => return Ok(connection),
                Err(Checkout::Hopeless(reason)) => return Err(Error::Unavailable(reason)),
                Err(Checkout::Later(reason)) => reason,
            };
            if Instant::now() + RETRY_PAUSE >= deadline.connected() {
                return Err(Error::Unavailable(reason));
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// One attempt. The pool would allow the whole of a timeout to the wait for a place and again to
    /// the making of a connection, so it gets the first, and this side keeps the time for both.
    async fn checkout(&self, deadline: Deadline) -> Result<Connection, Checkout> {
        let Shared {
            settings,
            connector,
            ..
        } = &*self.shared;
        let remaining = deadline
            .connected()
            .saturating_duration_since(Instant::now());
        let timeouts = Timeouts {
            wait: Some(remaining.saturating_sub(TO_TELL_WHICH)),
            create: None,
            recycle: None,
        };
        match tokio::time::timeout(remaining, self.access.pool.timeout_get(&timeouts)).await {
            Ok(Ok(object)) => {
                let prepared_statements = settings.prepared_statements;
                Ok(Connection::new(object, prepared_statements, deadline))
            }
            Ok(Err(PoolError::Timeout(TimeoutType::Wait))) => Err(Checkout::Later(format!(
                "busy: all {} connections of the pool are in use or being made; see \
                 DATABASE_POOL_SIZE",
                self.pool_use().limit
            ))),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(connector.out_of_time().into()),
        }
    }

    /// Closes the idle connections. What ended one of the pool, a restart say, has probably ended the
    /// others too, and each of them would fail another request.
    fn forget_idle_connections(&self) {
        self.access.pool.retain(|_, _| false);
    }

    /// How the pool stands now.
    pub fn pool_use(&self) -> PoolUse {
        let status = self.access.pool.status();
        PoolUse {
            in_use: status.size.saturating_sub(status.available),
            open: status.size,
            limit: status.max_size,
            waiting: status.waiting,
        }
    }

    /// Ends the idle connections and gives no more out.
    pub fn close(&self) {
        self.access.pool.close();
    }
}

impl Access {
    fn new(connector: &Connector, connections: usize, limits: Limits) -> Arc<Access> {
        let pool = Pool::builder(connector.clone())
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is named, which is all that can be missing");
        Arc::new(Access { pool, limits })
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

/// Less than any probe's own patience.
const HEALTH_LIMIT: Duration = Duration::from_secs(2);

/// The wait for a place in the pool ends so much before the deadline, so that an error can name a
/// full pool apart from a server that does not answer.
const TO_TELL_WHICH: Duration = Duration::from_millis(10);

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
            PoolError::Closed => Checkout::Hopeless("this process is stopping".into()),
            other => Checkout::Later(other.to_string()),
        }
    }
}
