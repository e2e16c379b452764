//! The sources of locales, which a test of `money` compiles with `localedef`.

use std::path::{Path, PathBuf};

use super::tool::{Tool, debian};
use crate::workspace::Workspace;

const LOCALES: Tool = Tool {
    file: "root/usr/share/i18n",
    ..debian(
        "locales",
        "locales",
        "has sources of locales, which a test compiles",
    )
};

/// The folder for `I18NPATH`: the system's, or else Debian's, unpacked into `target/tools`.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let installed = Path::new("/usr/share/i18n");
    if installed.join("locales/de_DE").exists() {
        return Ok(installed.to_owned());
    }
    LOCALES.install(workspace)
}
