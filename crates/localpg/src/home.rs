//! The folder of a durable cluster.
//!
//! | in it | purpose |
//! |---|---|
//! | `data` | the cluster; complete, or not there: it is made aside |
//! | `users` | locked shared by every process that uses the server, and exclusively while it stops |
//! | `opening` | locked by the one process that looks whether to join or to start |
//! | `log`, `log.old` | what the server says, since its last start and the time before |
//! | `.s.PGSQL.5432` | the socket, unless the path is too long for one |

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::account::Account;
use crate::postmaster::Postmaster;
use crate::wait::{self, PATIENCE};
use crate::{Error, Programs, aside, cluster};

/// A folder that is ours, and who runs its server.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) account: Account,
}

impl Home {
    /// Makes `folder` ready to hold a cluster, or finds it so: private to the server's account.
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

    /// A file of somebody else's is a sign of a mistyped folder, which must not become private.
    /// Another process may claim the folder at the same time, and makes `users` before anything
    /// else: so look for that last.
    fn claim(&self) -> Result<(), Error> {
        let mut entries = fs::read_dir(&self.folder).map_err(Error::file("read", &self.folder))?;
        if entries.next().is_some() && !self.users().exists() {
            return Err(Error::Occupied(self.folder.clone()));
        }
        self.open(&self.users())?;
        let private = fs::set_permissions(&self.folder, Permissions::from_mode(0o700));
        private.map_err(Error::file("make private", &self.folder))?;
        self.account.own(&self.folder)
    }

    /// A lock file that the server's account can open too. That account must not be able to turn
    /// root's hand to another file by a link.
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

    /// One process at a time looks and acts; held until the file is dropped.
    pub(crate) fn lock_opening(&self) -> Result<File, Error> {
        let file = self.open(&self.folder.join("opening"))?;
        // The one before may wait for a server to stop, and then to start.
        self.lock(
            file,
            File::try_lock,
            PATIENCE * 2,
            "another process to open the cluster",
        )
    }

    /// Joins the users of the server; held until the file is dropped. Waits while a server stops.
    pub(crate) fn lock_users(&self) -> Result<File, Error> {
        let file = self.open(&self.users())?;
        self.lock(file, File::try_lock_shared, PATIENCE, "the server to stop")
    }

    fn lock(
        &self,
        file: File,
        attempt: impl Fn(&File) -> Result<(), TryLockError>,
        limit: Duration,
        what: &'static str,
    ) -> Result<File, Error> {
        let outcome = wait::until(limit, || match attempt(&file) {
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => Some(Err(error)),
            Ok(()) => Some(Ok(())),
        });
        let outcome = outcome.ok_or_else(|| Error::busy(&self.folder, what, limit))?;
        outcome.map_err(Error::file("lock", &self.folder))?;
        Ok(file)
    }

    /// The server on this cluster, if there is one. Waits while one starts or stops. Call it with
    /// both locks.
    pub(crate) fn running(&self) -> Result<Option<Postmaster>, Error> {
        let settled = wait::until(PATIENCE, || match Postmaster::find(&self.data()) {
            Some(server) if !server.ready => None,
            settled => Some(settled),
        });
        let what = "a server that neither starts nor stops";
        settled.ok_or_else(|| Error::busy(&self.folder, what, PATIENCE))
    }

    /// The programs for the cluster here: of its version if there is one, else `programs`, with
    /// which it is made.
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

    /// The path of a new, empty log. One old log is kept: enough to see why the last server ended,
    /// and bounded.
    pub(crate) fn new_log(&self) -> Result<PathBuf, Error> {
        let log = self.folder.join("log");
        if log.exists() {
            fs::rename(&log, self.folder.join("log.old")).map_err(Error::file("rename", &log))?;
        }
        Ok(log)
    }
}
