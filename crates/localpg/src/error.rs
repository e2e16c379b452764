//! The one error of this crate.

use std::io;
use std::path::Path;
use std::time::Duration;

/// Why the server does not run, and the remedy, as a text for a person. Callers do not distinguish reasons.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub(crate) String);

impl Error {
    /// For `map_err` after a file operation. `action` is a verb.
    pub(crate) fn file(action: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| {
            Error(format!(
                "could not {action} {}: {source}; check the folder's owner and free space, or choose another place",
                path.display()
            ))
        }
    }

    /// For an event that did not happen within `waited` in the folder of a cluster.
    pub(crate) fn busy(folder: &Path, event: &str, waited: Duration) -> Error {
        let (folder, seconds) = (folder.display(), waited.as_secs());
        Error(format!(
            "waited {seconds} seconds for {event} in {folder}: find the process that uses the folder with `ps`, and end it"
        ))
    }

    /// For `map_err` after the start of a program.
    pub(crate) fn run(program: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| {
            Error(format!(
                "could not run {}: {source}; check that it is installed and may be executed",
                program.display()
            ))
        }
    }

    /// For programs that are neither found nor fetched. `reason` has the output of the tool.
    pub(crate) fn fetch(reason: &str) -> Error {
        Error(format!(
            "found no PostgreSQL and could not fetch one: {reason}. Install it with \
             `apt-get install --no-install-recommends postgresql`, or set PG_BINDIR to the folder of `initdb` and \
             `postgres`"
        ))
    }
}
