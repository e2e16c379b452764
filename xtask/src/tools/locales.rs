//! The sources of locales, which a test of `money` compiles with `localedef`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::apt;
use super::install::{Lock, Tool};
use crate::workspace::Workspace;

const HOW: &str = "on Debian or Ubuntu: sudo apt-get install locales; elsewhere install the sources of glibc's \
                   locales in /usr/share/i18n";

/// The folder for `I18NPATH`: the system's, or else Debian's, unpacked into `target/tools`.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let installed = Path::new("/usr/share/i18n");
    if installed.join("locales/de_DE").exists() {
        return Ok(installed.to_owned());
    }
    let tool = Tool {
        name: "locales",
        announcement: "locales from this system's apt archive into target/tools: a test compiles some of them",
        // The system's release decides which version there is.
        pins: &fs::read("/etc/os-release").unwrap_or_default(),
        proof: "root/usr/share/i18n/locales/de_DE",
    };
    let folder = tool.install(workspace, unpack).context(HOW)?;
    Ok(folder.join("root/usr/share/i18n"))
}

fn unpack(folder: &Path, lock: &Lock) -> anyhow::Result<()> {
    if !apt::is_here() {
        bail!(
            "the sources of locales are not installed, and there is no apt-get to fetch them with"
        );
    }
    if apt::may_install() {
        apt::update()?;
    }
    apt::unpack(&["locales".to_owned()], folder, lock)
}
