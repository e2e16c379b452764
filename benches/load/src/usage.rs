//! The time and memory of a program that runs to its end.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::process::Command;

use crate::process;

/// Between two polls of the end. Each measured program takes at least some tenths of a second.
const POLL: Duration = Duration::from_millis(2);

/// The memory is read at every tenth poll.
const POLLS_FOR_MEMORY: u32 = 10;

/// The time and memory of a program, and of the processes that it started and waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// From just before it was spawned to its end.
    pub(crate) wall: Duration,
    /// User and system time, in steps of 10 ms.
    pub(crate) processor: Duration,
    /// The most memory resident, in bytes; of several processes the sum of each one's most.
    pub(crate) memory: u64,
}

/// Runs `command` to its end; its stdout is discarded.
///
/// # Errors
/// If it cannot be started or fails. The innermost error of a failure is its stderr.
pub(crate) async fn measured(command: &mut Command) -> anyhow::Result<Usage> {
    let mut errors = tempfile::tempfile().context("cannot make a file for a program's errors")?;
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(errors.try_clone()?).kill_on_drop(true);
    let begin = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|error| process::not_started(command, &error))?;
    let id = child.id().context("a program has no id")?;
    let mut peaks = Peaks::default();
    let mut polls = 0;
    while !has_ended(id)? {
        if polls % POLLS_FOR_MEMORY == 0 {
            peaks.look(id);
        }
        polls += 1;
        tokio::time::sleep(POLL).await;
    }
    let wall = begin.elapsed();
    // It is in `/proc` until it is reaped.
    let processor = process::processor_time(id)?;
    let status = child.wait().await?;
    if !status.success() {
        let failure = format!("`{}` ended with {status}", process::line(command));
        return Err(anyhow!(text(&mut errors)).context(failure));
    }
    Ok(Usage {
        wall,
        processor,
        memory: peaks.sum(),
    })
}

/// Does not reap it.
fn has_ended(id: u32) -> anyhow::Result<bool> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    let id = id.context("a program has an invalid id")?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let ended = waitid(WaitId::Pid(id), options).context("cannot poll a program")?;
    Ok(ended.is_some())
}

/// The most memory that each process was seen with.
#[derive(Default)]
struct Peaks(Vec<(u32, u64)>);

impl Peaks {
    fn look(&mut self, root: u32) {
        for id in process::tree(root) {
            // One that has ended meanwhile has none any more.
            let Ok(bytes) = process::peak_memory(id) else {
                continue;
            };
            match self.0.iter_mut().find(|(known, _)| *known == id) {
                Some((_, most)) => *most = bytes.max(*most),
                None => self.0.push((id, bytes)),
            }
        }
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|(_, bytes)| bytes).sum()
    }
}

fn text(errors: &mut File) -> String {
    let mut text = Vec::new();
    match errors.rewind().and_then(|()| errors.read_to_end(&mut text)) {
        Ok(_) => String::from_utf8_lossy(&text).trim().to_owned(),
        Err(error) => format!("its stderr cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    /// The loops are in a child of the shell.
    #[tokio::test(flavor = "current_thread")]
    async fn time_of_children_counts() {
        let count = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let usage = measured(&mut shell(&format!("({count}); true"))).await;
        let usage = usage.expect("it succeeds");
        assert!(usage.processor >= Duration::from_millis(20), "{usage:?}");
        assert!(usage.wall >= usage.processor / 2, "{usage:?}");
        assert!(usage.memory > 100_000, "{usage:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn failure_contains_stderr() {
        let error = measured(&mut shell("echo no such thing >&2; exit 3")).await;
        let error = format!("{:#}", error.expect_err("it fails"));
        assert!(error.contains("no such thing"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }
}
