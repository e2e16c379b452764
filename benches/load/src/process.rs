//! Programs that run to their end, and running processes in `/proc`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use tokio::process::Command;

/// Runs `command` with the stdout and stderr of this process.
pub(crate) async fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.kill_on_drop(true).status().await;
    let status = status.map_err(|error| not_started(command, &error))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs `command` and returns its stdout, trimmed.
pub(crate) async fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.kill_on_drop(true).stdin(Stdio::null()).output();
    let output = output.await.map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` ended with {}: {}",
            line(command),
            output.status,
            message.trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as one line, its program without the folder, as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let command = command.as_std();
    let program = Path::new(command.get_program());
    std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The error for a `command` that did not start.
pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let program = command.as_std().get_program().display();
    match error.kind() {
        ErrorKind::NotFound => anyhow!("`{program}` was not found: install it, or put it on PATH"),
        _ => anyhow!("`{program}` could not be started: {error}"),
    }
}

/// A process and its descendants.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, stat(id)?.parent))).collect();
    let mut tree = vec![root];
    let mut next = 0;
    while next < tree.len() {
        let children = parents.iter().filter(|(_, parent)| *parent == tree[next]);
        tree.extend(children.map(|(id, _)| *id).collect::<Vec<_>>());
        next += 1;
    }
    tree
}

/// User and system time of a process and of all its descendants, in steps of 10 ms for each. A descendant that has
/// ended counts if its parent waited for it. The process itself may have ended, if it was not reaped.
pub(crate) fn processor_time(root: u32) -> anyhow::Result<Duration> {
    stat(root).with_context(|| format!("process {root} is gone"))?;
    let stats = tree(root).into_iter().filter_map(stat);
    let ticks: u64 = stats.map(|it| it.ticks + it.children_ticks).sum();
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(ticks * 1000 / per_second))
}

/// User and system time of this process alone.
pub(crate) fn own_processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it is not negative")
}

/// The same command on these cores alone, as taskset lists them: `0-1`.
pub(crate) fn on_cores(cores: &str, command: &Command) -> Command {
    let command = command.as_std();
    let mut pinned = Command::new("taskset");
    pinned
        .args(["--cpu-list", cores])
        .arg(command.get_program());
    pinned.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    pinned
}

/// The most memory that one process ever had resident, in bytes.
pub(crate) fn peak_memory(id: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))
        .with_context(|| format!("process {id} has ended too early"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.parse::<u64>().ok())
        .with_context(|| format!("/proc/{id}/status has no VmHWM in kB"))?;
    Ok(kilobytes * 1024)
}

/// The resources that a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Time of all threads on a core, in steps of the scheduler's clock.
    pub(crate) on_core: Duration,
    pub(crate) page_faults: u64,
    pub(crate) threads: u64,
}

/// The cost of one process without its descendants.
pub(crate) fn cost(id: u32) -> anyhow::Result<Cost> {
    let stat = stat(id).with_context(|| format!("process {id} is gone"))?;
    let tasks = fs::read_dir(format!("/proc/{id}/task")).context("cannot list threads")?;
    let on_core = tasks.map(|task| {
        let path = task?.path().join("schedstat");
        let text = fs::read_to_string(path).context("cannot read a thread's time")?;
        let nanoseconds = text.split(' ').next().unwrap_or_default().parse::<u64>();
        nanoseconds.context("schedstat does not begin with nanoseconds")
    });
    Ok(Cost {
        on_core: Duration::from_nanos(on_core.sum::<anyhow::Result<u64>>()?),
        page_faults: stat.page_faults,
        threads: stat.threads,
    })
}

struct Stat {
    parent: u32,
    page_faults: u64,
    threads: u64,
    ticks: u64,
    /// Of the children that it waited for.
    children_ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// `id (name) state parent …`, where the name may hold spaces and brackets; the fields 10 and 12 are page faults, user
/// and system time are 14 and 15, the children's are the two after them, and 20 is the number of threads.
fn parse(stat: &str) -> Option<Stat> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        page_faults: number(10)? + number(12)?,
        threads: number(20)?,
        ticks: number(14)? + number(15)?,
        children_ticks: number(16)? + number(17)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_processor_time_is_part_of_the_time_of_all() {
        let own = std::process::id();
        let end = own_processor_time() + Duration::from_millis(30);
        while own_processor_time() < end {}
        assert!(processor_time(own).expect("it runs") >= Duration::from_millis(20));
    }

    #[test]
    fn names_with_brackets_are_parsed() {
        let stat =
            parse("7 (a) Z (b) S 3 7 7 0 -1 4 1 2 3 4 50 25 7 2 20 0 5").expect("it is whole");
        assert_eq!((stat.parent, stat.ticks, stat.children_ticks), (3, 75, 9));
        assert_eq!((stat.page_faults, stat.threads), (4, 5));
    }

    #[test]
    fn process_is_in_its_own_tree_and_has_memory() {
        let own = std::process::id();
        assert!(tree(own).contains(&own));
        assert!(peak_memory(own).expect("it runs") > 1024 * 1024);
    }
}
