//! The choices of a restore.

use std::time::Duration;

use clap::ValueEnum;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::error::RestoreError;
use pgarchive::BackupId;

/// How a backup is restored.
#[derive(Clone, Debug)]
pub struct Options {
    /// The restore's own id. Its time is part of the names of the databases that it makes.
    pub run: BackupId,
    /// The owners and grants to restore.
    pub roles: Roles,
    /// Connections that load, index and compare, from 1. An empty database that exists is filled in one
    /// transaction, which is one connection.
    pub jobs: usize,
    /// Whether a database that is not empty may be replaced. It keeps its content under another name.
    pub replace: bool,
    /// Whether to skip objects that cannot be restored, rather than fail.
    pub go_on: bool,
    /// Whether to read all rows back and to compare them with the backup, before the target changes.
    pub verify: bool,
    /// Whether a drill may run the backup's functions as a superuser.
    pub superusers: Superusers,
    /// The time in which the rename is tried again while sessions use the target.
    pub rename_limit: Duration,
    /// The limits that end the restore early. The temporary database is dropped then. A rename that waits for
    /// sessions is not tried again.
    pub bounds: Bounds,
}

/// How a drill treats a role that is a superuser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Superusers {
    Rejected,
    /// It restores, with all the rights that functions in the backup then have.
    Allowed,
}

/// The owners and grants to restore, also as the values of `--roles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Roles {
    /// Restore all of them; every role must exist
    Required,
    /// Restore those of roles that exist; the restoring role owns the rest
    Available,
    /// Restore none of them; the restoring role owns everything
    Ignored,
}

impl Options {
    /// The safe choices: one connection, all owners and grants, everything verified.
    pub fn new(run: BackupId) -> Options {
        Options {
            run,
            roles: Roles::Required,
            jobs: 1,
            replace: false,
            go_on: false,
            verify: true,
            superusers: Superusers::Rejected,
            rename_limit: Duration::from_mins(1),
            bounds: Bounds::default(),
        }
    }
}

/// The limits that end work early; none by default.
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
        Bounds { stop, end: None }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Does `work`, and drops it where a limit is reached.
    pub(super) async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, RestoreError>>,
    ) -> Result<T, RestoreError> {
        let limit = async {
            let Some((end, limit)) = self.end else {
                return std::future::pending().await;
            };
            sleep_until(end).await;
            limit
        };
        tokio::select! {
            done = work => done,
            () = self.stop.cancelled() => Err(RestoreError::Interrupted),
            limit = limit => Err(RestoreError::TooLong(limit)),
        }
    }
}
