//! Making a folder aside and giving it its name when it is complete, so that nobody ever uses a
//! half.

use std::fs::{self, File};
use std::path::Path;

use tempfile::TempDir;

use crate::Error;

const PREFIX: &str = ".making-";

/// A new folder in `home`, removed when dropped. Those of makers who were killed are removed first;
/// call it only where a lock says that there is no other maker. Each has a name of its own all the
/// same: the tool that a killed process had started may still write.
pub(crate) fn begin(home: &Path) -> Result<TempDir, Error> {
    for entry in fs::read_dir(home)
        .map_err(Error::file("read", home))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // What cannot be removed takes space, and is in nobody's way.
            fs::remove_dir_all(entry.path()).ok();
        }
    }
    let aside = tempfile::Builder::new().prefix(PREFIX).tempdir_in(home);
    aside.map_err(Error::file("create a folder in", home))
}

/// Makes it `name` in the same folder, for good: a crash of the machine does not undo it.
pub(crate) fn publish(aside: &TempDir, name: &Path) -> Result<(), Error> {
    fs::rename(aside.path(), name).map_err(Error::file("create", name))?;
    let home = name.parent().unwrap_or(name);
    File::open(home)
        .and_then(|home| home.sync_all())
        .map_err(Error::file("flush", home))
}
