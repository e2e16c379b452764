//! A process of the program.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// A process. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Dropped, and thereby checked, after the child has ended.
    _folder: WorkingFolder,
}

/// The lines of a stream so far.
pub(super) type Lines = Arc<Mutex<Vec<String>>>;

impl Process {
    pub(super) fn new(child: Child, folder: WorkingFolder) -> Process {
        Process {
            child,
            _folder: folder,
        }
    }

    /// Collects the lines of stdout and of stderr from now on.
    pub(super) fn collect(&mut self) -> (Lines, Lines) {
        let stdout = self.child.stdout.take().expect("stdout is piped");
        let stderr = self.child.stderr.take().expect("stderr is piped");
        (collect(stdout), collect(stderr))
    }

    /// The lines of stderr, from the first one that was not read.
    pub(crate) fn stderr(&mut self) -> impl Iterator<Item = String> + use<> {
        let stderr = self.child.stderr.take().expect("stderr is piped");
        BufReader::new(stderr).lines().map_while(Result::ok)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The status of a process that has ended.
    pub(super) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Kills it, like the kernel does without free memory. Returns its status, because it may have ended
    /// before.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("a child can be killed");
        self.ended()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }

    /// Sends it a signal and waits for its end.
    pub(crate) fn ended_by(self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.ended()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let sink = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            sink.lock().expect("no reader panicked").push(line);
        }
    });
    lines
}

/// The working folder of the program. The program must not write files there.
pub(super) struct WorkingFolder(TempDir);

impl WorkingFolder {
    pub(super) fn new() -> WorkingFolder {
        WorkingFolder(tempfile::tempdir().expect("a folder"))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for WorkingFolder {
    fn drop(&mut self) {
        let files = std::fs::read_dir(self.path()).expect("the folder exists");
        let files: Vec<_> = files
            .map(|file| file.expect("a file").file_name())
            .collect();
        assert!(
            files.is_empty() || std::thread::panicking(),
            "the program wrote {files:?} into its working folder"
        );
    }
}

/// Sends a signal. The shell's own `kill` needs no package.
pub(crate) fn signal(name: &str, pid: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill -s "$0" "$1""#, name, pid]);
    assert!(shell.status().expect("the shell runs").success());
}
