//! The files of an app that the host reads.

use std::{io, path::Path};

use crate::error::Error;

/// The paths inside `folder` with `/` between their parts, and the bytes of those that count:
/// `host.json` and every `<folder>/function.json`. Of other files only the names matter.
pub(crate) fn read(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut files = Vec::new();
    for (name, is_folder) in entries(folder)? {
        if !is_folder {
            let bytes = bytes_if(name == "host.json", &folder.join(&name))?;
            files.push((name, bytes));
            continue;
        }
        for (file, _) in entries(&folder.join(&name))?
            .into_iter()
            .filter(|(_, is_folder)| !is_folder)
        {
            let bytes = bytes_if(file == "function.json", &folder.join(&name).join(&file))?;
            files.push((format!("{name}/{file}"), bytes));
        }
    }
    Ok(files)
}

/// `path` without a leading `./`, which some archives have.
pub(crate) fn without_dot(path: String) -> String {
    path.strip_prefix("./").map(str::to_owned).unwrap_or(path)
}

/// The names in `folder`, and whether each is a folder. Names that are not Unicode are left out:
/// neither a function nor host.json can have one.
fn entries(folder: &Path) -> Result<Vec<(String, bool)>, Error> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        // Through symbolic links, as the host's EnumerateDirectories goes.
        let is_folder = entry.path().is_dir();
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, is_folder));
        }
    }
    Ok(entries)
}

/// The bytes of the file `path`, where they count.
fn bytes_if(counts: bool, path: &Path) -> Result<Vec<u8>, Error> {
    if !counts {
        return Ok(Vec::new());
    }
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error(format!(
        "cannot read {}: {error}; check that it exists and is readable",
        path.display()
    ))
}
