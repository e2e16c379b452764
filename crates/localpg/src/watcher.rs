//! The shell that owns a server, and ends it when nobody uses it any more.
//!
//! A server must not outlive its users, even those that were killed and could not say goodbye. A
//! signal on the parent's death (`PR_SET_PDEATHSIG`) would not do: it comes when the *thread* that
//! started the server ends. What a process cannot keep beyond its death are its open files, and
//! both flavours build on that: locks for a server that many share, a pipe for one that has a
//! single owner. Both live in close-on-exec files, so that nothing a user starts keeps the server
//! up.
//!
//! The shell has a process group of its own: Ctrl-C in a terminal reaches the user's process and
//! not the server. It ignores SIGHUP, which comes when the terminal goes, and also when a user dies
//! while the server happens to be stopped by SIGSTOP.

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
/// `flock` gets its exclusive lock when the last user has gone, and becomes the shell that keeps it
/// until the server has exited, so that a newcomer waits for the end instead of joining a server
/// that stops. SIGINT (fast shutdown) is repeated because a server that is just starting may not
/// listen yet. SIGTERM ends a `flock` that still waits when the server has ended by itself.
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

/// Arguments: the folder to remove in the end, the server. Starts the server at each line of its
/// input, and prints its process id; at the end of its input it stops the server at once (SIGQUIT)
/// and removes the folder, with the shared memory of a server that was killed.
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

/// A running watcher shell.
#[derive(Debug)]
pub(crate) struct Watcher {
    shell: Option<Child>,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Watcher {
    /// Starts `server`, to be stopped when nobody has a lock on `users` any more. With it: the
    /// server's process id.
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
        let id = watcher.answer()?;
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
        let answers = shell
            .stdout
            .take()
            .expect("its output was asked to be piped");
        Ok(Watcher {
            orders: shell.stdin.take(),
            answers: BufReader::new(answers),
            shell: Some(shell),
        })
    }

    /// Starts the server that it owns, once more if that has ended. Returns the process id.
    pub(crate) fn start(&mut self) -> Result<u32, Error> {
        let orders = self
            .orders
            .as_mut()
            .expect("only an owned server is started by order");
        orders
            .write_all(b"start\n")
            .map_err(Error::run(Path::new("/bin/sh")))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<u32, Error> {
        let mut line = String::new();
        self.answers
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
        drop(self.orders.take());
        if let Some(mut shell) = self.shell.take() {
            // Fails only for a child that was waited for before, and this was the only one to.
            shell.wait().ok();
        }
    }
}

impl Drop for Watcher {
    /// Others may use a shared server for days: what waits for its end, lest it stay as a zombie,
    /// must not block.
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(mut shell) = self.shell.take() {
            // Without a thread there is a zombie, until this process ends.
            thread::Builder::new().spawn(move || shell.wait()).ok();
        }
    }
}
