//! Building binaries: for this machine, and static ones for the Functions host and for releases.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::process;
use crate::tools;
use crate::workspace::Workspace;

/// A Linux that a static binary is built for. The image that Flex Consumption runs has a C library of unstated age;
/// a static binary needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// Azure's machines
    #[value(name = "x86_64-unknown-linux-musl")]
    X86_64,
    #[value(name = "aarch64-unknown-linux-musl")]
    Aarch64,
}

impl Target {
    pub(crate) const ALL: [Target; 2] = [Target::X86_64, Target::Aarch64];

    /// The name that Rust gives it.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Target::X86_64 => "x86_64-unknown-linux-musl",
            Target::Aarch64 => "aarch64-unknown-linux-musl",
        }
    }

    /// The name of its architecture, as `std::env::consts::ARCH` and QEMU have it.
    pub(crate) fn architecture(self) -> &'static str {
        match self {
            Target::X86_64 => "x86_64",
            Target::Aarch64 => "aarch64",
        }
    }

    /// A variable of cargo or of the `cc` crate for this target: `CC_x86_64_unknown_linux_musl`.
    fn variable(self, prefix: &str, suffix: &str) -> String {
        format!("{prefix}_{}{suffix}", self.triple().replace('-', "_"))
    }
}

/// A static binary loads at any address too, and has a list of relocations: some 300 kB, or 10 kB if packed.
const PACKED_RELOCATIONS: &str = "-Clink-arg=--pack-dyn-relocs=relr";

/// Functions with the same code are kept once: some 100 kB. Nothing here compares addresses of functions,
/// which Rust does not promise to be different.
const ONE_COPY: &str = "-Clink-arg=--icf=all";

/// 1980-01-01, the zip's own first day, in seconds since 1970: the date of everything that is built. Some C sources
/// ask the compiler for the date (mimalloc does), and this is its result.
pub(crate) const SOURCE_DATE: u64 = 315_532_800;

/// The command that builds the binaries of `packages` for this machine with the dev profile, into `debug` of the
/// build folder.
///
/// In one go: cargo would otherwise choose other features for the crates that they share, and build
/// these twice.
pub(crate) fn native(workspace: &Workspace, packages: &[&str]) -> Command {
    let mut build = workspace.cargo();
    build.args(["build", "--bins"]);
    for package in packages {
        build.args(["--package", package]);
    }
    build
}

/// Builds the static release binary for `target`, and returns its path.
///
/// The same commit gives the same bytes wherever it is built: paths are rewritten, C sources see a
/// fixed date, and C compiler (zig) and linker (rust-lld) come with the pins, not with the machine.
pub(crate) fn static_release(workspace: &Workspace, target: Target) -> anyhow::Result<PathBuf> {
    let triple = target.triple();
    require_target(workspace, triple)?;
    let c = tools::zig::install(workspace, target.architecture())?;
    // Fetching first: the paths to rewrite are known only when the sources are there.
    process::run(
        workspace
            .cargo()
            .args(["fetch", "--quiet", "--locked", "--target", triple]),
    )?;
    let linker = target.variable("CARGO_TARGET", "_LINKER").to_uppercase();
    let mut build = workspace.cargo();
    build
        .args(["build", "--release", "--locked", "--target", triple])
        .args(["--package", "magnusapi", "--bin", "magnusapi"])
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            compiler_flags(workspace, &cargo_home()?),
        )
        .env(linker, "rust-lld")
        .env(target.variable("CC", ""), c.compiler)
        .env(target.variable("AR", ""), c.archiver)
        .env("SOURCE_DATE_EPOCH", SOURCE_DATE.to_string());
    process::run(&mut build)?;
    Ok(workspace.target().join(triple).join("release/magnusapi"))
}

/// The folder of the toolchain that builds the checkout.
pub(crate) fn sysroot(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    let printed = process::stdout(
        rustc
            .args(["--print", "sysroot"])
            .current_dir(workspace.root()),
    )?;
    Ok(printed.into())
}

/// Adds the target's standard library to the toolchain if it is missing.
fn require_target(workspace: &Workspace, triple: &str) -> anyhow::Result<()> {
    if sysroot(workspace)?
        .join("lib/rustlib")
        .join(triple)
        .exists()
    {
        return Ok(());
    }
    if process::on_path("rustup").is_none() {
        bail!(
            "the standard library for {triple} is missing, and rustup, which adds it, is not on PATH"
        );
    }
    println!(
        "adding the standard library for {triple} with rustup: the program is a static binary"
    );
    let mut rustup = Command::new("rustup");
    process::run(
        rustup
            .args(["target", "add", triple])
            .current_dir(workspace.root()),
    )
}

/// Flags that make the binary smaller, and make panic messages and the like name no folder of this machine.
///
/// Later flags win, so the folders go from the outermost to the innermost. Each registry's sources
/// map to one name: the folder's own name has a hash that differs between registries and mirrors.
fn compiler_flags(workspace: &Workspace, cargo_home: &Path) -> OsString {
    let mut renamed = vec![
        (cargo_home.to_owned(), "/cargo"),
        (workspace.root().to_owned(), "/magnusapi"),
        (workspace.target().to_owned(), "/target"),
    ];
    let registries = fs::read_dir(cargo_home.join("registry/src"));
    let sources = registries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    renamed.extend(sources.map(|folder| (folder, "/cargo/registry")));
    encoded(&renamed)
}

/// Joined by cargo's separator, the unit separator: a path may hold a space.
fn encoded(renamed: &[(PathBuf, &str)]) -> OsString {
    let mut flags = OsString::from(PACKED_RELOCATIONS);
    flags.push("\u{1f}");
    flags.push(ONE_COPY);
    for (from, to) in renamed {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    flags
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
        .context("there is no home folder to find cargo's sources in: set CARGO_HOME")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_a_target_have_the_names_that_cargo_reads() {
        let linker = Target::Aarch64.variable("CARGO_TARGET", "_LINKER");
        assert_eq!(
            linker.to_uppercase(),
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER"
        );
        assert_eq!(
            Target::X86_64.variable("CC", ""),
            "CC_x86_64_unknown_linux_musl"
        );
    }

    #[test]
    fn flags_are_separated_so_that_paths_may_hold_spaces() {
        let renamed = [
            (PathBuf::from("/my home/.cargo"), "/cargo"),
            (PathBuf::from("/work"), "/magnusapi"),
        ];
        let expected = "-Clink-arg=--pack-dyn-relocs=relr\u{1f}-Clink-arg=--icf=all\u{1f}\
            --remap-path-prefix=/my home/.cargo=/cargo\u{1f}--remap-path-prefix=/work=/magnusapi";
        assert_eq!(encoded(&renamed), expected);
    }
}
