//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why there is no server. Each message says what happened, to what, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `PG_BINDIR` is set, and wrong.
    #[error(
        "PG_BINDIR is {0}, which does not hold `initdb` and `postgres`: correct it, or unset it"
    )]
    BinDir(PathBuf),

    /// No programs on this machine, and none to be had.
    #[error(
        "found no PostgreSQL and could not fetch one: {reason}. Install it with \
         `apt-get install --no-install-recommends postgresql`, or set PG_BINDIR to the folder of `initdb` and `postgres`"
    )]
    Fetch {
        /// What stood in the way, with what the tool said.
        reason: String,
    },

    /// There is nowhere to keep a person's data.
    #[error("there is no home folder to keep the data in: name a folder in MAGNUSAPI_DATA")]
    NoHome,

    /// Root needs another account to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither `postgres` nor `nobody`: add one of them"
    )]
    NoAccount,

    /// The account that the server runs as cannot get at a file.
    #[error(
        "PostgreSQL refuses to run as root and runs as {account} here, which may not enter {barrier} and so cannot \
         reach {path}: choose a place outside of {barrier}"
    )]
    Unreachable {
        /// The server's account.
        account: String,
        /// What it should reach.
        path: PathBuf,
        /// The first folder on the way (or the file itself) that is closed to it.
        barrier: PathBuf,
    },

    /// The folder for a durable cluster holds something else.
    #[error("{0} is not empty and holds no database of ours: choose a new or an empty folder")]
    Occupied(PathBuf),

    /// The cluster was made by another major version.
    #[error(
        "the data in {data} was made by PostgreSQL {made}, and here is {found}: install `postgresql-{made}` or set \
         PG_BINDIR to its programs, or move the folder away to begin anew"
    )]
    Version {
        /// The cluster's data folder.
        data: PathBuf,
        /// Its major version.
        made: u32,
        /// The major version of the programs at hand.
        found: u32,
    },

    /// A durable server is stopped by `flock`.
    #[error(
        "found no util-linux `flock` in PATH, which stops the server with its last user: install `util-linux`"
    )]
    NoFlock,

    /// `initdb` failed.
    #[error("could not make a new cluster in {data}: {output}")]
    Initdb {
        /// The folder it should have made.
        data: PathBuf,
        /// What it printed.
        output: String,
    },

    /// The server ended before it took connections, or took too long.
    #[error("PostgreSQL on {data} {what}; {log}")]
    Start {
        /// The cluster's data folder.
        data: PathBuf,
        /// Ended, or was too slow.
        what: String,
        /// The path and the last lines of its log.
        log: String,
    },

    /// A server that is about to stop, or a process that opens the same folder, takes too long.
    #[error(
        "waited {seconds} seconds for {what} in {folder}: look with `ps` what holds it up, and end that"
    )]
    Busy {
        /// The folder of the cluster.
        folder: PathBuf,
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },

    /// The short folder for the socket of a cluster with a long path is somebody else's.
    #[error(
        "{0} is to hold the server's socket and is not a folder of its account alone: remove it"
    )]
    SocketFolder(PathBuf),

    /// A server that was to listen has no port.
    #[error(
        "found no free port on 127.0.0.1 between 20000 and 32000: end some of the servers there"
    )]
    NoPort,

    /// A statement failed.
    #[error("`{statement}` failed: {output}")]
    Statement {
        /// The SQL.
        statement: String,
        /// What `psql` printed.
        output: String,
    },

    /// A program did not run at all.
    #[error("could not run {program}: {source}; check that it is installed and may be executed")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A file operation failed.
    #[error(
        "could not {action} {path}: {source}; check the folder's owner and free space, or choose another place"
    )]
    File {
        /// A verb: `create`, `lock`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err` after a file operation.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// After waiting in vain.
    pub(crate) fn busy(folder: &Path, what: &'static str, waited: Duration) -> Error {
        Error::Busy {
            folder: folder.to_owned(),
            what,
            seconds: waited.as_secs(),
        }
    }

    /// For `map_err` after a program was to be started.
    pub(crate) fn run(program: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Run {
            program: program.to_owned(),
            source,
        }
    }
}
