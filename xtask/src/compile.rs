//! Building binaries: for this machine, and for the Functions host.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::process;
use crate::tools;
use crate::workspace::Workspace;

/// The image that Flex Consumption runs has a C library of unstated age; a static binary needs none.
pub(crate) const STATIC_TARGET: &str = "x86_64-unknown-linux-musl";

/// A static binary loads at any address too, and has a list of relocations: some 300 kB, or 10 kB if packed.
const PACKED_RELOCATIONS: &str = "-Clink-arg=--pack-dyn-relocs=relr";

/// Functions with the same code are kept once: some 100 kB. Nothing here compares addresses of functions,
/// which Rust does not promise to be different.
const ONE_COPY: &str = "-Clink-arg=--icf=all";

/// 1980-01-01, the zip's own first day. Some C sources ask the compiler for the date (mimalloc
/// does), and this is its result.
const SOURCE_DATE: &str = "315532800";

/// Builds the binaries of `packages` for this machine with the dev profile, and returns their folder.
///
/// In one go: cargo would otherwise choose other features for the crates that they share, and build
/// these twice.
pub(crate) fn native(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let mut build = workspace.cargo();
    build.args(["build", "--bins"]);
    for package in packages {
        build.args(["--package", package]);
    }
    process::run(&mut build)?;
    Ok(workspace.target().join("debug"))
}

/// Builds the static release binary, and returns its path.
///
/// The same commit gives the same bytes wherever it is built: paths are rewritten, C sources see a
/// fixed date, and C compiler (zig) and linker (rust-lld) come with the pins, not with the machine.
pub(crate) fn static_release(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    require_target(workspace)?;
    let c = tools::zig::install(workspace)?;
    // Fetching first: the paths to rewrite are known only when the sources are there.
    process::run(workspace.cargo().args([
        "fetch",
        "--quiet",
        "--locked",
        "--target",
        STATIC_TARGET,
    ]))?;
    let mut build = workspace.cargo();
    build
        .args(["build", "--release", "--locked", "--target", STATIC_TARGET])
        .args(["--package", "magnusapi", "--bin", "magnusapi"])
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            compiler_flags(workspace, &cargo_home()?),
        )
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld")
        .env("CC_x86_64_unknown_linux_musl", c.compiler)
        .env("AR_x86_64_unknown_linux_musl", c.archiver)
        .env("SOURCE_DATE_EPOCH", SOURCE_DATE);
    process::run(&mut build)?;
    Ok(workspace
        .target()
        .join(STATIC_TARGET)
        .join("release/magnusapi"))
}

/// Adds the target's standard library to the toolchain if it is missing.
fn require_target(workspace: &Workspace) -> anyhow::Result<()> {
    let mut rustc = Command::new("rustc");
    let sysroot = process::stdout(
        rustc
            .args(["--print", "sysroot"])
            .current_dir(workspace.root()),
    )?;
    if Path::new(&sysroot)
        .join("lib/rustlib")
        .join(STATIC_TARGET)
        .exists()
    {
        return Ok(());
    }
    if process::on_path("rustup").is_none() {
        bail!(
            "the standard library for {STATIC_TARGET} is missing, and rustup, which adds it, is not on PATH"
        );
    }
    println!(
        "adding the standard library for {STATIC_TARGET} with rustup: the package is a static binary"
    );
    let mut rustup = Command::new("rustup");
    process::run(
        rustup
            .args(["target", "add", STATIC_TARGET])
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
