//! A server for developers, whose data stays.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::home::Home;
use crate::postmaster::Postmaster;
use crate::wait::TIMEOUT;
use crate::watcher::Watcher;
use crate::{Error, Programs, cluster, socket};

/// The port in the socket's name; nothing listens on it.
const PORT: u16 = 5432;

/// A cluster whose data is flushed and has checksums, in a folder that only the server's account may enter.
///
/// Every process that opens the folder shares one server. Each open `Durable` is one user, until it is dropped or its
/// process ends. After the last user, the server shuts down in the background, which takes some tenths of a second. A
/// process that opens the folder meanwhile waits and starts the server again.
#[derive(Debug)]
pub struct Durable {
    folder: PathBuf,
    socket_folder: PathBuf,
    watcher: Option<Watcher>,
    /// The lock of a user.
    _users: File,
}

impl Durable {
    /// Joins the server on `folder`, or starts it. Creates the cluster if there is none.
    ///
    /// The folder is created; one with other contents is refused. A cluster of another major version runs with the programs
    /// of that version, if this machine has them. Blocks until the server accepts connections: milliseconds to join, a
    /// second or two for a new cluster, at most some minutes until an error.
    pub fn open(programs: &Programs, folder: &Path) -> Result<Durable, Error> {
        let home = Home::prepare(folder)?;
        let _opening = home.lock_opening()?;
        let users = home.lock_users()?;
        if let Some(server) = home.running()? {
            let socket_folder = server.socket_folder;
            return Ok(Durable {
                folder: home.folder,
                socket_folder,
                watcher: None,
                _users: users,
            });
        }
        let programs = home.ensure_cluster(programs)?;
        let socket_folder = socket::folder(&home.folder, &home.account)?;
        let watcher = start(&home, &programs, &socket_folder)?;
        Ok(Durable {
            folder: home.folder,
            socket_folder,
            watcher: Some(watcher),
            _users: users,
        })
    }

    /// The address of `database` for the role `postgres`, in keyword form: `host=… port=5432
    /// user=postgres dbname=…`. A new cluster has the database `postgres`.
    pub fn url(&self, database: &str) -> String {
        self.url_for(cluster::SUPERUSER, database)
    }

    /// The address of `database` for another role, which needs no password. Its name must not need quotes.
    pub fn url_for(&self, role: &str, database: &str) -> String {
        cluster::url(&self.socket_folder, PORT, role, database)
    }

    /// Whether [`Durable::open`] started the server. It joined a running one otherwise.
    pub fn started(&self) -> bool {
        self.watcher.is_some()
    }

    /// The cluster's folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn start(home: &Home, programs: &Programs, socket_folder: &Path) -> Result<Watcher, Error> {
    require_flock()?;
    let data = home.data();
    let log = home.new_log()?;
    let server = cluster::server(programs, &data, socket_folder, PORT);
    let (watcher, id) = Watcher::shared(&home.account, &home.users(), &log, &server)?;
    Postmaster::await_ready(&data, id, &log, TIMEOUT)?;
    Ok(watcher)
}

/// `flock` of other packages cannot pass its lock to the command that it runs.
fn require_flock() -> Result<(), Error> {
    let version = Command::new("flock").arg("--version").output();
    let known =
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux"));
    known.then_some(()).ok_or_else(|| {
        Error(
            "found no util-linux `flock` in PATH, which stops the server with its last user: install `util-linux`"
                .into(),
        )
    })
}
