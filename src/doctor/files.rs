//! The files of an app, from a folder or from a zip.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// One file of an app.
#[derive(Clone, Debug)]
pub struct AppFile {
    /// The path inside the app, with `/`.
    pub path: String,
    /// The Unix permissions, if the zip has them.
    pub mode: Option<u32>,
    pub bytes: Vec<u8>,
}

/// Reads a folder or a zip.
pub fn read(path: &Path) -> Result<Vec<AppFile>, String> {
    if fs::metadata(path).map_err(unreadable(path))?.is_dir() {
        let mut files = Vec::new();
        read_folder(path, "", &mut files)?;
        Ok(files)
    } else {
        let file = File::open(path).map_err(unreadable(path))?;
        read_zip(file).map_err(|error| {
            format!(
                "{} is not a complete zip ({error}); make it again with `cargo xtask package`",
                path.display()
            )
        })
    }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> String {
    move |error| {
        format!(
            "cannot read {} ({error}); name the folder or the zip that `cargo xtask package` makes",
            path.display()
        )
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<AppFile>) -> Result<(), String> {
    let unreadable = unreadable(folder);
    for entry in fs::read_dir(folder).map_err(&unreadable)? {
        let entry = entry.map_err(&unreadable)?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = fs::metadata(entry.path()).map_err(&unreadable)?;
        if metadata.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
            continue;
        }
        files.push(AppFile {
            path,
            mode: Some(metadata.permissions().mode()),
            bytes: fs::read(entry.path()).map_err(&unreadable)?,
        });
    }
    Ok(())
}

fn read_zip(file: File) -> Result<Vec<AppFile>, zip::result::ZipError> {
    let mut archive = zip::ZipArchive::new(file)?;
    let mut files = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.push(AppFile {
            path: entry.name()?.into_owned(),
            mode: entry.unix_mode(),
            bytes,
        });
    }
    Ok(files)
}
