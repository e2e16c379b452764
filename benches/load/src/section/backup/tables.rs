//! Databases of tables of one size, without indexes, and their backups.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use tokio::process::Command;

use super::stage::{magnusapi, remove};
use crate::bench::Bench;
use crate::database::Database;
use crate::process;
use crate::usage::{Usage, measured};

/// Bytes that a row takes in the database, about.
pub(in crate::section) const ROW: u64 = 152;

/// psql runs each line of the result as a statement of its own, because one transaction cannot lock thousands of
/// tables.
const MAKE: &str = "SELECT format('CREATE TABLE many_%s AS
        SELECT n, ''some text of a retro item, number '' || n || md5(n::text) AS description,
               now() AS created_at, md5((7 * n)::text) AS more
          FROM generate_series(1, %s) n', i, ROWS)
  FROM generate_series(1, TABLES) i \\gexec\n";

/// Where such databases are made, and their backups.
pub(in crate::section) struct Tables<'a> {
    bench: &'a Bench,
    folder: PathBuf,
}

impl Tables<'_> {
    pub(in crate::section) fn new(bench: &Bench) -> anyhow::Result<Tables<'_>> {
        let folder = bench.cluster.folder().join("tables");
        fs::create_dir_all(&folder).context("cannot make a folder for backups")?;
        Ok(Tables { bench, folder })
    }

    /// A new database with this number of tables, and of rows in each.
    pub(in crate::section) async fn make(
        &self,
        tables: u64,
        rows: u64,
    ) -> anyhow::Result<Database> {
        let database = self.bench.cluster.create("many_tables", None).await?;
        let make = MAKE.replace("ROWS", &rows.to_string());
        let script = self.folder.join("tables.sql");
        fs::write(&script, make.replace("TABLES", &tables.to_string()))
            .context("cannot write a script")?;
        let fast = "SET synchronous_commit = off";
        database.execute_files(fast, &[script]).await?;
        database.checkpoint().await?;
        Ok(database)
    }

    /// magnusapi's backup of a database, on these cores or on all.
    pub(in crate::section) async fn back_up(
        &self,
        database: &Database,
        jobs: u8,
        cores: Option<&str>,
    ) -> anyhow::Result<Usage> {
        let store = self.folder.join("store");
        remove(&store)?;
        let mut create = magnusapi(self.bench, &store, database)?;
        create.env("BACKUP_JOBS", jobs.to_string()).arg("create");
        measured(&mut pinned(create, cores)).await
    }

    /// The restore of the last backup into a new database, which is dropped afterwards.
    pub(in crate::section) async fn restore(&self, database: &Database) -> anyhow::Result<Usage> {
        let cluster = &self.bench.cluster;
        let restored = cluster.database("many_restored");
        let mut restore = magnusapi(self.bench, &self.folder.join("store"), database)?;
        restore.args(["restore", "latest", "--to", restored.url()]);
        let usage = measured(&mut restore).await;
        cluster.remove("many_restored").await?;
        usage
    }

    /// psql's COPY of the only table of a database, thrown away.
    pub(super) async fn copy(
        &self,
        database: &Database,
        cores: Option<&str>,
    ) -> anyhow::Result<Usage> {
        let mut psql = database.client("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--command", "COPY many_1 TO STDOUT"]);
        measured(&mut pinned(psql, cores)).await
    }
}

fn pinned(command: Command, cores: Option<&str>) -> Command {
    match cores {
        Some(cores) => process::on_cores(cores, &command),
        None => command,
    }
}
