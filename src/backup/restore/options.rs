//! What may be chosen about a restore.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::error::RestoreError;
use pgarchive::BackupId;

/// How a backup is restored.
#[derive(Clone, Debug)]
pub struct Options {
    /// The restore's own id. Its time is part of the names of the databases that it makes.
    pub run: BackupId,
    /// What becomes of owners and grants.
    pub roles: Roles,
    /// Connections that load at once, from 1. An empty database that exists is filled in one
    /// transaction, which is one connection.
    pub jobs: usize,
    /// Whether a database that is not empty may be replaced. It keeps its content under another name.
    pub replace: bool,
    /// Whether what cannot be restored is left out, rather than that nothing is restored.
    pub go_on: bool,
    /// Whether all rows are read back and compared with the backup before the target changes.
    pub verify: bool,
    /// Whether a drill may run the backup's functions as a superuser.
    pub superusers: Superusers,
    /// How long the last step tries again where sessions cannot be ended.
    pub patience: Duration,
    /// What ends the restore early. What is incomplete is dropped then.
    pub bounds: Bounds,
}

/// What a drill does about a role that is a superuser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Superusers {
    /// It fails.
    Rejected,
    /// It restores, with all the rights that functions in the backup then have.
    Allowed,
}

/// What becomes of owners and grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// Everything belongs to whom it belonged to; every role must exist.
    Required,
    /// The same for the roles that exist. What belongs to others is the restoring role's.
    Available,
    /// As `pg_restore --no-owner --no-acl`: everything is the restoring role's.
    Ignored,
}

impl Options {
    /// The safe choices: one connection, owners and grants as they were, everything verified.
    pub fn new(run: BackupId) -> Options {
        Options {
            run,
            roles: Roles::Required,
            jobs: 1,
            replace: false,
            go_on: false,
            verify: true,
            superusers: Superusers::Rejected,
            patience: Duration::from_mins(1),
            bounds: Bounds::default(),
        }
    }
}

/// What ends work early: nothing, by default.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    stop: CancellationToken,
    end: Option<(Instant, Duration)>,
}

impl Bounds {
    /// The end of this time, from now on, or the cancellation of this token.
    pub fn within(limit: Duration, stop: CancellationToken) -> Bounds {
        Bounds {
            stop,
            end: Some((Instant::now() + limit, limit)),
        }
    }

    /// The cancellation of this token.
    pub fn until(stop: CancellationToken) -> Bounds {
        Bounds {
            stop,
            ..Bounds::default()
        }
    }

    /// Does `work` unless it is ended early. It is dropped then.
    pub(super) async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, RestoreError>>,
    ) -> Result<T, RestoreError> {
        let too_long = async {
            match self.end {
                Some((end, limit)) => {
                    sleep_until(end).await;
                    limit
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = work => done,
            () = self.stop.cancelled() => Err(RestoreError::Interrupted),
            limit = too_long => Err(RestoreError::TooLong(limit)),
        }
    }
}
