//! Folders that appear complete: each is filled under another name and then renamed.

use std::fs::{self, File};
use std::path::Path;

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = ".making-";

/// A new folder in `home`, removed when dropped. It first removes the folders of processes that were killed, so the
/// caller holds a lock that excludes other processes. Each folder has a unique name, because a tool that a killed process
/// had started may still write.
pub(crate) fn begin(home: &Path) -> Result<TempDir, Error> {
    for entry in fs::read_dir(home)
        .map_err(Error::file("read", home))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // A folder that cannot be removed takes space and has no other effect.
            fs::remove_dir_all(entry.path()).ok();
        }
    }
    let aside = tempfile::Builder::new().prefix(PREFIX).tempdir_in(home);
    aside.map_err(Error::file("create a folder in", home))
}

/// Renames it to `name` in the same folder, and flushes: a crash of the machine does not undo it.
pub(crate) fn publish(aside: &TempDir, name: &Path) -> Result<(), Error> {
    fs::rename(aside.path(), name).map_err(Error::file("create", name))?;
    let home = name.parent().unwrap_or(name);
    File::open(home)
        .and_then(|home| home.sync_all())
        .map_err(Error::file("flush", home))
}
