//! Child processes that end with this process, also after SIGKILL.
//!
//! A small shell leads a process group that all children join, and reads a pipe that only this
//! process can write to. When this process ends for any reason, the kernel closes the pipe, and the shell ends the
//! group. The kernel's parent-death signal would reach only a child itself, and not the processes that it starts.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::stop::Stop;
use crate::process;

/// Reads the children's process ids. At the end of its input, it sends them SIGTERM, and after five seconds it sends
/// SIGKILL to the whole group, itself included.
const GUARD: &str = r#"
trap "" INT TERM HUP
children=
while read -r child; do children="$children $child"; done
[ -n "$children" ] && kill -TERM $children
sleep 5
kill -KILL 0
"#;

/// Equal to the guard's delay: with a longer one, the guard would kill the children first.
const GRACE: Duration = Duration::from_secs(5);

const POLL: Duration = Duration::from_millis(20);

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
    /// Starts the guard, before any child.
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
        writeln!(pipe, "{id}").with_context(|| format!("cannot register {name} with the guard"))
    }

    /// Fails if a member has ended before the group was dropped.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        for Member { name, child } in &mut self.members {
            if let Some(status) = child
                .try_wait()
                .with_context(|| format!("cannot watch {name}"))?
            {
                bail!("{name} ended by itself with {status}; see its lines above");
            }
        }
        Ok(())
    }

    /// Waits until a member listens on `port`. Fails if a member ends, or at the stop signal.
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
                bail!("stopped before a process listened on 127.0.0.1:{port}");
            }
            if Instant::now() > deadline {
                bail!(
                    "no process listened on 127.0.0.1:{port} within {} s",
                    limit.as_secs()
                );
            }
            stop.wait(POLL);
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
    /// Closes the pipe, waits for the members, and kills the rest of the group, such as a child's child.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let deadline = Instant::now() + GRACE;
        while !self.all_ended() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        process::succeeds(
            Command::new("/bin/sh")
                .args(["-c", r#"kill -KILL "-$0""#])
                .arg(self.guard.id().to_string()),
        );
        for member in &mut self.members {
            // Reaped, so that its locks and ports are free when the stop is reported.
            member.child.wait().ok();
        }
        self.guard.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A member that starts a child and writes the id of that child to `file`.
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

    /// A zombie has ended.
    fn runs(process: &str) -> bool {
        fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn read_when_there(file: &std::path::Path) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Ok(text) = fs::read_to_string(file) {
                return text.trim().to_owned();
            }
            std::thread::sleep(POLL);
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
        // The signal was sent, but the kernel may deliver it later.
        let deadline = Instant::now() + Duration::from_secs(10);
        while runs(&grandchild) {
            assert!(Instant::now() < deadline, "{grandchild} still runs");
            std::thread::sleep(POLL);
        }
    }

    #[test]
    fn member_that_ends_by_itself_is_named() {
        let mut group = ProcessGroup::new().unwrap();
        group
            .start("the host", Command::new("/bin/sh").args(["-c", "exit 4"]))
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let error = loop {
            assert!(Instant::now() < deadline, "its end was not reported");
            if let Err(error) = group.check() {
                break error.to_string();
            }
            std::thread::sleep(POLL);
        };
        assert!(
            error.contains("the host ended by itself with exit status: 4"),
            "{error}"
        );
    }
}
