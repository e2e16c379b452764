//! A server for tests.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::statvfs;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::account::Account;
use crate::postmaster::Postmaster;
use crate::process::Process;
use crate::wait::{self, TIMEOUT};
use crate::watcher::Watcher;
use crate::{Error, Programs, ThrowawayOptions, cluster, options, socket};

/// With less free memory, the cluster is on disk. An empty cluster has 40 MB, and tests add some. Containers limit
/// `/dev/shm` to 64 MB by default.
const ENOUGH_MEMORY: u64 = 512 << 20;

/// A cluster for one test process: in memory if there is enough, and not flushed. It is removed when the process that
/// started it ends, also by SIGKILL.
#[derive(Debug)]
pub struct Throwaway {
    programs: Programs,
    major: u32,
    account: Account,
    port: u16,
    options: ThrowawayOptions,
    server: Mutex<Server>,
    /// Removed by the watcher, which outlives this process, and again here for files that the watcher could not remove.
    folder: TempDir,
}

/// The watcher, and the process id of the server that it started last.
#[derive(Debug)]
struct Server {
    watcher: Watcher,
    id: u32,
}

impl Throwaway {
    /// Creates a cluster and starts its server, which takes 0.7 seconds. Blocks until it accepts connections.
    pub fn start(programs: &Programs, options: ThrowawayOptions) -> Result<Throwaway, Error> {
        let account = Account::unprivileged()?;
        account.reach(&programs.path("postgres"))?;
        let folder = make_folder(&account)?;
        let data = folder.path().join("data");
        cluster::create(programs, &account, &data, "--no-sync")?;
        options::admit(&data, &options.hba)?;
        options::install_tls(&account, &data, &options)?;
        let port = if options.tcp {
            options::free_port()?
        } else {
            5432
        };
        let command = options::command_line(programs, folder.path(), port, &options);
        let watcher = Watcher::owned(&account, folder.path(), &command)?;
        let server = Mutex::new(Server { watcher, id: 0 });
        let (programs, major) = (programs.clone(), programs.major()?);
        let throwaway = Throwaway {
            programs,
            major,
            account,
            port,
            options,
            server,
            folder,
        };
        throwaway.restart()?;
        Ok(throwaway)
    }

    /// The address of `database` for the role `postgres`, through the socket, in keyword form.
    pub fn url(&self, database: &str) -> String {
        cluster::url(self.folder.path(), self.port, cluster::SUPERUSER, database)
    }

    /// The port on 127.0.0.1, if the options asked for one.
    pub fn tcp_port(&self) -> Option<u16> {
        self.options.tcp.then_some(self.port)
    }

    /// Creates the database `name`, as a copy of `template` if there is one, which takes some 20 ms. Many threads may
    /// call it at once, but no client may be connected to the template.
    pub fn create_database(&self, name: &str, template: Option<&str>) -> Result<(), Error> {
        let mut statement = format!("CREATE DATABASE {}", quoted(name));
        if let Some(template) = template {
            statement.extend([" TEMPLATE ", &quoted(template)]);
        }
        // Copying files is faster than logging each page, because a checkpoint costs nothing here. Older servers have no
        // other strategy.
        if self.major >= 15 {
            statement += " STRATEGY file_copy";
        }
        self.execute(&statement)
    }

    fn execute(&self, statement: &str) -> Result<(), Error> {
        let psql = self.programs.path("psql");
        let mut command = self.account.command(&psql);
        command
            .args(["--no-psqlrc", "--quiet", "--command", statement, "--dbname"])
            .arg(self.url("postgres"));
        let output = command.output().map_err(Error::run(&psql))?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr);
        Err(Error(format!("`{statement}` failed: {}", message.trim())))
    }

    /// Ends the server like a crash: every process gets SIGKILL, and the files stay as they are.
    pub fn kill(&self) -> Result<(), Error> {
        self.kill_processes(&self.server())
    }

    /// Starts the server again at the same address, and kills it first if it runs. Blocks until it has recovered and
    /// accepts connections.
    pub fn restart(&self) -> Result<(), Error> {
        let mut server = self.server();
        self.kill_processes(&server)?;
        server.id = server.watcher.start()?;
        Postmaster::await_ready(&self.data(), server.id, &self.log(), TIMEOUT)
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Stops the server at once and removes its folder, as dropping it does. It cannot be started again.
    pub fn stop(&self) {
        self.server().watcher.finish();
    }

    /// Stops the first process before it kills it, so that it cannot start others.
    fn kill_processes(&self, server: &Server) -> Result<(), Error> {
        let ours = |process: &Process| process.has_argument(&self.data());
        let Some(postmaster) = Process::find(server.id).filter(ours) else {
            return Ok(());
        };
        postmaster.signal(Signal::STOP);
        let mut processes = postmaster.children();
        processes.push(postmaster);
        for process in &processes {
            process.signal(Signal::KILL);
        }
        let gone = || {
            processes
                .iter()
                .all(|process| Process::find(process.id).is_none())
        };
        let ended = wait::until(TIMEOUT, || gone().then_some(()));
        ended.ok_or_else(|| Error::busy(self.folder.path(), "a killed server to end", TIMEOUT))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A poisoned lock is usable: the id is replaced in one step.
    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Short enough for a socket, and private to the server's account.
fn make_folder(account: &Account) -> Result<TempDir, Error> {
    let folder_in = |place: &Path| {
        tempfile::Builder::new()
            .prefix("magnusapi-")
            .tempdir_in(place)
    };
    let memory = Path::new("/dev/shm");
    let is_enough = statvfs(memory)
        .is_ok_and(|free| free.f_bavail.saturating_mul(free.f_frsize) >= ENOUGH_MEMORY);
    let disk = Some(env::temp_dir()).filter(|place| socket::fits(&place.join("magnusapi-123456")));
    let disk = disk.unwrap_or_else(|| "/tmp".into());
    let in_memory = if is_enough {
        folder_in(memory).ok()
    } else {
        None
    };
    let folder = match in_memory {
        Some(folder) => folder,
        None => folder_in(&disk).map_err(Error::file("create a folder in", &disk))?,
    };
    account.reach(folder.path().parent().unwrap_or(memory))?;
    account.own(folder.path())?;
    Ok(folder)
}

/// `name` as an SQL identifier. It is in quotes always, because the keywords differ from server to server.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_names_are_doubled() {
        assert_eq!(quoted(r#"my "items""#), r#""my ""items""""#);
    }
}
