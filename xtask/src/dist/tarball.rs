//! Tar archives whose bytes depend only on their files.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::compile::SOURCE_DATE;

/// A file of an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its path, with `/` between the parts.
    path: String,
    mode: u32,
    bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn file(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry {
            path: path.into(),
            mode: 0o644,
            bytes: bytes.into(),
        }
    }

    pub(super) fn program(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry {
            mode: 0o755,
            ..Entry::file(path, bytes)
        }
    }

    /// The same file in a folder.
    pub(super) fn within(self, folder: &str) -> Entry {
        Entry {
            path: format!("{folder}/{}", self.path),
            ..self
        }
    }
}

/// A tar with the entries and their folders, sorted, of user and group 0, with one date.
pub(super) fn tar(mut entries: Vec<Entry>) -> anyhow::Result<Vec<u8>> {
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
pub(super) fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
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
    use super::*;

    #[test]
    fn order_of_the_entries_does_not_change_the_bytes() {
        let [one, other] = [
            Entry::file("b/c/text", "text"),
            Entry::program("a", "#!/bin/sh"),
        ];
        let forwards = tar(vec![one.clone(), other.clone()]).unwrap();
        assert_eq!(forwards, tar(vec![other, one]).unwrap());
        assert_eq!(gzip(&forwards).unwrap(), gzip(&forwards).unwrap());
    }

    #[test]
    fn folders_come_before_their_files() {
        let tar = tar(vec![Entry::file("b/c/text", "text")]).unwrap();
        let mut archive = tar::Archive::new(tar.as_slice());
        let paths: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(paths, ["b/", "b/c/", "b/c/text"]);
    }
}
