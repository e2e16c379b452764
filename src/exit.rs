//! The exit codes, and the failures of verbs. Scripts branch on the codes, so a code keeps its meaning.

use std::io;
use std::process::ExitCode;

use thiserror::Error;

use crate::database::{self, MigrationError};
use crate::environment::SettingError;

/// The result of the program for the process that started it, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Done,
    Degraded,
    NothingToDo,
    Refused,
    Failed,
    Interrupted,
    /// By a second signal, so that nothing was cleaned up.
    InterruptedAtOnce,
    Usage,
    /// Some hosts treat a handler that exited with 0 as running; every host restarts a handler that exited with
    /// 200, and does not count this as a crash.
    StoppedUnderAHost,
}

/// For the help of each verb.
pub(crate) const HELP: &str = "Exit codes:
  0    done: also a server that SIGTERM or SIGINT ended
  1    failed: the last line on stderr has the reason and the remedy
  2    wrong usage: the command line or a setting is invalid, or a setting is missing
  3    degraded: done, except for the objects that the output lists
  4    nothing to do: there is no hold to release
  5    refused: a rule, the store or another run does not allow it
  6    interrupted: SIGINT or SIGTERM ended the verb
  200  stopped under a Functions host, which then starts the program again";

impl Exit {
    /// The code of a command with several results: that of the worst.
    #[must_use]
    pub(crate) fn worst(all: impl IntoIterator<Item = Exit>) -> Exit {
        all.into_iter().max().unwrap_or(Exit::Done)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Degraded => 3,
            Exit::NothingToDo => 4,
            Exit::Refused => 5,
            Exit::Interrupted | Exit::InterruptedAtOnce => 6,
            Exit::StoppedUnderAHost => 200,
        })
    }
}

/// Why a verb failed: a text for the operator, and a code for scripts.
#[derive(Debug, Error)]
#[error("{text}")]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Failure {
        Failure {
            text: text.into(),
            exit,
        }
    }

    /// The command line or a setting is wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, text)
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Failure {
        Failure::usage(error.to_string())
    }
}

/// Of what every verb needs before its work: threads, signals, the log.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::new(Exit::Failed, format!("cannot start the program: {error}"))
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Failure {
        Failure::new(Exit::Failed, error.to_string())
    }
}

impl From<database::Error> for Failure {
    fn from(error: database::Error) -> Failure {
        Failure::new(Exit::Failed, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_worse_than_a_degraded_result() {
        assert_eq!(Exit::worst([Exit::Degraded, Exit::Failed]), Exit::Failed);
        assert_eq!(Exit::worst([Exit::Done, Exit::Degraded]), Exit::Degraded);
        assert_eq!(Exit::worst([]), Exit::Done);
    }
}
