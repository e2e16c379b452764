//! What may be chosen about a restore.

use std::time::Duration;

/// How a backup is restored.
#[derive(Clone, Debug)]
pub struct Options {
    /// This restore's own id, `<UTC time>-<8 hexadecimal digits>`: what is set aside or not finished
    /// bears it in its name.
    pub id: String,
    /// What becomes of owners and grants.
    pub roles: Roles,
    /// Connections that load at once, from 1. More than one needs a database that does not exist
    /// yet: one transaction is one connection.
    pub jobs: usize,
    /// Whether a database that holds something already may be replaced.
    pub replace: bool,
    /// Whether what was replaced stays, in schemas of other names.
    pub keep_old: bool,
    /// Whether all rows are read back and compared with the backup before anything is committed.
    pub verify: bool,
    /// Whether a trial compares all definitions too.
    pub definitions: Definitions,
    /// How long a trial may take; without it, as long as it does.
    pub limit: Option<Duration>,
    /// How long a replacement tries for the moment in which nobody uses the old tables.
    pub patience: Duration,
}

/// What a trial does about definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definitions {
    /// They are taken as they are: another program's archive says the same in other words.
    Taken,
    /// The restored ones are compared with the archive's.
    Compared,
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
    /// The safe choices: one transaction, owners and grants as they were, everything verified.
    pub fn new(id: impl Into<String>) -> Options {
        Options {
            id: id.into(),
            roles: Roles::Required,
            jobs: 1,
            replace: false,
            keep_old: false,
            verify: true,
            definitions: Definitions::Taken,
            limit: None,
            patience: Duration::from_mins(2),
        }
    }
}
