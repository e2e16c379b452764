//! The length and the SHA-256 of a stream of bytes.

use std::fmt::Write;

use ring::digest::{Context, SHA256};

pub struct Digest {
    bytes: u64,
    sha256: Context,
}

impl Default for Digest {
    fn default() -> Digest {
        Digest {
            bytes: 0,
            sha256: Context::new(&SHA256),
        }
    }
}

impl Digest {
    pub fn of(bytes: &[u8]) -> Digest {
        let mut digest = Digest::default();
        digest.update(bytes);
        digest
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// In hexadecimal digits, of all bytes so far.
    pub fn sha256(&self) -> String {
        let digest = self.sha256.clone().finish();
        digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a String takes every write");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn the_digest_of_abc_equals_the_standard() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.bytes(), 3);
        assert_eq!(
            digest.sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
