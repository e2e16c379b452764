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
use crate::wait::{self, PATIENCE};
use crate::watcher::Watcher;
use crate::{Error, Programs, ThrowawayOptions, cluster, recipe, socket};

/// An empty cluster is 40 MB, and a test writes some: less free memory than this, and it is on
/// disk. Containers give `/dev/shm` 64 MB unless told otherwise.
const ENOUGH_MEMORY: u64 = 512 << 20;

/// A cluster for one test process: in memory where there is enough, unflushed, gone with the
/// process that started it, even if that was killed.
#[derive(Debug)]
pub struct Throwaway {
    programs: Programs,
    major: u32,
    account: Account,
    port: u16,
    options: ThrowawayOptions,
    server: Mutex<Server>,
    /// Removed by the watcher, which outlives us; and here once more, should a crash have left
    /// something.
    folder: TempDir,
}

/// The watcher, and the process id of the server that it started last.
#[derive(Debug)]
struct Server {
    watcher: Watcher,
    id: u32,
}

impl Throwaway {
    /// Makes a cluster and starts its server: 0.7 seconds. Blocks until it takes connections.
    pub fn start(programs: &Programs, options: ThrowawayOptions) -> Result<Throwaway, Error> {
        let account = Account::unprivileged()?;
        account.reach(&programs.path("postgres"))?;
        let folder = make_folder(&account)?;
        let data = folder.path().join("data");
        cluster::create(programs, &account, &data, "--no-sync")?;
        recipe::admit(&data, &options.hba)?;
        recipe::install_tls(&account, &data, &options)?;
        let port = if options.tcp {
            recipe::free_port()?
        } else {
            5432
        };
        let command = recipe::command_line(programs, folder.path(), port, &options);
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
        cluster::url(self.folder.path(), self.port, database)
    }

    /// The port on 127.0.0.1, if the options asked for one.
    pub fn tcp_port(&self) -> Option<u16> {
        self.options.tcp.then_some(self.port)
    }

    /// Creates the database `name`, as a copy of `template` if there is one: some 20 ms. May be
    /// called from many threads at once; nobody may be connected to the template.
    pub fn create_database(&self, name: &str, template: Option<&str>) -> Result<(), Error> {
        let mut statement = format!("CREATE DATABASE {}", quoted(name));
        if let Some(template) = template {
            statement.extend([" TEMPLATE ", &quoted(template)]);
        }
        // Copying files beats logging each page where a checkpoint costs nothing; older servers
        // know nothing else.
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
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        output
            .status
            .success()
            .then_some(())
            .ok_or_else(|| Error::Statement {
                statement: statement.into(),
                output: said,
            })
    }

    /// Ends the server as a crash would: every process of it by SIGKILL, the files left as they
    /// are.
    pub fn kill(&self) -> Result<(), Error> {
        self.slay(&self.server())
    }

    /// Starts the server again at the same address, after [`kill`](Throwaway::kill), or after
    /// killing it. Blocks until it has recovered and takes connections.
    pub fn restart(&self) -> Result<(), Error> {
        let mut server = self.server();
        self.slay(&server)?;
        server.id = server.watcher.start()?;
        Postmaster::await_ready(&self.data(), server.id, &self.log(), PATIENCE)
    }

    /// The file with the server's log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Stops the server at once and removes its folder, as dropping it does.
    pub fn stop(self) {}

    /// Stops the first process before it is killed, so that it starts no more of the others.
    fn slay(&self, server: &Server) -> Result<(), Error> {
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
        let ended = wait::until(PATIENCE, || gone().then_some(()));
        ended.ok_or_else(|| Error::busy(self.folder.path(), "a killed server to end", PATIENCE))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A thread that panicked with it has changed nothing half: the id is replaced in one step.
    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.server().watcher.finish();
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
    let roomy = statvfs(memory)
        .is_ok_and(|free| free.f_bavail.saturating_mul(free.f_frsize) >= ENOUGH_MEMORY);
    let disk = Some(env::temp_dir()).filter(|place| socket::fits(&place.join("magnusapi-123456")));
    let disk = disk.unwrap_or_else(|| "/tmp".into());
    let in_memory = if roomy { folder_in(memory).ok() } else { None };
    let folder = match in_memory {
        Some(folder) => folder,
        None => folder_in(&disk).map_err(Error::file("create a folder in", &disk))?,
    };
    account.reach(folder.path().parent().unwrap_or(memory))?;
    account.own(folder.path())?;
    Ok(folder)
}

/// As an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_does_not_end_it() {
        assert_eq!(quoted(r#"my "items""#), r#""my ""items""""#);
    }
}
