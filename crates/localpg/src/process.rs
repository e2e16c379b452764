//! What `/proc` says of a process, and how one ends it.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process that is not a corpse.
#[derive(Debug, PartialEq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    parent: u32,
}

impl Process {
    /// `None` when there is none, or it has ended and only waits for its parent to notice.
    pub(crate) fn find(id: u32) -> Option<Process> {
        parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// Whether `argument` is one of the words it was started with.
    pub(crate) fn has_argument(&self, argument: &Path) -> bool {
        let words = fs::read(format!("/proc/{}/cmdline", self.id)).unwrap_or_default();
        words
            .split(|byte| *byte == 0)
            .any(|word| word == argument.as_os_str().as_encoded_bytes())
    }

    /// Those it started and that still live.
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

    /// Sends a signal. A process that has gone meanwhile is what the caller wanted.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(id) = i32::try_from(self.id).ok().and_then(Pid::from_raw) {
            kill_process(id, signal).ok();
        }
    }
}

/// One line of `/proc/<id>/stat`: `id (name) state parent …`, where the name may hold spaces and
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
    fn a_name_with_brackets_does_not_confuse() {
        assert_eq!(
            parse("7 (a) Z (b) S 3 7 7"),
            Some(Process { id: 7, parent: 3 })
        );
    }

    #[test]
    fn a_zombie_is_no_process() {
        assert_eq!(parse("7 (postgres) Z 3 7 7"), None);
    }
}
