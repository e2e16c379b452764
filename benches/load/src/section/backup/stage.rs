//! The database that is backed up, where backups go, and each program's turn.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::bench::Bench;
use crate::database::Database;
use crate::usage::{Usage, measured};
use crate::workspace::Workspace;

use super::engine::{Export, Restore};

/// The database that every restore creates again.
const RESTORED: &str = "postfacto_restored";

const SIZE: &str = "SELECT pg_size_pretty(pg_database_size(current_database()))";

/// How many tables a database of many tables has.
pub(super) const MANY: u32 = 40;

/// Tables of one size: each is a separate file, and the memory of one must serve the next.
const MANY_TABLES: &str = "DO $$ BEGIN
    FOR i IN 1..TABLES LOOP
        EXECUTE format('CREATE TABLE many_%s AS
            SELECT n, ''some text of a retro item, number '' || n || md5(n::text) AS description,
                   now() AS created_at, md5((7 * n)::text) AS more
              FROM generate_series(1, %s) n', i, ROWS);
    END LOOP;
END $$";

/// A Postfacto, its tables, and a folder for each program's backup.
pub(in crate::section) struct Stage<'a> {
    bench: &'a Bench,
    source: Database,
    tables: Vec<String>,
    items: String,
    folder: PathBuf,
    /// How large the database is, as a sentence.
    pub(in crate::section) size: String,
}

impl Stage<'_> {
    /// Fills the database, which is announced.
    pub(in crate::section) async fn prepare<'a>(
        bench: &'a Bench,
        workspace: &Workspace,
        scale: f64,
    ) -> anyhow::Result<Stage<'a>> {
        println!("filling a Postfacto database at scale {scale}");
        let source = bench.cluster.create("postfacto", None).await?;
        let data = |name| workspace.file(&format!("tests/it/sample_data/postfacto/{name}"));
        let scale = format!("SET postfacto.scale = {scale}");
        let files = [data("schema.sql"), data("rows.sql")];
        source.execute_files(&scale, &files).await?;
        source.execute("VACUUM ANALYZE").await?;
        let names = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
                     WHERE schemaname = 'public' ORDER BY 1";
        let tables = source.execute(names).await?;
        let size = source.execute(SIZE).await?;
        let items = source.execute("SELECT count(*) FROM items").await?;
        let folder = bench.cluster.folder().join("backups");
        fs::create_dir_all(&folder).context("cannot make a folder for backups")?;
        let stage = Stage {
            bench,
            tables: tables.lines().map(str::to_owned).collect(),
            size: format!("A Postfacto database of {size} with {items} items."),
            source,
            items,
            folder,
        };
        let mut plain = stage.source.client("pg_dump");
        plain.arg("--file").arg(stage.path("plain.sql"));
        measured(&mut plain).await?;
        Ok(stage)
    }

    /// One backup: its usage, and the stored bytes.
    pub(in crate::section) async fn export(&self, export: Export) -> anyhow::Result<(Usage, u64)> {
        let output = self.path("export");
        let store = self.path("store");
        for old in [&output, &store] {
            // The last one of magnusapi stays until its next backup, because it is restored.
            if old == &output || export == Export::Magnusapi {
                remove(old)?;
            }
        }
        self.source.checkpoint().await?;
        let usage = measured(&mut self.exporter(export, &output)?).await?;
        let stored = bytes(match export {
            Export::Magnusapi => &store,
            _ => &output,
        });
        Ok((usage, stored?))
    }

    /// The last backup of this program: a file or a folder that `pg_restore` reads.
    pub(in crate::section) fn exported(&self, export: Export) -> anyhow::Result<PathBuf> {
        match export {
            Export::Magnusapi => self.archive(),
            _ => Ok(self.path("export")),
        }
    }

    fn exporter(&self, export: Export, output: &Path) -> anyhow::Result<Command> {
        Ok(match export {
            Export::PsqlCopy => self.copies("STDOUT"),
            Export::ServerCopy => self.copies("'/dev/null'"),
            Export::Magnusapi => {
                let mut ours = self.magnusapi()?;
                ours.arg("create");
                ours
            }
            Export::Custom | Export::Directory => {
                let mut dump = self.source.client("pg_dump");
                dump.args(if export == Export::Custom {
                    &["--format=custom"][..]
                } else {
                    &["--format=directory", "--jobs=2"]
                });
                dump.arg("--file").arg(output);
                dump
            }
            Export::Zstd => {
                let dump = self.source.client("pg_dump");
                let mut shell = Command::new("bash");
                // Without pipefail, a dump that fails would count as a fast one.
                let script = "set -o pipefail; \"$0\" | zstd -3 --quiet -o \"$1\"";
                shell.args(["-c", script]);
                shell.arg(dump.as_std().get_program()).arg(output);
                shell.envs(self.source.variables());
                shell
            }
        })
    }

    fn copies(&self, to: &str) -> Command {
        let mut psql = self.source.client("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
        for table in &self.tables {
            psql.args(["--command", &format!("COPY {table} TO {to}")]);
        }
        psql
    }

    /// One turn, whose database is dropped afterwards.
    pub(super) async fn restore(&self, restore: Restore) -> anyhow::Result<Usage> {
        let cluster = &self.bench.cluster;
        let ours = matches!(
            restore,
            Restore::Magnusapi | Restore::Unverified | Restore::TwoJobs
        );
        // magnusapi makes its database; the others want one.
        cluster.remove(RESTORED).await?;
        if !ours {
            cluster.create(RESTORED, None).await?;
        }
        let target = cluster.database(RESTORED);
        let usage = measured(&mut self.restorer(restore, &target)?).await?;
        let items = target.execute("SELECT count(*) FROM items").await?;
        ensure!(
            items == self.items,
            "{} restored {items} items instead of {}",
            restore.name(),
            self.items
        );
        cluster.remove(RESTORED).await?;
        Ok(usage)
    }

    fn restorer(&self, restore: Restore, target: &Database) -> anyhow::Result<Command> {
        let options: &[&str] = match restore {
            Restore::Magnusapi => &[],
            Restore::Unverified => &["--no-verify"],
            Restore::TwoJobs => &["--jobs=2"],
            Restore::Stock(jobs) => {
                let mut stock = target.client("pg_restore");
                stock.args(["--exit-on-error", "--dbname"]).arg(RESTORED);
                stock.arg(format!("--jobs={jobs}")).arg(self.archive()?);
                return Ok(stock);
            }
            Restore::Psql => {
                let mut psql = target.client("psql");
                psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
                psql.arg("--file").arg(self.path("plain.sql"));
                return Ok(psql);
            }
        };
        let mut ours = self.magnusapi()?;
        ours.args(["restore", "latest", "--to", target.url()]);
        ours.args(options);
        Ok(ours)
    }

    /// Without a database to restore into.
    pub(in crate::section) fn pg_restore(&self) -> Command {
        self.source.client("pg_restore")
    }

    /// The usage of magnusapi for a database of many tables with `rows` rows each, and the size of the database.
    pub(super) async fn of_many_tables(&self, rows: u32) -> anyhow::Result<(Usage, String)> {
        let many = self.bench.cluster.create("many_tables", None).await?;
        let make = MANY_TABLES.replace("ROWS", &rows.to_string());
        let make = make.replace("TABLES", &MANY.to_string());
        many.execute(&make).await?;
        many.checkpoint().await?;
        remove(&self.path("store"))?;
        let mut create = self.magnusapi()?;
        create.env("BACKUP_DATABASE_URL_POSTFACTO", many.url());
        let usage = measured(create.arg("create")).await?;
        Ok((usage, many.execute(SIZE).await?))
    }

    /// With its defaults, but for where things are.
    pub(in crate::section) fn magnusapi(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(self.bench.deployed().binary()?);
        command
            .env(
                "BACKUP_URL",
                format!("file://{}", self.path("store").display()),
            )
            .env("BACKUP_DATABASES", "postfacto")
            .env("BACKUP_DATABASE_URL_POSTFACTO", self.source.url())
            .env("BACKUP_JOBS", "2")
            .env_remove("BACKUP_RECIPIENTS")
            .arg("backup");
        Ok(command)
    }

    /// The folder of magnusapi's backup, which `pg_restore` reads.
    fn archive(&self) -> anyhow::Result<PathBuf> {
        let store = self.path("store/postfacto");
        let entries = fs::read_dir(&store).context("there is no backup to restore")?;
        let mut folders = entries.flatten().map(|entry| entry.path());
        folders
            .find(|folder| folder.join("toc.dat").exists())
            .context("the backup has no toc.dat")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The bytes of a file, or of all files in a folder; 0 of nothing.
fn bytes(path: &Path) -> anyhow::Result<u64> {
    if path.is_dir() {
        let entries = fs::read_dir(path)?;
        return entries.map(|entry| bytes(&entry?.path())).sum();
    }
    Ok(fs::metadata(path).map_or(0, |file| file.len()))
}
