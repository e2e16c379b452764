//! The shell that owns a server, and stops it after its last user.
//!
//! A server must not outlive its users, also if these were killed. A signal on the parent's death
//! (`PR_SET_PDEATHSIG`) does not suffice: it is sent when the *thread* that started the server ends. But the kernel closes
//! the files of every process that ends. So a shared server has a lock file, and a server with one owner has a pipe. Both
//! are close-on-exec, so that no process that a user starts keeps the server running.
//!
//! The shell has its own process group: Ctrl-C in a terminal reaches the user's process and not the server. It ignores
//! SIGHUP, which is sent when the terminal closes, and when a user ends while the server is stopped by SIGSTOP.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use crate::Error;
use crate::account::Account;

/// Arguments: the file that users lock (shared), the log, the server. Prints the server's process
/// id.
///
/// `flock` gets its exclusive lock after the last user, and becomes the shell that holds it until the server has exited, so
/// that a new user waits and does not join a server that stops. SIGINT (fast shutdown) is repeated because a starting server
/// may not handle it yet. SIGTERM ends a `flock` that still waits when the server has ended by itself.
const SHARED: &str = r#"
trap "" HUP
users=$1 log=$2; shift 2; exec 2>>"$log"
stop='trap "" TERM; while kill -INT "$0" 2>/dev/null; do sleep 0.02; done'
"$@" >>"$log" & server=$!
flock --no-fork "$users" /bin/sh -c "$stop" "$server" >>"$log" & stopper=$!
echo "$server"
exec >>"$log"
wait "$server"
kill "$stopper" 2>/dev/null
wait "$stopper"
"#;

/// Arguments: the folder to remove at the end, the server. Starts the server at each line of its input, and prints its
/// process id. At the end of its input, it stops the server at once (SIGQUIT) and removes the folder, and the shared memory
/// of a server that was killed.
const OWNED: &str = r#"
trap "" HUP
exec 3<&0 </dev/null 2>/dev/null
folder=$1 server=; shift
while read -r _ <&3; do
  [ -z "$server" ] || wait "$server"
  "$@" >>"$folder/log" 2>&1 3<&- & server=$!
  echo "$server"
done
while kill -QUIT "$server"; do sleep 0.02; done
memory=$(sed -n 7p "$folder/data/postmaster.pid") && ipcrm -m "${memory##* }"
rm -rf "$folder"
"#;

#[derive(Debug)]
pub(crate) struct Watcher {
    shell: Option<Child>,
    commands: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Watcher {
    /// Starts `server`, which stops when no process has a lock on `users`. Returns its process id too.
    pub(crate) fn shared(
        account: &Account,
        users: &Path,
        log: &Path,
        server: &[OsString],
    ) -> Result<(Watcher, u32), Error> {
        let mut shell = account.command(Path::new("/bin/sh"));
        shell
            .args(["-c", SHARED, "postgres-watcher"])
            .arg(users)
            .arg(log)
            .args(server);
        let mut watcher = Watcher::spawn(&mut shell)?;
        let id = watcher.read_id()?;
        Ok((watcher, id))
    }

    /// A watcher for the server in `folder`, which it will start at each [`start`](Watcher::start).
    pub(crate) fn owned(
        account: &Account,
        folder: &Path,
        server: &[OsString],
    ) -> Result<Watcher, Error> {
        let mut shell = account.command(Path::new("/bin/sh"));
        shell
            .args(["-c", OWNED, "postgres-watcher"])
            .arg(folder)
            .args(server)
            .stdin(Stdio::piped());
        Watcher::spawn(&mut shell)
    }

    fn spawn(shell: &mut Command) -> Result<Watcher, Error> {
        let program = Path::new("/bin/sh");
        let mut shell = shell
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::run(program))?;
        let output = shell.stdout.take().expect("its output is piped");
        Ok(Watcher {
            commands: shell.stdin.take(),
            output: BufReader::new(output),
            shell: Some(shell),
        })
    }

    /// Starts the server that it owns, also after that has ended. Returns its process id.
    pub(crate) fn start(&mut self) -> Result<u32, Error> {
        let commands = self
            .commands
            .as_mut()
            .expect("only an owned server is started by a command");
        commands
            .write_all(b"start\n")
            .map_err(Error::run(Path::new("/bin/sh")))?;
        self.read_id()
    }

    fn read_id(&mut self) -> Result<u32, Error> {
        let mut line = String::new();
        self.output
            .by_ref()
            .take(32)
            .read_line(&mut line)
            .map_err(Error::run(Path::new("/bin/sh")))?;
        let reason = || std::io::Error::other("it ended without starting the server");
        line.trim()
            .parse()
            .map_err(|_| Error::run(Path::new("/bin/sh"))(reason()))
    }

    /// Stops an owned server, and waits for the end.
    pub(crate) fn finish(&mut self) {
        drop(self.commands.take());
        if let Some(mut shell) = self.shell.take() {
            // Fails only for a child that was reaped before, and only this value reaps it.
            shell.wait().ok();
        }
    }
}

impl Drop for Watcher {
    /// Reaps the shell in the background: other processes may use a shared server for days.
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(mut shell) = self.shell.take() {
            // Without a thread, the shell is a zombie until this process ends.
            thread::Builder::new().spawn(move || shell.wait()).ok();
        }
    }
}
