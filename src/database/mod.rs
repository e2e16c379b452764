//! PostgreSQL: a pool that heals by itself, TLS, passwords or Entra tokens, and migrations.
//!
//! [`Database::open`] returns at once, so that the server can bind and respond first; connecting
//! and migrating go on in the background. Features call [`Database::read`] and [`Database::write`], which
//! wait for the schema and a connection, run the statement, and attempt it again where that is
//! safe. A request has one [`Deadline`] for all of this.
//!
//! Deadlines are kept on this side, with a cancel request to the server.

mod address;
mod addresses;
mod attempts;
mod closing;
mod connection;
mod connector;
mod deadline;
mod error;
mod link;
mod lock;
mod migrations;
mod parameter;
mod pool;
mod readiness;
mod rejections;
mod server;
mod settings;
mod shared;
mod state;
mod tap;
mod tls;
mod tls_options;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use address::Address;
pub use closing::closed;
pub use connection::{Connection, Transaction};
pub use deadline::Deadline;
pub use error::Error;
pub(crate) use error::server_message;
pub use lock::Lock;
pub use migrations::{MigrationError, SchemaVersion};
pub use parameter::Parameter;
pub use pool::PoolUse;
pub use server::{Canceller, CopyError, Server, Session};
pub use settings::{Authentication, Origin, Settings};
pub use state::State;

use connector::Connector;
use deadline::Limits;
use pool::Pool;
use readiness::Readiness;
use shared::{Reader, SharedConnections};

use crate::telemetry::Distribution;

/// A handle to the database. Clones share one pool.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
    access: Arc<Access>,
}

/// One way to the database: for the requests, or for what watches over them.
struct Access {
    pool: Pool,
    limits: Limits,
}

struct Shared {
    settings: Settings,
    connector: Connector,
    /// Beside the pool, for [`Database::read_each`].
    readers: SharedConnections,
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
                readers: SharedConnections::new(&connector, settings.prepared_statements),
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

    /// Migrates in the background until it succeeds. Waiting requests go on then.
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
        let mut reported = String::new();
        loop {
            match self.migrate().await {
                Ok(version) => {
                    log::info!(schema = version.0; "the database is ready");
                    return self.shared.readiness.ready();
                }
                Err(error) => {
                    let reason = error.to_string();
                    if reason != reported {
                        log::error!("the database is not ready: {reason}");
                        reported.clone_from(&reason);
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
        let object = self.access.pool.get(deadline.connected()).await?;
        let prepared_statements = self.shared.settings.prepared_statements;
        Ok(Connection::new(object, prepared_statements, deadline))
    }

    /// The connection that reads share, once the schema is ready.
    async fn reader(&self, deadline: Deadline) -> Result<Reader<'_>, Error> {
        self.shared
            .readiness
            .wait_until(deadline.connected())
            .await?;
        self.shared.readers.join(deadline).await
    }

    /// Closes the idle connections. A restart of the server, say, ended one of the pool. It probably ended
    /// the others too, and each of them would fail another request.
    fn forget_idle_connections(&self) {
        self.access.pool.close_idle();
    }

    /// The use of the pool. The connection that reads share is not part of it.
    pub fn pool_use(&self) -> PoolUse {
        self.access.pool.usage()
    }

    /// How long callers have waited for a connection of the pool, in microseconds between the bounds of
    /// [`TIMES`](crate::telemetry::TIMES).
    pub fn pool_waits(&self) -> Distribution {
        self.access.pool.waits()
    }

    /// Ends the idle connections and gives no more out.
    pub fn close(&self) {
        self.access.pool.close();
        self.shared.readers.close();
    }
}

impl Access {
    fn new(connector: &Connector, connections: usize, limits: Limits) -> Arc<Access> {
        let busy = "see DATABASE_POOL_SIZE";
        let pool = Pool::new(connector.clone(), connections, busy);
        Arc::new(Access { pool, limits })
    }
}

/// Preparing begins after the readiness poll has its response: the host polls every 25 ms, and
/// connecting at once makes that response take half as long again.
const HEAD_START: Duration = Duration::from_millis(5);

/// Shorter than the time limit of any prober.
const HEALTH_LIMIT: Duration = Duration::from_secs(2);
