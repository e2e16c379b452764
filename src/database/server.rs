//! Connections of one's own, beside any pool: for long work on one snapshot, and for its rows.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use tokio::sync::mpsc::Sender;
use tokio_postgres::{CancelToken, Client, SimpleQueryMessage};

use super::connector::{Connector, ConnectorError};
use super::settings::Settings;
use super::tap::Outlet;
use super::{Error, server_message};

/// A server and a database on it. Clones share its TLS settings and tokens.
#[derive(Clone)]
pub struct Server {
    connector: Connector,
}

/// A connection of one's own. When it is dropped, it ends, and the statement that runs on it.
pub struct Session {
    client: ClientWrapper,
    outlet: Outlet,
    connector: Connector,
}

/// Ends what runs on a [`Session`], from anywhere.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    connector: Connector,
}

/// Why a COPY did not give all its rows.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The server rejected the statement, cancelled it, or has gone.
    #[error("{}", server_message(.0))]
    Failed(#[from] tokio_postgres::Error),
    /// The receiver of the rows left, from this COPY or from an earlier one of the session.
    #[error("the rows were not taken to their end")]
    Untaken,
    /// The rows that came are not the rows that the server sent.
    #[error(
        "the server sent {said} rows and {came} came; if it happens again, something between this \
         program and PostgreSQL changes what it sends"
    )]
    Incomplete { came: u64, said: u64 },
}

impl Server {
    /// The server and the database of these settings. Nothing is sent yet.
    pub fn new(settings: &Settings) -> Server {
        Server {
            connector: Connector::new(settings),
        }
    }

    /// A new connection.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is none within the settings' `connect_timeout`.
    pub async fn connect(&self) -> Result<Session, Error> {
        let connected = self.session(None).await;
        connected.map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// The same to another database of the server; `None` when it has none of this name.
    pub async fn connect_to(&self, database: &str) -> Result<Option<Session>, Error> {
        match self.session(Some(database)).await {
            Ok(session) => Ok(Some(session)),
            Err(error) if error.says_no_such_database() => Ok(None),
            Err(error) => Err(Error::Unavailable(error.to_string())),
        }
    }

    async fn session(&self, database: Option<&str>) -> Result<Session, ConnectorError> {
        let outlet = Outlet::default();
        let client = self.connector.connect_tapped(database, &outlet).await?;
        Ok(Session {
            client,
            outlet,
            connector: self.connector.clone(),
        })
    }
}

impl Session {
    /// Runs a `COPY … TO STDOUT` and sends its rows to `rows` as they come from the server: as
    /// `CopyData` messages of one row each, with their headers, many in a chunk, cut anywhere. While
    /// `rows` is full, the server waits. Returns how many there were, and drops `rows` before it does.
    ///
    /// Dropped before its end, or left by the receiver of the rows, it leaves a session that takes no
    /// further COPY. The statement ends when the session is dropped.
    ///
    /// # Errors
    /// Only after `Ok` are the rows that came all there are.
    pub async fn copy_out(&self, sql: &str, rows: Sender<Bytes>) -> Result<u64, CopyError> {
        let outlet = self.outlet.open(rows.clone()).ok_or(CopyError::Untaken)?;
        let done = tokio::select! {
            done = self.client.simple_query(sql) => done,
            () = rows.closed() => return Err(CopyError::Untaken),
        };
        let came = outlet.close();
        let said = match done?.as_slice() {
            [SimpleQueryMessage::CommandComplete(said)] => *said,
            _ => 0,
        };
        if came != said {
            return Err(CopyError::Incomplete { came, said });
        }
        Ok(said)
    }

    /// The server's warnings about GRANT and REVOKE that had no effect, since the last call. The server warns, and
    /// does not fail, if the role has some right on the object and none to grant it.
    pub fn ineffective_grants(&self) -> Vec<String> {
        self.outlet.ineffective()
    }

    /// A handle that ends this connection's statement while another task waits for it.
    pub fn canceller(&self) -> Canceller {
        Canceller {
            token: self.client.cancel_token(),
            connector: self.connector.clone(),
        }
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Canceller {
    /// Asks the server to end the statement. After this returns, the statement fails, unless it has ended
    /// before.
    pub async fn cancel(&self) {
        self.connector.cancel_tapped(self.token.clone()).await;
    }
}
