//! The table of contents from bytes that can be anything.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use thiserror::Error;

use super::compression::Algorithm;
use super::encode::{LAYOUT, NAME, ZSTD, version};
use super::kind::Kind;
use super::toc::{Entry, Section, Toc};

/// A `toc.dat` that cannot be read.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum TocError {
    #[error(
        "this is not the table of contents of a PostgreSQL archive; give the file toc.dat of a backup"
    )]
    NotAnArchive,
    #[error(
        "the archive is of version {major}.{minor}, and this program reads only 1.13 and 1.15, which it \
         writes; restore this one with pg_restore"
    )]
    Version { major: u8, minor: u8 },
    #[error(
        "the archive has an entry of the unknown kind {0:?}; restore this one with the magnusapi version \
         that wrote it or a later one, or with pg_restore"
    )]
    Kind(String),
    #[error(
        "toc.dat is damaged at byte {offset}: {problem}; run magnusapi backup verify, and restore \
         another backup if it fails"
    )]
    Damaged {
        offset: usize,
        problem: &'static str,
    },
}

impl Toc {
    /// Reads the content of a `toc.dat` that [`Toc::encode`] made. It uses at most a small multiple of
    /// the bytes' memory, for any bytes.
    pub fn decode(bytes: &[u8]) -> Result<Toc, TocError> {
        let mut reader = Reader {
            bytes,
            offset: 0,
            algorithm: Algorithm::Gzip,
        };
        reader.header()?;
        let created = reader.moment()?;
        let database = reader.text()?;
        let server_version = reader.text()?;
        let _maker = reader.text()?;
        let count = reader.int()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(reader.entry()?);
        }
        if count < 0 || reader.offset < bytes.len() {
            return Err(reader.damaged("the number of entries is wrong"));
        }
        Ok(Toc {
            database,
            server_version,
            created,
            entries,
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// By the version in the header.
    algorithm: Algorithm,
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<(), TocError> {
        let named = self.take(NAME.len()).is_ok_and(|name| name == NAME);
        let version_bytes = self.take(2).map_err(|_| TocError::NotAnArchive)?;
        if !named {
            return Err(TocError::NotAnArchive);
        }
        let mut all = Algorithm::ALL.into_iter();
        let found = all.find(|algorithm| version(*algorithm) == version_bytes);
        self.algorithm = found.ok_or(TocError::Version {
            major: version_bytes[0],
            minor: version_bytes[1],
        })?;
        if self.take(LAYOUT.len())? != LAYOUT {
            return Err(self.damaged("the header is not that of a directory"));
        }
        match self.algorithm {
            Algorithm::Gzip => {
                let _level = self.int()?;
            }
            Algorithm::Zstd => {
                if self.take(1)? != [ZSTD] {
                    return Err(self.damaged("the header names another algorithm than zstd"));
                }
            }
        }
        Ok(())
    }

    fn moment(&mut self) -> Result<Timestamp, TocError> {
        let mut fields = [0; 7];
        for field in &mut fields {
            *field = self.int()?;
        }
        let [second, minute, hour, day, month, year, _daylight_saving] = fields;
        moment([year, month, day, hour, minute, second])
            .ok_or_else(|| self.damaged("the time is not valid"))
    }

    fn entry(&mut self) -> Result<Entry, TocError> {
        let id = self.int()?;
        let has_data = self.int()? != 0;
        let entry = Entry {
            id,
            catalog: self.number()?,
            oid: self.number()?,
            tag: self.text()?,
            kind: self.kind()?,
            section: self.section()?,
            definition: self.text()?,
            drop: self.text()?,
            copy: self.optional()?,
            namespace: self.optional()?,
            owner: self.tablespace_and_owner()?,
            dependencies: self.dependencies()?,
            file: Some(self.text()?).filter(|file| !file.is_empty()),
        };
        if has_data != entry.file.is_some() {
            return Err(self.damaged("an entry has data and no file, or a file and no data"));
        }
        Ok(entry)
    }

    /// The tablespace and, in an archive with zstd, the access method, which must be the default ones, the owner,
    /// and `WITH OIDS`, which must be false.
    fn tablespace_and_owner(&mut self) -> Result<String, TocError> {
        if self.optional()?.is_some() {
            return Err(self.damaged("an entry names a tablespace"));
        }
        if self.algorithm == Algorithm::Zstd && self.optional()?.is_some() {
            return Err(self.damaged("an entry names an access method"));
        }
        let owner = self.text()?;
        if self.text()? != "false" {
            return Err(self.damaged("an entry is WITH OIDS"));
        }
        Ok(owner)
    }

    fn section(&mut self) -> Result<Section, TocError> {
        let section = self.int()?;
        [
            Section::None,
            Section::PreData,
            Section::Data,
            Section::PostData,
        ]
        .into_iter()
        .find(|known| *known as i32 == section)
        .ok_or_else(|| self.damaged("a section is not one of the four"))
    }

    fn kind(&mut self) -> Result<Kind, TocError> {
        let words = self.text()?;
        Kind::of(&words).ok_or(TocError::Kind(words))
    }

    fn dependencies(&mut self) -> Result<Vec<i32>, TocError> {
        let mut dependencies = Vec::new();
        while let Some(text) = self.optional()? {
            dependencies.push(self.parsed(&text)?);
        }
        Ok(dependencies)
    }

    fn number(&mut self) -> Result<u32, TocError> {
        let text = self.text()?;
        self.parsed(&text)
    }

    fn parsed<T: std::str::FromStr>(&self, text: &str) -> Result<T, TocError> {
        text.parse()
            .map_err(|_| self.damaged("a number cannot be read"))
    }

    fn text(&mut self) -> Result<String, TocError> {
        self.optional()?
            .ok_or_else(|| self.damaged("a text is missing"))
    }

    fn optional(&mut self) -> Result<Option<String>, TocError> {
        let length = self.int()?;
        if length == -1 {
            return Ok(None);
        }
        let length =
            usize::try_from(length).map_err(|_| self.damaged("a text has a negative length"))?;
        let text =
            str::from_utf8(self.take(length)?).map_err(|_| self.damaged("a text is not UTF-8"))?;
        Ok(Some(text.to_owned()))
    }

    fn int(&mut self) -> Result<i32, TocError> {
        let (sign, magnitude) = self.take(5)?.split_at(1);
        let magnitude = magnitude
            .try_into()
            .expect("five bytes without one are four");
        let magnitude = i64::from(u32::from_le_bytes(magnitude));
        let value = match sign {
            [0] => magnitude,
            [1] => -magnitude,
            _ => return Err(self.damaged("an integer has no sign")),
        };
        i32::try_from(value).map_err(|_| self.damaged("an integer is too large"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], TocError> {
        let rest = &self.bytes[self.offset..];
        let taken = rest
            .get(..length)
            .ok_or_else(|| self.damaged("it ends too early"))?;
        self.offset += length;
        Ok(taken)
    }

    fn damaged(&self, problem: &'static str) -> TocError {
        TocError::Damaged {
            offset: self.offset,
            problem,
        }
    }
}

/// From the fields of C's `struct tm`, in UTC.
fn moment([year, month, day, hour, minute, second]: [i32; 6]) -> Option<Timestamp> {
    let year = i16::try_from(year.checked_add(1900)?).ok()?;
    let month = i8::try_from(month.checked_add(1)?).ok()?;
    let [day, hour, minute, second] = [day, hour, minute, second].map(i8::try_from);
    let (day, hour, minute, second) = (day.ok()?, hour.ok()?, minute.ok()?, second.ok()?);
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Offset::UTC.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn sections() -> impl Strategy<Value = Section> {
        prop_oneof![
            Just(Section::None),
            Just(Section::PreData),
            Just(Section::Data),
            Just(Section::PostData),
        ]
    }

    prop_compose! {
        fn entries()(
            (id, catalog, oid) in any::<(i32, u32, u32)>(),
            (tag, definition, drop) in any::<(String, String, String)>(),
            kind in select(Kind::ALL),
            section in sections(),
            copy in option::of(any::<String>()),
            namespace in option::of(any::<String>()),
            owner in any::<String>(),
            dependencies in vec(any::<i32>(), 0..4),
            file in option::of(".+"),
        ) -> Entry {
            Entry {
                id, catalog, oid, tag, kind, section, definition, drop, copy, namespace, owner,
                dependencies, file,
            }
        }
    }

    prop_compose! {
        fn tocs()(
            database in any::<String>(),
            server_version in any::<String>(),
            second in 0..4_102_444_800_i64,
            entries in vec(entries(), 0..5),
        ) -> Toc {
            let created = Timestamp::from_second(second).expect("a second of this century");
            Toc { database, server_version, created, entries }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decoding_reverses_encoding(toc in tocs(), algorithm in select(&Algorithm::ALL)) {
            prop_assert_eq!(Toc::decode(&toc.encode("test 1.0", algorithm)), Ok(toc));
        }

        #[test]
        fn a_truncated_toc_is_rejected(
            toc in tocs(), algorithm in select(&Algorithm::ALL), at in any::<prop::sample::Index>(),
        ) {
            let bytes = toc.encode("test 1.0", algorithm);
            prop_assert!(Toc::decode(&bytes[..at.index(bytes.len())]).is_err());
        }

        #[test]
        fn a_wrong_byte_never_panics(
            toc in tocs(), algorithm in select(&Algorithm::ALL),
            at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut bytes = toc.encode("test 1.0", algorithm);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            // Some wrong bytes make another valid table of contents.
            let _ = Toc::decode(&bytes);
        }

        #[test]
        fn garbage_is_rejected(garbage in vec(any::<u8>(), 0..200)) {
            prop_assert!(Toc::decode(&garbage).is_err());
            for algorithm in Algorithm::ALL {
                let header = [NAME, &version(algorithm), LAYOUT].concat();
                prop_assert!(Toc::decode(&[&header[..], &garbage].concat()).is_err());
            }
        }
    }

    #[test]
    fn errors_name_the_remedy() {
        let error = |bytes: &[u8]| Toc::decode(bytes).expect_err("it is rejected").to_string();
        assert!(error(b"").contains("give the file toc.dat"));
        assert!(error(b"-- a plain dump --").contains("give the file toc.dat"));
        let newer = error(b"PGDMP\x01\x10\x00\x04\x08\x03");
        assert!(newer.contains("version 1.16"), "{newer}");
        assert!(newer.contains("with pg_restore"), "{newer}");
        let custom = error(b"PGDMP\x01\x0d\x00\x04\x08\x01");
        assert!(custom.contains("not that of a directory"), "{custom}");
        let cut = error(b"PGDMP\x01\x0d\x00\x04\x08\x03");
        assert!(cut.contains("at byte 11: it ends too early"), "{cut}");
        let lz4 = error(b"PGDMP\x01\x0f\x00\x04\x08\x03\x02");
        assert!(lz4.contains("another algorithm than zstd"), "{lz4}");
    }

    #[test]
    fn bytes_after_the_last_entry_are_damage() {
        let toc = Toc {
            database: "postfacto".into(),
            server_version: "15.18".into(),
            created: Timestamp::UNIX_EPOCH,
            entries: Vec::new(),
        };
        let mut bytes = toc.encode("test 1.0", Algorithm::Gzip);
        bytes.push(0);
        let error = Toc::decode(&bytes).expect_err("a byte too many");
        assert!(error.to_string().contains("number of entries"), "{error}");
    }
}
