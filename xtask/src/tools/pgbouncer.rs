//! PgBouncer, a connection pooler, for the tests that connect through it.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::apt;
use super::install::{Lock, Tool};
use crate::process;
use crate::workspace::Workspace;

const HOW: &str = "on Debian or Ubuntu: sudo apt-get install pgbouncer; elsewhere put it on PATH, or name it \
                   in PGBOUNCER";

/// The `pgbouncer` executable: the one that `PGBOUNCER` names, else an installed one, else Debian's,
/// unpacked into `target/tools`.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("PGBOUNCER") {
        return Ok(named.into());
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    let tool = Tool {
        name: "pgbouncer",
        announcement: "PgBouncer from this system's apt archive into target/tools: tests go through it",
        // The system's release determines the version and the libraries, so another release needs another copy.
        pins: &fs::read("/etc/os-release").unwrap_or_default(),
        proof: "pgbouncer",
    };
    let folder = tool.install(workspace, unpack).context(HOW)?;
    Ok(folder.join("pgbouncer"))
}

/// Debian installs it into a folder that is only on the PATH of root.
fn installed() -> Option<PathBuf> {
    let sbin = PathBuf::from("/usr/sbin/pgbouncer");
    process::on_path("pgbouncer").or_else(|| process::is_executable(&sbin).then_some(sbin))
}

fn unpack(folder: &Path, lock: &Lock) -> anyhow::Result<()> {
    if !apt::is_here() {
        bail!("PgBouncer is not installed, and there is no apt-get to fetch it with");
    }
    if apt::may_install() {
        apt::update()?;
    }
    let mut packages = apt::missing_dependencies("pgbouncer")?;
    packages.retain(|name| name.starts_with("lib"));
    packages.push("pgbouncer".to_owned());
    apt::unpack(&packages, folder, lock)?;
    let script = folder.join("pgbouncer");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    process::stdout(Command::new(script).arg("--version")).map(drop)
}

/// Its libraries are unpacked beside it, in the folder of their architecture.
const SCRIPT: &str = r#"#!/bin/sh
root=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)/root
for folder in "$root"/usr/lib/*-linux-gnu*/ "$root"/lib/*-linux-gnu*/; do
    LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "$root/usr/sbin/pgbouncer" "$@"
"#;
