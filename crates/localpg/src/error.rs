//! The errors, each with its remedy.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The reason for which there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(
        "PG_BINDIR is {0}, which does not contain `initdb` and `postgres`: correct it, or unset it"
    )]
    BinDir(PathBuf),

    #[error(
        "found no PostgreSQL and could not fetch one: {reason}. Install it with \
         `apt-get install --no-install-recommends postgresql`, or set PG_BINDIR to the folder of `initdb` and `postgres`"
    )]
    Fetch {
        /// The failure, with the output of the tool.
        reason: String,
    },

    #[error("there is no home folder for the data: name a folder in MAGNUSAPI_DATA")]
    NoHome,

    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither `postgres` nor `nobody`: add one of them"
    )]
    NoAccount,

    #[error(
        "PostgreSQL refuses to run as root and runs as {account} here, which may not enter {barrier} and so cannot \
         reach {path}: choose a place outside of {barrier}"
    )]
    Unreachable {
        account: String,
        /// The file that it needs.
        path: PathBuf,
        /// The first folder of the path, or the file, that it may not enter.
        barrier: PathBuf,
    },

    #[error(
        "{0} is not empty and has no database of this program: choose a new or an empty folder"
    )]
    Occupied(PathBuf),

    #[error(
        "the data in {data} was made by PostgreSQL {made}, and here is {found}: install `postgresql-{made}` or set \
         PG_BINDIR to its programs, or move the folder away for a new database"
    )]
    Version {
        data: PathBuf,
        /// Its major version.
        made: u32,
        /// The major version of the programs on this machine.
        found: u32,
    },

    #[error(
        "found no util-linux `flock` in PATH, which stops the server with its last user: install `util-linux`"
    )]
    NoFlock,

    #[error("could not make a new cluster in {data}: {output}")]
    Initdb {
        /// The folder of the new cluster.
        data: PathBuf,
        /// Its stderr.
        output: String,
    },

    #[error("PostgreSQL on {data} {problem}; {log}")]
    Start {
        data: PathBuf,
        /// The rest of a sentence about the server.
        problem: String,
        /// The path and the last lines of its log.
        log: String,
    },

    #[error(
        "waited {seconds} seconds for {event} in {folder}: find the process that uses the folder with `ps`, and end it"
    )]
    Busy {
        /// The folder of the cluster.
        folder: PathBuf,
        /// The event that did not happen.
        event: &'static str,
        seconds: u64,
    },

    #[error(
        "{0} is the folder for the server's socket, but other accounts can enter it: remove it"
    )]
    SocketFolder(PathBuf),

    #[error(
        "found no free port on 127.0.0.1 between 20000 and 32000: end some of the servers there"
    )]
    NoPort,

    #[error("`{statement}` failed: {output}")]
    Statement {
        statement: String,
        /// The stderr of `psql`.
        output: String,
    },

    #[error("could not run {program}: {source}; check that it is installed and may be executed")]
    Run { program: PathBuf, source: io::Error },

    #[error(
        "could not {action} {path}: {source}; check the folder's owner and free space, or choose another place"
    )]
    File {
        /// A verb: `create`, `lock`.
        action: &'static str,
        path: PathBuf,
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

    /// For an event that did not happen within `waited`.
    pub(crate) fn busy(folder: &Path, event: &'static str, waited: Duration) -> Error {
        Error::Busy {
            folder: folder.to_owned(),
            event,
            seconds: waited.as_secs(),
        }
    }

    /// For `map_err` after the start of a program.
    pub(crate) fn run(program: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Run {
            program: program.to_owned(),
            source,
        }
    }
}
