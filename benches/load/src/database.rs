//! A PostgreSQL for the benchmarks: its own server, on disk and flushed, and copies of one table.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use localpg::{Durable, Programs};
use rustix::fs::statfs;
use tempfile::TempDir;
use tokio::process::Command;

use crate::process;

/// How many items the streamed table has.
pub(crate) const MANY: u32 = 1_000_000;

/// For the end of the server, which flushes the data of the last run.
const PATIENCE: Duration = Duration::from_secs(20);

/// Below the folder of a cluster.
const PID_FILE: &str = "postgres/data/postmaster.pid";

/// `f_type` of a file system in memory, where a flush means nothing.
const TMPFS: i64 = 0x0102_1994;

/// A server that flushes, with its settings as they are by default, but for autovacuum, which
/// would fall into one run and spare the next.
pub(crate) struct Cluster {
    programs: Programs,
    /// Dropped before its folder.
    durable: Option<Durable>,
    /// The server's process id.
    postmaster: u32,
    folder: TempDir,
}

/// One database of the cluster.
#[derive(Clone)]
pub(crate) struct Database {
    programs: PathBuf,
    name: String,
    url: String,
}

impl Cluster {
    /// Makes a cluster below `target` and starts its server.
    pub(crate) async fn start(target: &Path) -> anyhow::Result<Cluster> {
        let programs = Programs::find_or_fetch(&mut |line| println!("{line}"))?;
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(target)
            .with_context(|| format!("cannot make a folder in {}", target.display()))?;
        let kind = statfs(folder.path()).context("cannot determine the kind of the file system")?;
        ensure!(
            kind.f_type != TMPFS,
            "{} is in memory, where no flush costs anything: set CARGO_TARGET_DIR to a folder on disk",
            target.display()
        );
        let durable = Durable::open(&programs, &folder.path().join("postgres"))?;
        let postmaster = fs::read_to_string(folder.path().join(PID_FILE));
        let postmaster = postmaster.context("cannot read the server's pid file")?;
        let postmaster = postmaster.lines().next().and_then(|id| id.parse().ok());
        let cluster = Cluster {
            programs,
            durable: Some(durable),
            postmaster: postmaster.context("the server's pid file has no process id")?,
            folder,
        };
        let server = cluster.database("postgres");
        server.execute("ALTER SYSTEM SET autovacuum = off").await?;
        server.execute("SELECT pg_reload_conf()").await?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = server.execute(&format!("SHOW {setting}")).await?;
            ensure!(
                value == "on",
                "{setting} is {value}: nothing would be durable"
            );
        }
        Ok(cluster)
    }

    /// The database `name`, which may not be there yet.
    pub(crate) fn database(&self, name: &str) -> Database {
        let url = self.durable.as_ref().map(|durable| durable.url(name));
        Database {
            programs: self.programs.folder().to_owned(),
            name: name.to_owned(),
            url: url.unwrap_or_default(),
        }
    }

    /// Creates the database `name` again: empty, or a copy of `template`.
    pub(crate) async fn create(
        &self,
        name: &str,
        template: Option<&str>,
    ) -> anyhow::Result<Database> {
        self.remove(name).await?;
        let server = self.database("postgres");
        let template = template.unwrap_or("template1");
        server
            .execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await?;
        server.execute("CHECKPOINT").await?;
        Ok(self.database(name))
    }

    /// Drops the database `name`, if it is there.
    pub(crate) async fn remove(&self, name: &str) -> anyhow::Result<()> {
        let server = self.database("postgres");
        server
            .execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        server.checkpoint().await
    }

    /// A folder on the disk that the server writes to.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Does `work`, and measures the user and system time of the server meanwhile, with all its sessions.
    pub(crate) async fn timed<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(T, Duration)> {
        let before = process::processor_time(self.postmaster)?;
        let done = work.await?;
        let after = process::processor_time(self.postmaster)?;
        Ok((done, after.saturating_sub(before)))
    }

    /// New sessions of the server run on these cores alone, as taskset lists them: `0-1`.
    pub(crate) async fn pin(&self, cores: &str) -> anyhow::Result<()> {
        let mut taskset = Command::new("taskset");
        taskset.args(["--cpu-list", "--pid", cores]);
        taskset.arg(self.postmaster.to_string());
        process::output(&mut taskset).await.map(drop)
    }

    /// The server's version, such as `15.18`.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        let server = self.database("postgres");
        let version = server.execute("SHOW server_version").await?;
        Ok(version.split(' ').next().unwrap_or_default().to_owned())
    }
}

impl Drop for Cluster {
    /// The server ends in the background when its last user is gone; its folder must wait for it.
    fn drop(&mut self) {
        self.durable = None;
        let running = self.folder.path().join(PID_FILE);
        let deadline = Instant::now() + PATIENCE;
        while running.exists() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Database {
    /// The address in keyword form, as magnusapi and libpq take it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The address as libpq's variables, without the database: `PGHOST`, `PGPORT`, `PGUSER`, and
    /// `PGDATABASE`.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let pairs = self.url.split(' ').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(keyword, value)| {
                let name = if keyword == "dbname" {
                    "database"
                } else {
                    keyword
                };
                (format!("PG{}", name.to_uppercase()), value.to_owned())
            })
            .collect()
    }

    /// One of PostgreSQL's client programs, to be run on this database.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.envs(self.variables()).env("PGOPTIONS", "");
        command
    }

    /// Runs one statement, and returns its output.
    pub(crate) async fn execute(&self, statement: &str) -> anyhow::Result<String> {
        let mut psql = self.client("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.args(["--set=ON_ERROR_STOP=1", "--command", statement]);
        process::output(&mut psql).await
    }

    /// Runs the statements of `files` in their order, in one session that begins with `first`.
    pub(crate) async fn execute_files(&self, first: &str, files: &[PathBuf]) -> anyhow::Result<()> {
        let mut psql = self.client("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--command", first]);
        for file in files {
            psql.arg("--file").arg(file);
        }
        process::output(&mut psql).await.map(drop)
    }

    /// Fills the empty table with items 1 to `count`.
    pub(crate) async fn fill(&self, count: u32) -> anyhow::Result<()> {
        let insert = "INSERT INTO item (name) SELECT 'item ' || n FROM generate_series(1";
        self.execute(&format!("{insert}, {count}) AS n")).await?;
        self.execute("VACUUM (ANALYZE) item").await?;
        Ok(())
    }

    /// Writes the dirty pages of earlier runs, so that the next one does not pay for them.
    pub(crate) async fn checkpoint(&self) -> anyhow::Result<()> {
        self.execute("CHECKPOINT").await.map(drop)
    }
}
