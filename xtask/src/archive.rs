//! The files that are built, and archives of them whose bytes depend only on the files.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::compile::SOURCE_DATE;

/// Level 9 costs a second and saves bytes on every upload and every cold start.
const ZIP_LEVEL: i64 = 9;

/// A file of an app or of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path, with `/` between the parts.
    pub(crate) path: String,
    /// Only some hosting plans repair a missing executable bit.
    pub(crate) mode: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Entry {
    pub(crate) fn file(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry {
            path: path.into(),
            mode: 0o644,
            bytes: bytes.into(),
        }
    }

    pub(crate) fn program(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry {
            mode: 0o755,
            ..Entry::file(path, bytes)
        }
    }

    /// The same file in a folder.
    pub(crate) fn within(self, folder: &str) -> Entry {
        Entry {
            path: format!("{folder}/{}", self.path),
            ..self
        }
    }
}

/// A zip of the entries, in their order. Each has the date 1980-01-01, the zip format's first day: with real dates, two
/// builds of one commit would differ.
pub(crate) fn zip(entries: &[Entry]) -> anyhow::Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(ZIP_LEVEL))
            .last_modified_time(DateTime::default())
            .unix_permissions(entry.mode);
        writer.start_file(&entry.path, options)?;
        writer.write_all(&entry.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// A tar with the entries and their folders, sorted, of user and group 0, with one date.
pub(crate) fn tar(mut entries: Vec<Entry>) -> anyhow::Result<Vec<u8>> {
    entries.sort_by(|left, right| left.path.cmp(&right.path));
    let mut builder = Builder::new(Vec::new());
    for folder in folders(&entries) {
        let mut header = header(EntryType::Directory, 0o755, 0);
        builder.append_data(&mut header, format!("{folder}/"), [].as_slice())?;
    }
    for entry in &entries {
        let size = u64::try_from(entry.bytes.len())?;
        let mut header = header(EntryType::Regular, entry.mode, size);
        builder.append_data(&mut header, &entry.path, entry.bytes.as_slice())?;
    }
    builder.into_inner().context("cannot build a tar")
}

/// gzip without a name and a date.
pub(crate) fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish().context("cannot compress a tar")
}

/// All folders above the entries, each after its own.
fn folders(entries: &[Entry]) -> BTreeSet<String> {
    let parents = entries
        .iter()
        .flat_map(|entry| Path::new(&entry.path).ancestors().skip(1))
        .filter(|folder| *folder != Path::new(""));
    parents.map(|folder| folder.display().to_string()).collect()
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(SOURCE_DATE);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use zip::ZipArchive;

    use super::*;

    #[test]
    fn zips_keep_content_order_and_modes_and_have_one_date() {
        let entries = [
            Entry::program("magnusapi", "ELF"),
            Entry::file("host.json", "{}"),
        ];
        let mut archive = ZipArchive::new(Cursor::new(zip(&entries).unwrap())).unwrap();
        for (index, entry) in entries.iter().enumerate() {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            let mode = file.unix_mode().map(|mode| mode & 0o777);
            assert_eq!(file.name().unwrap(), entry.path);
            assert_eq!((bytes, mode), (entry.bytes.clone(), Some(entry.mode)));
            assert_eq!(file.last_modified(), Some(DateTime::default()));
        }
    }

    #[test]
    fn tars_have_folders_before_their_files_in_any_order_of_the_entries() {
        let [one, other] = [
            Entry::file("b/c/text", "text"),
            Entry::program("a", "#!/bin/sh"),
        ];
        let bytes = tar(vec![one.clone(), other.clone()]).unwrap();
        assert_eq!(bytes, tar(vec![other, one]).unwrap());
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap();
        let paths: Vec<String> = entries
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(paths, ["b/", "b/c/", "a", "b/c/text"]);
    }
}
