//! The algorithms that compress the rows of a backup, and their levels.

use std::io::Read;
use std::ops::RangeInclusive;
use std::str::FromStr;

use flate2::read::MultiGzDecoder;
use libdeflater::CompressionLvl;
use thiserror::Error;

/// The text of one member, in bytes. Members of this size add less than a hundredth to the file; larger
/// ones are not faster, and several are in memory at once.
pub(super) const MEMBER: usize = 256 * 1024;

/// An algorithm and its level. The default is what every `pg_restore` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    pub algorithm: Algorithm,
    level: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 1952. Every `pg_restore` reads it.
    Gzip,
    /// RFC 8878. `pg_restore` reads it from version 16 on, if it was built with zstd.
    Zstd,
}

/// A text that is not a compression.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} cannot be used; set it to gzip or zstd, or to one of them with a level: gzip:1 to gzip:12, \
     zstd:1 to zstd:19"
)]
pub struct CompressionError(String);

impl Algorithm {
    pub const ALL: [Algorithm; 2] = [Algorithm::Gzip, Algorithm::Zstd];

    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Gzip => "gzip",
            Algorithm::Zstd => "zstd",
        }
    }

    /// The suffix of a table's file, by which `pg_restore` finds it.
    pub fn suffix(self) -> &'static str {
        match self {
            Algorithm::Gzip => ".gz",
            Algorithm::Zstd => ".zst",
        }
    }

    /// The algorithm of a stored file, encrypted or not.
    pub(super) fn of_file(name: &str) -> Algorithm {
        let name = name.strip_suffix(".age").unwrap_or(name);
        if name.ends_with(Algorithm::Zstd.suffix()) {
            Algorithm::Zstd
        } else {
            Algorithm::Gzip
        }
    }

    fn levels(self) -> RangeInclusive<i32> {
        match self {
            Algorithm::Gzip => 1..=12,
            Algorithm::Zstd => 1..=19,
        }
    }
}

impl From<Algorithm> for Compression {
    /// The fastest level.
    fn from(algorithm: Algorithm) -> Compression {
        let level = *algorithm.levels().start();
        Compression { algorithm, level }
    }
}

impl Default for Compression {
    fn default() -> Compression {
        Algorithm::Gzip.into()
    }
}

impl FromStr for Compression {
    type Err = CompressionError;

    /// Reads `gzip`, `gzip:LEVEL`, `zstd` or `zstd:LEVEL`.
    fn from_str(text: &str) -> Result<Compression, CompressionError> {
        let (name, level) = text
            .split_once(':')
            .map_or((text, None), |(name, level)| (name, Some(level)));
        let algorithm = Algorithm::ALL.into_iter().find(|it| it.name() == name);
        let compression = algorithm.and_then(|algorithm| match level {
            None => Some(algorithm.into()),
            Some(level) => {
                let level = level.parse().ok()?;
                let is_known = algorithm.levels().contains(&level);
                is_known.then_some(Compression { algorithm, level })
            }
        });
        compression.ok_or_else(|| CompressionError(text.to_owned()))
    }
}

/// Compresses members, one after another.
pub(super) enum Compressor {
    Gzip(libdeflater::Compressor),
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    pub(super) fn new(compression: Compression) -> Compressor {
        let level = compression.level;
        match compression.algorithm {
            Algorithm::Gzip => {
                let level = CompressionLvl::new(level).expect("libdeflate has levels 1 to 12");
                Compressor::Gzip(libdeflater::Compressor::new(level))
            }
            Algorithm::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(level).expect(LEVELS);
                // Without it, no reader but this one would notice a flipped bit.
                compressor.include_checksum(true).expect(LEVELS);
                Compressor::Zstd(compressor)
            }
        }
    }

    /// Writes a member with a text of at most [`MEMBER`] bytes to the start of `space`, which grows once to the
    /// length of the longest member. Returns the length of the member.
    pub(super) fn compress(&mut self, text: &[u8], space: &mut Vec<u8>) -> usize {
        let length = match self {
            Compressor::Gzip(gzip) => {
                space.resize(gzip.gzip_compress_bound(MEMBER), 0);
                gzip.gzip_compress(text, space).ok()
            }
            Compressor::Zstd(zstd) => {
                space.resize(zstd::zstd_safe::compress_bound(MEMBER), 0);
                zstd.compress_to_buffer(text, space.as_mut_slice()).ok()
            }
        };
        length.expect("there is space for the longest member")
    }
}

const LEVELS: &str = "zstd has levels 1 to 19, and checksums";

/// The text of the members of a file.
pub(super) fn decompressed<'a>(
    algorithm: Algorithm,
    members: impl Read + 'a,
) -> Box<dyn Read + 'a> {
    match algorithm {
        Algorithm::Gzip => Box::new(MultiGzDecoder::new(members)),
        Algorithm::Zstd => {
            let mut decoder = zstd::Decoder::new(members).expect(WINDOW);
            // Bounds the memory: a file that was tampered with can ask for a longer window.
            decoder.window_log_max(MEMBER.ilog2()).expect(WINDOW);
            Box::new(decoder)
        }
    }
}

const WINDOW: &str = "zstd takes an empty dictionary, and windows as long as a member";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compression_is_a_name_and_a_level() {
        for (text, algorithm, level) in [
            ("gzip", Algorithm::Gzip, 1),
            ("gzip:12", Algorithm::Gzip, 12),
            ("zstd", Algorithm::Zstd, 1),
            ("zstd:3", Algorithm::Zstd, 3),
        ] {
            assert_eq!(text.parse(), Ok(Compression { algorithm, level }));
        }
        assert_eq!("gzip".parse(), Ok(Compression::default()));
        for text in [
            "",
            "lz4",
            "gzip:0",
            "gzip:13",
            "zstd:20",
            "zstd:",
            "zstd:fast",
            "Gzip",
        ] {
            let error = text.parse::<Compression>().expect_err(text).to_string();
            assert!(error.contains("zstd:1 to zstd:19"), "{error}");
        }
    }

    #[test]
    fn the_name_of_a_file_decides_how_it_is_read() {
        for (name, expected) in [
            ("7.dat.gz", Algorithm::Gzip),
            ("7.dat.gz.age", Algorithm::Gzip),
            ("7.dat.zst", Algorithm::Zstd),
            ("7.dat.zst.age", Algorithm::Zstd),
        ] {
            assert_eq!(Algorithm::of_file(name), expected);
        }
    }

    #[test]
    fn a_window_longer_than_a_member_is_rejected() {
        let mut long = zstd::bulk::Compressor::new(1).expect("a level");
        let text = vec![b'x'; 4 * MEMBER];
        let member = long.compress(&text).expect("it is compressed");
        let mut content = Vec::new();
        let mut reader = decompressed(Algorithm::Zstd, member.as_slice());
        assert!(reader.read_to_end(&mut content).is_err());
    }
}
