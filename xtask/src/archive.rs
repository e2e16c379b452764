//! The zip that is deployed: the same files give the same bytes.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::layout::AppFile;

/// Level 9 costs a second and saves bytes on every upload and every cold start.
const LEVEL: i64 = 9;

/// Writes `files` to the zip at `path`, which appears whole or not at all.
pub(crate) fn write(files: &[AppFile], path: &Path) -> anyhow::Result<()> {
    let bytes = zip(files).context("cannot build the zip")?;
    let aside = path.with_extension("zip.new");
    fs::write(&aside, bytes)
        .and_then(|()| fs::rename(&aside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The zip's bytes. Every file has the date 1980-01-01, the zip format's first day: with real dates, two builds of
/// one commit would differ.
fn zip(files: &[AppFile]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::default())
            .unix_permissions(file.mode());
        writer.start_file(&file.path, options)?;
        writer.write_all(&file.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use zip::ZipArchive;

    use super::*;

    fn files() -> Vec<AppFile> {
        [
            ("host.json", "{}"),
            ("magnusapi", "ELF"),
            ("scale/function.json", "{ }"),
        ]
        .map(|(path, text)| AppFile {
            path: path.to_owned(),
            bytes: text.into(),
        })
        .into()
    }

    #[test]
    fn two_runs_give_the_same_bytes() {
        assert_eq!(zip(&files()).unwrap(), zip(&files()).unwrap());
    }

    #[test]
    fn content_order_modes_and_dates_survive() {
        let mut archive = ZipArchive::new(Cursor::new(zip(&files()).unwrap())).unwrap();
        for (index, file) in files().iter().enumerate() {
            let mut entry = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            assert_eq!(
                (entry.name().unwrap().as_ref(), &bytes),
                (file.path.as_str(), &file.bytes)
            );
            assert_eq!(
                entry.unix_mode().map(|mode| mode & 0o777),
                Some(file.mode())
            );
            assert_eq!(entry.last_modified(), Some(DateTime::default()));
        }
    }
}
