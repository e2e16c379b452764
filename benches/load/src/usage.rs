//! A program run to its end, and what that took.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::process::Command;

use crate::process;

/// How often is the end looked for? Nothing that is measured takes less than some tenths of a second.
const LOOK: Duration = Duration::from_millis(2);

/// Every so many looks the memory is asked for.
const LOOKS_FOR_MEMORY: u32 = 10;

/// What a program took, with all that it started and waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// From just before it was spawned to its end.
    pub(crate) wall: Duration,
    /// User and system time, in steps of 10 ms.
    pub(crate) processor: Duration,
    /// The most memory resident, in bytes; of several processes the sum of each one's most.
    pub(crate) memory: u64,
}

/// Runs `command` to its end; what it says on stdout is thrown away.
///
/// # Errors
/// With what it wrote to stderr, when it cannot be started or does not succeed.
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
    let mut looks = 0;
    while !has_ended(id)? {
        if looks % LOOKS_FOR_MEMORY == 0 {
            peaks.look(id);
        }
        looks += 1;
        tokio::time::sleep(LOOK).await;
    }
    let wall = begin.elapsed();
    // It is still in `/proc`, until it is waited for.
    let processor = process::processor_time_of_all(id)?;
    let status = child.wait().await?;
    if !status.success() {
        bail!(
            "`{}` ended with {status}: {}",
            process::line(command),
            text(&mut errors)
        );
    }
    Ok(Usage {
        wall,
        processor,
        memory: peaks.sum(),
    })
}

/// Leaves it to be waited for.
fn has_ended(id: u32) -> anyhow::Result<bool> {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    let id = id.context("a program has an id that none can have")?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let ended = waitid(WaitId::Pid(id), options).context("cannot look whether a program runs")?;
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
        Err(error) => format!("what it said cannot be read: {error}"),
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
    async fn the_time_of_children_counts() {
        let count = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let usage = measured(&mut shell(&format!("({count}); true"))).await;
        let usage = usage.expect("it succeeds");
        assert!(usage.processor >= Duration::from_millis(20), "{usage:?}");
        assert!(usage.wall >= usage.processor / 2, "{usage:?}");
        assert!(usage.memory > 100_000, "{usage:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_failure_tells_what_was_said() {
        let error = measured(&mut shell("echo no such thing >&2; exit 3")).await;
        let error = error.expect_err("it fails").to_string();
        assert!(error.contains("no such thing"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }
}
