//! A server that runs: started, waited for, looked at, and stopped by its process id.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::database::Database;
use crate::process::{self, Cost};
use crate::program::Program;

/// For the first response of a server. Five Python processes need a second.
const START: Duration = Duration::from_secs(20);

/// For the end of a server after SIGTERM.
const STOP: Duration = Duration::from_secs(15);

/// A running server; dropping it stops it and waits for its end.
pub(crate) struct Server {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    /// From just before it was spawned to its first response to `GET /`.
    pub(crate) started_in: Duration,
    /// Up to that response.
    pub(crate) start_cost: Cost,
}

impl Server {
    /// Starts `program` on a free port and waits for its first response to `GET /`.
    ///
    /// # Errors
    /// With the end of its stderr, if it ends or does not respond.
    pub(crate) async fn start(program: &Program, database: &Database) -> anyhow::Result<Server> {
        Server::start_with(program, database, &[]).await
    }

    /// The same, with these settings too.
    pub(crate) async fn start_with(
        program: &Program,
        database: &Database,
        settings: &[(&str, &Path)],
    ) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut errors =
            tempfile::tempfile().context("cannot make a file for a server's errors")?;
        let mut command = program.command(port, database);
        command.envs(settings.iter().copied());
        // The server pays for writing its log, and no process reads it.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(errors.try_clone()?);
        let begin = Instant::now();
        let child = spawn(&mut command, program.name)?;
        let mut server = Server {
            child,
            port,
            started_in: Duration::ZERO,
            start_cost: Cost::default(),
        };
        loop {
            if responds(port).await {
                server.started_in = begin.elapsed();
                server.start_cost = process::cost(server.child.id())?;
                return Ok(server);
            }
            let ended = server.child.try_wait()?;
            if ended.is_some() || begin.elapsed() > START {
                let said = last_words(&mut errors);
                let how = ended.map_or_else(
                    || format!("does not response within {START:?}"),
                    |status| format!("ended with {status}"),
                );
                bail!("{} {how}: {said}", program.name);
            }
        }
    }

    /// User and system time of it and of the processes it started.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        process::processor_time(self.child.id())
    }

    /// The most memory it had resident, in bytes; of several processes the sum of each one's most.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<u64> {
        let tree = process::tree(self.child.id());
        tree.into_iter().map(process::peak_memory).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let deadline = Instant::now() + STOP;
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended already.
            kill_process(id, Signal::TERM).ok();
        }
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                _ => return,
            }
        }
        eprintln!("a server did not end within {STOP:?} of SIGTERM and is killed");
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

fn spawn(command: &mut Command, name: &str) -> anyhow::Result<Child> {
    let spawned = command.spawn();
    spawned.with_context(|| {
        let program = command.get_program().display();
        format!("{name} cannot be started: is `{program}` there and executable?")
    })
}

/// One attempt. Refused ones come back at once, so asking again and again finds the moment within
/// some 0.1 ms.
async fn responds(port: u16) -> bool {
    let request = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let mut response = [0; 12];
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(request).await?;
        stream.read_exact(&mut response).await
    };
    let answered = asked.await.is_ok() && &response == b"HTTP/1.1 200";
    if !answered {
        // tokio's own sleep has steps of a millisecond.
        thread::sleep(Duration::from_micros(50));
    }
    answered
}

/// Below the ports that the system gives to clients, so that no connection takes it meanwhile.
fn free_port() -> anyhow::Result<u16> {
    let mut ports = (0..1000).map(|_| fastrand::u16(20_000..32_000));
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.context("no free port between 20000 and 32000 on 127.0.0.1")
}

fn last_words(errors: &mut File) -> String {
    let mut text = Vec::new();
    let read = errors
        .seek(SeekFrom::Start(0))
        .and_then(|_| errors.read_to_end(&mut text));
    if read.is_err() {
        return "its output cannot be read".to_owned();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n  ")
}
