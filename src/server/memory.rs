//! The number of connections for which the memory suffices.
//!
//! A process that needs more memory than it may have ends with all its requests. The memory of each connection is
//! bounded, so a bound for their number keeps requests from ending the process.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

/// Maximum memory of a connection: the head and the body of a request, a page, and their allocations.
const CONNECTION: u64 = 410 * 1024;

/// Connections get one part of this many. The others are for the Functions host, which may share the memory,
/// for listings and for backups.
const PARTS: u64 = 4;

/// The memory in bytes, and the number of connections for it. `None` if the system names no limit.
pub(super) fn allowed() -> Option<(u64, usize)> {
    let memory = limit()?;
    let connections = usize::try_from(memory / PARTS / CONNECTION).unwrap_or(usize::MAX);
    Some((memory, connections))
}

/// The smallest limit of this process, of its control groups, and of the machine.
fn limit() -> Option<u64> {
    let process = [Resource::Data, Resource::As].map(|it| getrlimit(it).current);
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let groups = group_files(&groups).filter_map(|file| number(&read(file)?));
    let machine = read("/proc/meminfo").and_then(|it| machine(&it));
    let limits = process.into_iter().flatten().chain(groups);
    limits.chain(machine).min()
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The files with the limits of the control groups in `/proc/self/cgroup`, and of those above them. In a container
/// the group may be the root of what the process sees.
fn group_files(groups: &str) -> impl Iterator<Item = PathBuf> {
    let files = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, group) = rest.split_once(':')?;
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        let groups = Path::new(group.trim_start_matches('/')).ancestors();
        Some(groups.map(move |group| Path::new(root).join(group).join(file)))
    });
    files.flatten()
}

/// A group without a limit has the word `max`, or a number beyond all memory.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn machine(text: &str) -> Option<u64> {
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(number(total.trim_end_matches("kB"))? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_a_control_group_and_of_those_above_it_are_read() {
        let files = |groups| {
            let files = group_files(groups).map(|file| file.display().to_string());
            files.collect::<Vec<_>>()
        };
        assert_eq!(
            files("0::/a/b\n"),
            [
                "/sys/fs/cgroup/a/b/memory.max",
                "/sys/fs/cgroup/a/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            files("5:cpu:/x\n4:memory:/x\n"),
            [
                "/sys/fs/cgroup/memory/x/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
        assert_eq!(files("no groups"), [""; 0]);
        assert_eq!(
            (number("max\n"), number("1073741824\n")),
            (None, Some(1 << 30))
        );
        let meminfo = "MemTotal:        2048 kB\nMemFree:  1 kB\n";
        assert_eq!(machine(meminfo), Some(2 << 20));
    }
}
