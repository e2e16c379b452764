//! `cargo xtask dist`: the archives and images of a release.

mod image;
mod licences;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use fs_err as fs;

use crate::archive::{self, Entry};
use crate::compile::{self, Target};
use crate::workspace::{self, VERSION, Workspace};
use crate::{digest, process, tools};

/// Build the archives and images of a release: target/dist
///
/// For each target an archive with the static program, its completions, man pages and licences, and an image for
/// containers, which `docker load` loads; and the file SHA256SUMS. The same commit gives the same bytes on every
/// machine. A program of another architecture runs under QEMU, for its version.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this target
    #[arg(long, value_enum)]
    target: Option<Target>,
    /// A static program for the target, in place of a build
    #[arg(long, value_name = "FILE", requires = "target")]
    program: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let manual = manual(workspace)?;
    let folder = workspace.target().join("dist");
    workspace::remove_folder(&folder)?;
    fs::create_dir_all(&folder)?;
    let mut sums = String::new();
    let only = arguments.target;
    for target in Target::ALL
        .into_iter()
        .filter(|it| only.is_none_or(|only| only == *it))
    {
        let program = match &arguments.program {
            Some(program) => program.clone(),
            None => compile::static_release(workspace, target)?,
        };
        let revision = revision(workspace, target, &program)?;
        let program = fs::read(program)?;
        let licences = licences::collect(workspace, target)?;
        let image = image::build(target, &program, &licences, &revision)?;
        let texts = [&manual[..], &licences].concat();
        let archive = archive(workspace, target, program, texts)?;
        let architecture = image::architecture(target);
        for (name, bytes) in [
            (format!("{}.tar.gz", stem(target)), archive),
            (
                format!("magnusapi-{VERSION}-image-{architecture}.tar"),
                image,
            ),
        ] {
            let path = folder.join(&name);
            fs::write(&path, &bytes)?;
            let digest = digest::report(workspace, &path)?;
            sums.extend([&digest, "  ", &name, "\n"]);
        }
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(ExitCode::SUCCESS)
}

/// The name of the archive without its extension, and of its one folder. `[package.metadata.binstall]` has it too.
fn stem(target: Target) -> String {
    format!("magnusapi-{VERSION}-{}", target.triple())
}

fn archive(
    workspace: &Workspace,
    target: Target,
    program: Vec<u8>,
    texts: Vec<Entry>,
) -> anyhow::Result<Vec<u8>> {
    let readme = fs::read(workspace.root().join("docs/installation.md"))?;
    let files = [
        Entry::program("magnusapi", program),
        Entry::file("README.md", readme),
    ];
    let folder = stem(target);
    let files = files.into_iter().chain(texts);
    let files = files.map(|file| file.within(&folder)).collect();
    archive::gzip(&archive::tar(files)?)
}

/// The completions and man pages. `MANUAL` names a built `crates/manual`.
fn manual(workspace: &Workspace) -> anyhow::Result<Vec<Entry>> {
    fs::create_dir_all(workspace.target())?;
    let folder = tempfile::tempdir_in(workspace.target()).context("cannot create a folder")?;
    let mut manual = if let Some(program) = env::var_os("MANUAL") {
        Command::new(program)
    } else {
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--quiet", "--locked", "--package", "manual", "--"]);
        cargo
    };
    process::run(manual.arg(folder.path()))?;
    let mut entries = Vec::new();
    for part in ["completions", "man/man1"] {
        for file in fs::read_dir(folder.path().join(part))? {
            let file = file?;
            let name = file.file_name();
            let path = format!("{part}/{}", name.to_string_lossy());
            entries.push(Entry::file(path, fs::read(file.path())?));
        }
    }
    Ok(entries)
}

/// Runs the program, which prints this version and its commit, and returns the commit.
fn revision(workspace: &Workspace, target: Target, program: &Path) -> anyhow::Result<String> {
    let mut run = if target.architecture() == env::consts::ARCH {
        Command::new(program)
    } else {
        let qemu = match target {
            Target::Aarch64 => tools::QEMU_AARCH64,
            Target::X86_64 => tools::QEMU_X86_64,
        };
        let mut run = Command::new(qemu.install(workspace)?);
        run.arg(program);
        run
    };
    let printed = process::stdout(run.arg("--version"))?;
    let expected = format!("magnusapi {VERSION} (");
    let commit = printed
        .strip_prefix(&expected)
        .and_then(|it| it.strip_suffix(')'));
    match commit {
        Some(commit) => Ok(commit.to_owned()),
        None => bail!(
            "{} prints {printed:?}, and this is version {VERSION}: build it again",
            program.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../../Cargo.toml");

    fn member(name: &str) -> String {
        let (_, after) = MANIFEST.split_once(&format!("\n{name} = \"")).unwrap();
        let value = after.split('"').next().unwrap();
        [
            ("{ name }", "magnusapi"),
            ("{ bin }", "magnusapi"),
            ("{ version }", VERSION),
        ]
        .into_iter()
        .fold(value.to_owned(), |value, (from, to)| {
            value.replace(from, to)
        })
        .replace("{ target }", Target::Aarch64.triple())
    }

    #[test]
    fn binstall_finds_the_archive_and_the_program_in_it() {
        let stem = stem(Target::Aarch64);
        assert!(member("pkg-url").ends_with(&format!("/v{VERSION}/{stem}.tar.gz")));
        assert_eq!(member("bin-dir"), format!("{stem}/magnusapi"));
    }
}
