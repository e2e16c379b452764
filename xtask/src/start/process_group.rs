//! Children that never outlive this process, not even after SIGKILL.
//!
//! A small shell leads a process group that all children join, and reads a pipe that only this
//! process can write to. However this process ends, the kernel closes the pipe, the shell wakes up,
//! and the group ends. The kernel's own "signal me when my parent dies" would do less: it knows
//! only the child itself, not what the child starts.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::stop::Stop;
use crate::process;

/// Reads the children's process ids. At the end of its input, they get SIGTERM, and after a grace
/// the whole group, the shell included, gets SIGKILL.
const GUARD: &str = r#"
trap "" INT TERM HUP
children=
while read -r child; do children="$children $child"; done
[ -n "$children" ] && kill -TERM $children
sleep 5
kill -KILL 0
"#;

/// As long as the guard's own grace, or the guard would be the one to decide.
const GRACE: Duration = Duration::from_secs(5);

const LOOK: Duration = Duration::from_millis(20);

/// A process group whose members end with this value, or with this process.
pub(super) struct ProcessGroup {
    guard: Child,
    pipe: Option<ChildStdin>,
    members: Vec<Member>,
}

struct Member {
    name: String,
    child: Child,
}

impl ProcessGroup {
    /// Starts the guard, before there is anything to guard.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", GUARD]).process_group(0);
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut guard = shell
            .spawn()
            .map_err(|error| process::not_started(&shell, &error))?;
        let pipe = guard.stdin.take();
        Ok(Self {
            guard,
            pipe,
            members: Vec::new(),
        })
    }

    /// Starts `command` as a member of the group, without an input.
    pub(super) fn start(&mut self, name: &str, command: &mut Command) -> anyhow::Result<()> {
        let group = i32::try_from(self.guard.id()).context("a process id beyond 2^31")?;
        command.process_group(group).stdin(Stdio::null());
        let child = command
            .spawn()
            .map_err(|error| process::not_started(command, &error))?;
        let id = child.id();
        self.members.push(Member {
            name: name.to_owned(),
            child,
        });
        let pipe = self
            .pipe
            .as_mut()
            .context("the guard of the children has no pipe")?;
        writeln!(pipe, "{id}").with_context(|| format!("cannot tell the guard of {name}"))
    }

    /// An error if a member has ended: none is meant to, before it is told to.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        for Member { name, child } in &mut self.members {
            if let Some(status) = child
                .try_wait()
                .with_context(|| format!("cannot watch {name}"))?
            {
                bail!("{name} ended by itself with {status}; its lines above say why");
            }
        }
        Ok(())
    }

    /// Waits until something answers at `port`, or a member ends, or we are to stop.
    pub(super) fn wait_for_port(
        &mut self,
        port: u16,
        limit: Duration,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            self.check()?;
            if stop.is_requested() {
                bail!("stopped before anything answered at 127.0.0.1:{port}");
            }
            if Instant::now() > deadline {
                bail!(
                    "nothing answered at 127.0.0.1:{port} within {} s",
                    limit.as_secs()
                );
            }
            stop.wait(LOOK);
        }
        Ok(())
    }

    fn all_ended(&mut self) -> bool {
        self.members
            .iter_mut()
            .all(|member| matches!(member.child.try_wait(), Ok(Some(_)) | Err(_)))
    }
}

impl Drop for ProcessGroup {
    /// Lets go of the pipe and waits for the members. What is left of the group then, such as a
    /// child's child, is killed.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let deadline = Instant::now() + GRACE;
        while !self.all_ended() && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
        process::succeeds(
            Command::new("/bin/sh")
                .args(["-c", r#"kill -KILL "-$0""#])
                .arg(self.guard.id().to_string()),
        );
        for member in &mut self.members {
            // Reaped, so that a lock or a port it held is free when we say that it stopped.
            member.child.wait().ok();
        }
        self.guard.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A member that starts a child of its own and writes down that child's id.
    fn family(file: &std::path::Path) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell
            .args([
                "-c",
                r#"sleep 1000 & echo $! > "$0.new"; mv "$0.new" "$0"; wait"#,
            ])
            .arg(file);
        shell
    }

    /// A zombie has ended; who reaps it is not our concern.
    fn runs(process: &str) -> bool {
        fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn read_when_there(file: &std::path::Path) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Ok(text) = fs::read_to_string(file) {
                return text.trim().to_owned();
            }
            std::thread::sleep(LOOK);
        }
        panic!("{} was not written within 10 s", file.display());
    }

    #[test]
    fn members_and_their_children_end_with_the_group() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("grandchild");
        let mut group = ProcessGroup::new().unwrap();
        group.start("family", &mut family(&file)).unwrap();
        let grandchild = read_when_there(&file);
        group.check().unwrap();
        drop(group);
        // The signal is sent when the group is gone; the kernel may take a moment to act on it.
        let deadline = Instant::now() + Duration::from_secs(10);
        while runs(&grandchild) {
            assert!(Instant::now() < deadline, "{grandchild} still runs");
            std::thread::sleep(LOOK);
        }
    }

    #[test]
    fn a_member_that_ends_by_itself_is_named() {
        let mut group = ProcessGroup::new().unwrap();
        group
            .start("the host", Command::new("/bin/sh").args(["-c", "exit 4"]))
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let error = loop {
            assert!(Instant::now() < deadline, "its end went unnoticed");
            if let Err(error) = group.check() {
                break error.to_string();
            }
            std::thread::sleep(LOOK);
        };
        assert!(
            error.contains("the host ended by itself with exit status: 4"),
            "{error}"
        );
    }
}
