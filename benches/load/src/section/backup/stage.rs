//! The database that is backed up, where backups go, and each program's turn.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::bench::Bench;
use crate::database::Database;
use crate::usage::{Usage, measured};
use crate::workspace::Workspace;

use super::engine::{Export, GZIP, Restore};
use super::figures;

/// The database that every restore creates again.
const RESTORED: &str = "postfacto_restored";

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
        let size = figures::size(&source).await?;
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

    /// One backup: its usage with the server's processor time, and the stored bytes.
    pub(in crate::section) async fn export(
        &self,
        export: Export,
    ) -> anyhow::Result<((Usage, Duration), u64)> {
        // The others do not replace magnusapi's, which is restored.
        let output = match export {
            Export::Magnusapi(compression) => self.store(compression),
            _ => self.path("export"),
        };
        remove(&output)?;
        self.source.checkpoint().await?;
        let mut exporter = self.exporter(export, &output)?;
        let usage = self.bench.cluster.timed(measured(&mut exporter)).await?;
        Ok((usage, bytes(&output)?))
    }

    /// The last backup of this program: a file or a folder that `pg_restore` reads.
    pub(in crate::section) fn exported(&self, export: Export) -> anyhow::Result<PathBuf> {
        match export {
            Export::Magnusapi(compression) => self.archive(compression),
            _ => Ok(self.path("export")),
        }
    }

    fn exporter(&self, export: Export, output: &Path) -> anyhow::Result<Command> {
        Ok(match export {
            Export::PsqlCopy => self.copies("STDOUT"),
            Export::ServerCopy => self.copies("'/dev/null'"),
            Export::Magnusapi(compression) => {
                let mut ours = self.magnusapi(compression)?;
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

    /// One turn, whose database is dropped afterwards: its usage with the server's processor time.
    pub(super) async fn restore(&self, restore: Restore) -> anyhow::Result<(Usage, Duration)> {
        let cluster = &self.bench.cluster;
        let ours = matches!(restore, Restore::Magnusapi { .. });
        // magnusapi makes its database; the others want one.
        cluster.remove(RESTORED).await?;
        if !ours {
            cluster.create(RESTORED, None).await?;
        }
        let target = cluster.database(RESTORED);
        let mut restorer = self.restorer(restore, &target)?;
        let usage = cluster.timed(measured(&mut restorer)).await?;
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
        Ok(match restore {
            Restore::Magnusapi { jobs, verifies } => {
                let mut ours = self.magnusapi(GZIP)?;
                ours.args(["restore", "latest", "--to", target.url()]);
                ours.arg(format!("--jobs={jobs}"));
                ours.args((!verifies).then_some("--no-verify"));
                ours
            }
            Restore::Stock(jobs) => {
                let mut stock = target.client("pg_restore");
                stock.args(["--exit-on-error", "--dbname"]).arg(RESTORED);
                stock.arg(format!("--jobs={jobs}")).arg(self.archive(GZIP)?);
                stock
            }
            Restore::Psql => {
                let mut psql = target.client("psql");
                psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
                psql.arg("--file").arg(self.path("plain.sql"));
                psql
            }
        })
    }

    /// Without a database to restore into.
    pub(in crate::section) fn pg_restore(&self) -> Command {
        self.source.client("pg_restore")
    }

    /// With its defaults, but for this compression.
    pub(in crate::section) fn magnusapi(&self, compression: &str) -> anyhow::Result<Command> {
        let mut ours = magnusapi(self.bench, &self.store(compression), &self.source)?;
        ours.env("BACKUP_COMPRESSION", compression);
        Ok(ours)
    }

    /// The folder of magnusapi's backup, which `pg_restore` reads.
    fn archive(&self, compression: &str) -> anyhow::Result<PathBuf> {
        let store = self.store(compression).join("postfacto");
        let entries = fs::read_dir(&store).context("there is no backup to restore")?;
        let mut folders = entries.flatten().map(|entry| entry.path());
        folders
            .find(|folder| folder.join("toc.dat").exists())
            .context("the backup has no toc.dat")
    }

    /// Where magnusapi stores backups with this compression.
    fn store(&self, compression: &str) -> PathBuf {
        self.path(&format!("store-{}", compression.replace(':', "-")))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// `magnusapi backup` of one database, stored in a folder, with its defaults.
pub(super) fn magnusapi(bench: &Bench, store: &Path, source: &Database) -> anyhow::Result<Command> {
    let mut command = Command::new(bench.deployed().binary()?);
    command
        .env("BACKUP_URL", format!("file://{}", store.display()))
        .env("BACKUP_DATABASES", "postfacto")
        .env("BACKUP_DATABASE_URL_POSTFACTO", source.url())
        .env_remove("BACKUP_RECIPIENTS")
        .arg("backup");
    Ok(command)
}

/// Removes a file or a folder, if it is there.
pub(in crate::section) fn remove(path: &Path) -> anyhow::Result<()> {
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
