//! The folder of a durable cluster.
//!
//! | entry | purpose |
//! |---|---|
//! | `data` | the cluster, which appears complete |
//! | `users` | locked shared by every process that uses the server, and exclusively while it stops |
//! | `opening` | locked by the process that joins or starts the server |
//! | `log`, `log.old` | the server's log since its last start, and the one before |
//! | `.s.PGSQL.5432` | the socket, unless the path is too long for one |

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::account::Account;
use crate::postmaster::Postmaster;
use crate::wait::{self, TIMEOUT};
use crate::{Error, Programs, aside, cluster};

/// The folder of a cluster, and the account of its server.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) account: Account,
}

impl Home {
    /// Prepares `folder` for a cluster: it is private to the server's account.
    pub(crate) fn prepare(folder: &Path) -> Result<Home, Error> {
        let create = DirBuilder::new().recursive(true).mode(0o755).create(folder);
        create.map_err(Error::file("create", folder))?;
        let folder = fs::canonicalize(folder).map_err(Error::file("find", folder))?;
        let account = Account::owning(&folder)?;
        account.reach(folder.parent().unwrap_or(&folder))?;
        let home = Home { folder, account };
        home.claim()?;
        Ok(home)
    }

    /// Other files mean that the folder's name was mistyped, so it must not become private. Another process may claim the
    /// folder at the same time, and creates `users` first: so that file is tested last.
    fn claim(&self) -> Result<(), Error> {
        let mut entries = fs::read_dir(&self.folder).map_err(Error::file("read", &self.folder))?;
        if entries.next().is_some() && !self.users().exists() {
            return Err(Error(format!(
                "{} is not empty and has no database of this program: choose a new or an empty folder",
                self.folder.display()
            )));
        }
        self.open(&self.users())?;
        let private = fs::set_permissions(&self.folder, Permissions::from_mode(0o700));
        private.map_err(Error::file("make private", &self.folder))?;
        self.account.own(&self.folder)
    }

    /// A lock file that the server's account can open too. Links are not followed, or that account could make root open
    /// another file.
    fn open(&self, path: &Path) -> Result<File, Error> {
        let no_link = OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .mode(0o600)
            .custom_flags(no_link)
            .open(path);
        let file = file.map_err(Error::file("open", path))?;
        self.account.own(path)?;
        Ok(file)
    }

    /// Excludes other processes that open the cluster, until the file is dropped.
    pub(crate) fn lock_opening(&self) -> Result<File, Error> {
        let file = self.open(&self.folder.join("opening"))?;
        // The holder may wait for a server to stop, and then to start.
        self.lock(
            file,
            File::try_lock,
            TIMEOUT * 2,
            "another process to open the cluster",
        )
    }

    /// Becomes a user of the server, until the file is dropped. Waits while a server stops.
    pub(crate) fn lock_users(&self) -> Result<File, Error> {
        let file = self.open(&self.users())?;
        self.lock(file, File::try_lock_shared, TIMEOUT, "the server to stop")
    }

    fn lock(
        &self,
        file: File,
        attempt: impl Fn(&File) -> Result<(), TryLockError>,
        limit: Duration,
        event: &str,
    ) -> Result<File, Error> {
        let outcome = wait::until(limit, || match attempt(&file) {
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => Some(Err(error)),
            Ok(()) => Some(Ok(())),
        });
        let outcome = outcome.ok_or_else(|| Error::busy(&self.folder, event, limit))?;
        outcome.map_err(Error::file("lock", &self.folder))?;
        Ok(file)
    }

    /// The server on this cluster, if there is one. Waits while one starts or stops. The caller holds both locks.
    pub(crate) fn running(&self) -> Result<Option<Postmaster>, Error> {
        let settled = wait::until(TIMEOUT, || match Postmaster::find(&self.data()) {
            Some(server) if !server.ready => None,
            settled => Some(settled),
        });
        let event = "the server to start or stop";
        settled.ok_or_else(|| Error::busy(&self.folder, event, TIMEOUT))
    }

    /// The programs of the cluster's version. Without a cluster, it is created with `programs`.
    pub(crate) fn ensure_cluster(&self, programs: &Programs) -> Result<Programs, Error> {
        let data = self.data();
        let programs = match fs::read_to_string(data.join("PG_VERSION")) {
            Ok(version) => programs.of_major(version.trim().parse().unwrap_or_default(), &data)?,
            Err(_) => programs.clone(),
        };
        self.account.reach(&programs.path("postgres"))?;
        if !data.exists() {
            self.create_cluster(&programs)?;
        }
        Ok(programs)
    }

    fn create_cluster(&self, programs: &Programs) -> Result<(), Error> {
        let aside = aside::begin(&self.folder)?;
        self.account.own(aside.path())?;
        cluster::create(programs, &self.account, aside.path(), "--data-checksums")?;
        aside::publish(&aside, &self.data())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn users(&self) -> PathBuf {
        self.folder.join("users")
    }

    /// The path of a new, empty log. One old log stays, which shows why the last server ended.
    pub(crate) fn new_log(&self) -> Result<PathBuf, Error> {
        let log = self.folder.join("log");
        if log.exists() {
            fs::rename(&log, self.folder.join("log.old")).map_err(Error::file("rename", &log))?;
        }
        Ok(log)
    }
}
