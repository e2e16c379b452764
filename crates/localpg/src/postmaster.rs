//! A server's state, from its `postmaster.pid`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::Process;
use crate::{Error, wait};

/// A running server: its first process, and the folder of its socket.
#[derive(Debug, PartialEq)]
pub(crate) struct Postmaster {
    pub(crate) id: u32,
    /// Chosen by the process that started the server; this process might choose another.
    pub(crate) socket_folder: PathBuf,
    /// It accepts connections. It starts, recovers or stops otherwise.
    pub(crate) ready: bool,
}

impl Postmaster {
    /// The server on `data`. After a crash, the file names a process that has ended, or that is another program now.
    pub(crate) fn find(data: &Path) -> Option<Postmaster> {
        let postmaster = parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)?;
        Process::find(postmaster.id)?
            .has_argument(data)
            .then_some(postmaster)
    }

    /// Waits until process `id` accepts connections on `data`. The error quotes the end of `log`.
    pub(crate) fn await_ready(
        data: &Path,
        id: u32,
        log: &Path,
        limit: Duration,
    ) -> Result<(), Error> {
        let ended = wait::until(limit, || {
            let ready =
                Postmaster::find(data).is_some_and(|server| server.id == id && server.ready);
            let ended = Process::find(id).is_none();
            (ready || ended).then_some(ended)
        });
        let problem = match ended {
            Some(false) => return Ok(()),
            Some(true) => "ended before it accepted connections".to_owned(),
            None => format!("accepted no connections within {} seconds", limit.as_secs()),
        };
        let (data, log) = (data.display(), last_lines(log));
        Err(Error(format!("PostgreSQL on {data} {problem}; {log}")))
    }
}

/// Lines 1, 5 and 8 of the file are process, socket folder and state. A starting server has not written all of them.
fn parse(file: &str) -> Option<Postmaster> {
    let line = |number: usize| file.lines().nth(number - 1).map(str::trim);
    Some(Postmaster {
        id: line(1)?.parse().ok()?,
        socket_folder: line(5).unwrap_or_default().into(),
        ready: line(8) == Some("ready"),
    })
}

/// The path of the log, and its last ten lines.
fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(10)..].join("\n  ");
    format!("its log, {}, ends with:\n  {last}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "12\n/data\n1700000000\n5432\n/sockets\n\n  5432001     98306\nready   \n";

    #[test]
    fn complete_file_means_a_server_that_is_ready() {
        assert_eq!(
            parse(FILE),
            Some(Postmaster {
                id: 12,
                socket_folder: "/sockets".into(),
                ready: true
            })
        );
    }

    #[test]
    fn every_other_state_is_not_ready() {
        for state in ["starting", "stopping", "standby ", "        "] {
            assert!(
                !parse(&FILE.replace("ready   ", state))
                    .expect("a process is named")
                    .ready,
                "{state}"
            );
        }
    }

    #[test]
    fn incomplete_file_means_a_server_that_is_not_ready() {
        assert!(!parse("12\n/data\n").expect("a process is named").ready);
        assert_eq!(parse(""), None);
    }
}
