//! Backups with one flipped bit, and truncated backups: the readers that report the damage.
//!
//! The output of a reader that succeeds is compared with its output for the whole backup.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, ensure};
use fastrand::Rng;
use tokio::process::Command;

use super::backup::{Export, GZIP, Stage, ZSTD};
use crate::aim::{self, Aim};
use crate::bench::Bench;
use crate::process;
use crate::spread::Spread;
use crate::table::Table;
use crate::workspace::Workspace;

/// The same damages each time, and to each kind of backup.
const SEED: u64 = 20_210_612;

/// A kind of backup, and its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// `magnusapi backup verify`, with this compression.
    Verify(&'static str),
    /// `pg_restore` of magnusapi's backup, with this compression.
    Stock(&'static str),
    Custom,
    Directory,
    Zstd,
}

/// One way to damage a file.
#[derive(Clone, Copy)]
enum Harm {
    Flip,
    Cut,
}

/// The results of some damages.
#[derive(Default)]
struct Tally {
    /// The reader failed.
    found: usize,
    /// Its output is that of the whole backup.
    harmless: usize,
    /// It gave something else, and ended well.
    silent: usize,
    /// `pg_restore --list` failed already.
    at_a_glance: usize,
}

/// A backup that is damaged and repaired again.
struct Backup<'a> {
    stage: &'a Stage<'a>,
    reader: Reader,
    path: PathBuf,
    /// Its files, in order, and how long they are.
    files: Vec<(PathBuf, u64)>,
    /// The reader's output for the whole backup.
    whole: Vec<u8>,
}

/// Damages every kind of backup in the same ways.
pub(crate) async fn measure(bench: &Bench, workspace: &Workspace) -> anyhow::Result<String> {
    let extent = bench.extent;
    let stage = Stage::prepare(bench, workspace, extent.corrupted_scale).await?;
    let zstd = process::output(Command::new("zstd").arg("--version")).await;
    let harms = [(Harm::Flip, extent.flips), (Harm::Cut, extent.cuts)];
    let mut table = Table::new(2, &HEADING);
    let mut aims = Vec::new();
    let mut missing = String::new();
    for reader in Reader::ALL {
        if reader == Reader::Zstd && zstd.is_err() {
            continue;
        }
        let backup = match Backup::make(&stage, reader).await {
            // Not every build of pg_restore has zstd.
            Err(error) if reader == Reader::Stock(ZSTD) => {
                missing.push_str(&super::not_run([(
                    &*reader.name(),
                    &Err::<(), _>(format!("{error:#}")),
                )]));
                continue;
            }
            made => made?,
        };
        for (harm, count) in harms {
            let tally = backup.damaged(harm, count).await?;
            if let Reader::Verify(compression) = reader {
                aims.push(tally.aim(harm, count, compression));
            }
            table.row(tally.row(reader, harm, count));
        }
    }
    missing += &super::not_run([("pg_dump | zstd -3", &zstd.map_err(|it| format!("{it:#}")))]);
    let (figures, aims) = (table.markdown(), aim::table(&aims));
    Ok(format!("{}\n\n{figures}{missing}\n{aims}", stage.size))
}

const HEADING: [&str; 7] = [
    "read by",
    "damage",
    "tried",
    "found",
    "found by `--list`",
    "no effect",
    "wrong, and exit code 0",
];

impl Reader {
    const ALL: [Reader; 7] = [
        Reader::Verify(GZIP),
        Reader::Verify(ZSTD),
        Reader::Stock(GZIP),
        Reader::Stock(ZSTD),
        Reader::Custom,
        Reader::Directory,
        Reader::Zstd,
    ];

    fn name(self) -> String {
        let name = match self {
            Reader::Verify(compression) => {
                return format!("magnusapi backup verify, {compression}");
            }
            Reader::Stock(compression) => {
                return format!("pg_restore of magnusapi's backup, {compression}");
            }
            Reader::Custom => "pg_restore of pg_dump -Fc",
            Reader::Directory => "pg_restore of pg_dump -Fd",
            Reader::Zstd => "zstd -d of pg_dump \\| zstd -3",
        };
        name.to_owned()
    }

    fn export(self) -> Export {
        match self {
            Reader::Verify(compression) | Reader::Stock(compression) => {
                Export::Magnusapi(compression)
            }
            Reader::Custom => Export::Custom,
            Reader::Directory => Export::Directory,
            Reader::Zstd => Export::Zstd,
        }
    }

    /// Whether it has a list of its contents, which can be read alone.
    fn has_a_list(self) -> bool {
        matches!(self, Reader::Stock(_) | Reader::Custom | Reader::Directory)
    }
}

impl Harm {
    fn name(self) -> &'static str {
        match self {
            Harm::Flip => "one bit flipped",
            Harm::Cut => "one file cut short",
        }
    }

    /// Does it at one byte.
    fn done(self, content: &mut Vec<u8>, byte: usize, dice: &mut Rng) {
        match self {
            Harm::Flip => content[byte] ^= 1 << dice.u8(..8),
            Harm::Cut => content.truncate(byte),
        }
    }
}

impl Tally {
    fn row(&self, reader: Reader, harm: Harm, count: usize) -> [String; 7] {
        let glance = if reader.has_a_list() {
            self.at_a_glance.to_string()
        } else {
            "–".to_owned()
        };
        [
            reader.name(),
            harm.name().to_owned(),
            count.to_string(),
            self.found.to_string(),
            glance,
            self.harmless.to_string(),
            self.silent.to_string(),
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    fn aim(&self, harm: Harm, count: usize, compression: &str) -> Aim {
        let what = format!("{}, {compression}: found by `backup verify`", harm.name());
        let found = Spread::of([self.found as f64]);
        Aim::at_least(what, count as f64, found)
    }
}

impl Backup<'_> {
    async fn make<'a>(stage: &'a Stage<'a>, reader: Reader) -> anyhow::Result<Backup<'a>> {
        stage.export(reader.export()).await?;
        let path = stage.exported(reader.export())?;
        let mut files = Vec::new();
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                files.push((entry.path(), entry.metadata()?.len()));
            }
            files.sort();
        } else {
            files.push((path.clone(), fs::metadata(&path)?.len()));
        }
        let mut backup = Backup {
            stage,
            reader,
            path,
            files,
            whole: Vec::new(),
        };
        backup.whole = given(&mut backup.reading()?)
            .await?
            .with_context(|| format!("{} refuses a whole backup", reader.name()))?;
        Ok(backup)
    }

    async fn damaged(&self, harm: Harm, count: usize) -> anyhow::Result<Tally> {
        let mut dice = Rng::with_seed(SEED);
        let mut tally = Tally::default();
        for _ in 0..count {
            let (file, byte) = self.place(&mut dice);
            let whole = fs::read(file)?;
            let mut damaged = whole.clone();
            harm.done(&mut damaged, byte, &mut dice);
            fs::write(file, damaged)?;
            if self.reader.has_a_list() {
                let listed = given(self.stage.pg_restore().arg("--list").arg(&self.path)).await?;
                tally.at_a_glance += usize::from(listed.is_none());
            }
            let count = match given(&mut self.reading()?).await? {
                None => &mut tally.found,
                // It gives its word alone, and the word was wrong.
                Some(_) if matches!(self.reader, Reader::Verify(_)) => &mut tally.silent,
                Some(read) if read == self.whole => &mut tally.harmless,
                Some(_) => &mut tally.silent,
            };
            *count += 1;
            fs::write(file, whole)?;
        }
        let read = given(&mut self.reading()?).await?;
        ensure!(
            read.as_ref() == Some(&self.whole),
            "{}: the backup was not repaired",
            self.reader.name()
        );
        Ok(tally)
    }

    /// Any byte of any file, each as likely as every other.
    fn place(&self, dice: &mut Rng) -> (&PathBuf, usize) {
        let all: u64 = self.files.iter().map(|(_, length)| length).sum();
        let mut byte = dice.u64(..all);
        for (file, length) in &self.files {
            if byte < *length {
                let byte = usize::try_from(byte).expect("a small backup");
                return (file, byte);
            }
            byte -= length;
        }
        unreachable!("the byte is one of theirs")
    }

    fn reading(&self) -> anyhow::Result<Command> {
        Ok(match self.reader {
            Reader::Verify(compression) => {
                let mut verify = self.stage.magnusapi(compression)?;
                verify.args(["verify", "latest"]);
                verify
            }
            Reader::Stock(_) | Reader::Custom | Reader::Directory => {
                let mut restore = self.stage.pg_restore();
                restore.arg("--file=-").arg(&self.path);
                restore
            }
            Reader::Zstd => {
                let mut zstd = Command::new("zstd");
                zstd.args(["--decompress", "--stdout"]).arg(&self.path);
                zstd
            }
        })
    }
}

/// The stdout of `command`, or `None` if it fails.
async fn given(command: &mut Command) -> anyhow::Result<Option<Vec<u8>>> {
    let output = command.kill_on_drop(true).stdin(Stdio::null()).output();
    let output = output
        .await
        .map_err(|error| process::not_started(command, &error))?;
    let lines = output.stdout.split_inclusive(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !is_of_one_run(line));
    Ok(output
        .status
        .success()
        .then(|| lines.flatten().copied().collect()))
}

/// psql's guard against commands in a dump, which has a new key each time.
fn is_of_one_run(line: &[u8]) -> bool {
    line.starts_with(b"\\restrict ") || line.starts_with(b"\\unrestrict ")
}
