//! PostgreSQL with its clients and extensions, for the tests. The one that `cargo xtask start` fetches has no extensions.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use fs_err as fs;
use localpg::Programs;

use super::apt;
use super::install::script;
use super::tool::{Tool, debian};
use crate::workspace::Workspace;

const POSTGRESQL: Tool = Tool {
    file: "bin",
    finish: wrap,
    ..debian("postgresql", "postgresql", "is the server of the tests")
};

/// The folder for `PG_BINDIR`; `None` if PostgreSQL is installed.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<Option<PathBuf>> {
    if Programs::installed().is_some() {
        return Ok(None);
    }
    // The programs find their files by the name of the folder.
    let folder = POSTGRESQL.install(workspace)?;
    Ok(Some(fs::canonicalize(folder)?))
}

/// Each program gets its libraries. The programs run each other.
fn wrap(_: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let mut versions = fs::read_dir(folder.join("root/usr/lib/postgresql"))?;
    let version = versions.next().context("the package has no server")??;
    let bin = version.path().join("bin");
    let programs = fs::read_dir(&bin)?.collect::<Result<Vec<_>, _>>()?;
    for program in programs {
        let path = program.path();
        let executable = path.with_added_extension("real");
        fs::rename(&path, &executable)?;
        script(&path, &apt::with_libraries(folder, &executable))?;
    }
    Ok(symlink(bin, folder.join("bin"))?)
}
