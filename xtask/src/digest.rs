//! SHA-256 in hex.

use std::fmt::Write;
use std::path::Path;

use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;

/// SHA-256 of `bytes` in lower-case hex, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
            hex
        })
}

/// Prints the size and the digest of a file that was built, and returns the digest.
pub(crate) fn report(workspace: &Workspace, file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file)?;
    let (name, digest) = (workspace.shown(file), sha256(&bytes));
    println!("{name:<22} {:>10} bytes  sha256 {digest}", bytes.len());
    Ok(digest)
}

#[cfg(test)]
mod tests {
    #[test]
    fn digest_has_the_form_of_sha256sum() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(super::sha256(b""), empty);
    }
}
