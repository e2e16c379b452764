//! The start of the program: its arguments, variables and limits.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::process::{Process, WorkingFolder};
use super::{Database, Program};

/// A program that has not started yet. Its environment has `PATH` and the variables that are set here.
pub(crate) struct Start {
    command: Command,
    folder: WorkingFolder,
}

impl Start {
    /// Like the Functions host starts it: without arguments, with a port. Port 0 takes a free one.
    pub(crate) fn handler() -> Start {
        Start::bare().set("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
    }

    /// Like a person starts it: without a verb and a database, with its data in `folder`, on a free port.
    pub(crate) fn person(folder: &Path) -> Start {
        Start::bare()
            .set("MAGNUSAPI_DATA", &folder.display().to_string())
            .argument("--port")
            .argument("0")
    }

    /// Like an operator starts it for one verb. The caller adds the arguments.
    pub(crate) fn operator() -> Start {
        Start::bare()
    }

    fn bare() -> Start {
        let mut command = Command::new(env!("CARGO_BIN_EXE_magnusapi"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LOG_FORMAT", "json");
        // PostgreSQL's programs are in the same places as for the tests.
        for name in ["PG_BINDIR", "HOME", "MAGNUSAPI_CACHE", "XDG_CACHE_HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let folder = WorkingFolder::new();
        command.current_dir(folder.path());
        Start { command, folder }
    }

    /// Starts the handler on this database.
    pub(crate) async fn on(database: &Database) -> Program {
        Start::handler()
            .set("DATABASE_URL", &database.url)
            .serving()
            .await
    }

    /// Starts it like a person, on this database.
    pub(crate) async fn standalone(database: &Database) -> Program {
        let start = Start::bare().argument("--port").argument("0");
        start.set("DATABASE_URL", &database.url).serving().await
    }

    /// Sets a variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Start {
        self.command.env(name, value);
        self
    }

    /// Adds an argument.
    pub(crate) fn argument(mut self, argument: &str) -> Start {
        self.command.arg(argument);
        self
    }

    /// Limits the number of file descriptors.
    pub(crate) fn descriptors(self, number: u32) -> Start {
        self.through_a_shell(&format!("ulimit -n {number} && exec \"$0\" \"$@\""))
    }

    /// Limits the memory for data, in KiB. Each thread needs 2 MiB of it, so there are few.
    pub(crate) fn memory(self, kibibytes: u32) -> Start {
        let start = self.set("RUNTIME_THREADS", "2");
        start.through_a_shell(&format!("ulimit -d {kibibytes} && exec \"$0\" \"$@\""))
    }

    /// Starts a shell as the parent of the program. [`Program::signal`] sends its signals to the shell.
    pub(crate) fn below_a_shell(self) -> Start {
        self.through_a_shell("\"$0\" \"$@\" & wait")
    }

    fn through_a_shell(self, script: &str) -> Start {
        let Start { command, folder } = self;
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .current_dir(folder.path());
        for (name, value) in command.get_envs() {
            shell.env(name, value.expect("variables are only set"));
        }
        Start {
            command: shell,
            folder,
        }
    }

    /// Runs it to its end.
    pub(crate) fn output(mut self) -> Output {
        self.command.output().expect("the program runs")
    }

    /// Runs it to its end, with a stdout that is closed.
    pub(crate) fn output_to_a_closed_pipe(mut self) -> Output {
        self.command.stdout(closed_pipe());
        self.output()
    }

    /// Starts it with a stdout that is closed.
    pub(crate) fn running_into_a_closed_pipe(self) -> Process {
        self.spawn(closed_pipe(), Stdio::null())
    }

    /// Starts it. The test may read its stderr; nothing reads its stdout.
    pub(crate) fn unread(self) -> Process {
        self.spawn(Stdio::piped(), Stdio::piped())
    }

    /// Starts it and discards its output.
    pub(crate) fn running(self) -> Process {
        self.spawn(Stdio::null(), Stdio::null())
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn serving(self) -> Program {
        Program::new(self.unread()).await
    }

    fn spawn(mut self, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Process {
        let child = self
            .command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn();
        Process::new(child.expect("the program starts"), self.folder)
    }
}

fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    writer.into()
}
