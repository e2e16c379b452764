//! A folder on this machine.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use object_store::local::LocalFileSystem;

/// Opens the folder. A new one is closed to other users, because backups contain personal data. Files and
/// the folders that list them are flushed to the disk before a request succeeds.
pub(super) fn open(folder: &Path) -> object_store::Result<LocalFileSystem> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| object_store::Error::Generic {
        store: "folder",
        source: Box::new(error),
    })?;
    let store = LocalFileSystem::new_with_prefix(folder)?;
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}

/// Removes unfinished uploads in `folder` and below, and folders that are empty then. An upload is
/// written to a file with the name of the blob, `#` and a number, and renamed at its end.
pub(super) async fn discard_unfinished(folder: PathBuf) -> io::Result<()> {
    let discarding = tokio::task::spawn_blocking(move || discard(&folder));
    discarding.await.map_err(io::Error::other)?
}

fn discard(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            discard(&entry.path())?;
            remove_if_empty(&entry.path())?;
        } else if is_unfinished(&entry.file_name().to_string_lossy()) {
            match fs::remove_file(entry.path()) {
                // An upload that was dropped removes its own file.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(())
}

fn remove_if_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed,
    }
}

/// Whether a file of this name is an unfinished upload.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
