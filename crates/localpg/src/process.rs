//! Processes in `/proc`, and signals to them.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process that has not ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    parent: u32,
}

impl Process {
    /// `None` if there is none, or if it is a zombie.
    pub(crate) fn find(id: u32) -> Option<Process> {
        parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// Whether its command line contains `argument`.
    pub(crate) fn has_argument(&self, argument: &Path) -> bool {
        let words = fs::read(format!("/proc/{}/cmdline", self.id)).unwrap_or_default();
        words
            .split(|byte| *byte == 0)
            .any(|word| word == argument.as_os_str().as_encoded_bytes())
    }

    pub(crate) fn children(&self) -> Vec<Process> {
        let names = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name());
        let ids = names.filter_map(|name| name.to_str()?.parse().ok());
        ids.filter_map(Process::find)
            .filter(|process| process.parent == self.id)
            .collect()
    }

    /// Sends a signal. A process that has ended is not an error.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(id) = i32::try_from(self.id).ok().and_then(Pid::from_raw) {
            kill_process(id, signal).ok();
        }
    }
}

/// One line of `/proc/<id>/stat`: `id (name) state parent …`, where the name may contain spaces and
/// brackets.
fn parse(stat: &str) -> Option<Process> {
    let (id, rest) = stat.split_once(" (")?;
    let mut fields = rest.rsplit_once(") ")?.1.split(' ');
    let ended = matches!(fields.next()?, "Z" | "X");
    let process = Process {
        id: id.parse().ok()?,
        parent: fields.next()?.parse().ok()?,
    };
    (!ended).then_some(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_are_parsed() {
        assert_eq!(
            parse("7 (a) Z (b) S 3 7 7"),
            Some(Process { id: 7, parent: 3 })
        );
    }

    #[test]
    fn zombies_are_not_processes() {
        assert_eq!(parse("7 (postgres) Z 3 7 7"), None);
    }
}
