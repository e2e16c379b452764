//! Where a server's socket lies.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::account::Account;

/// The longest path of a unix socket, in bytes.
const LONGEST: usize = 107;

/// The folder for the socket of the cluster in `folder`: that folder, or where a socket cannot lie
/// there a short one, private to `account` and the same for everybody who opens `folder`.
pub(crate) fn folder(folder: &Path, account: &Account) -> Result<PathBuf, Error> {
    if fits(folder) {
        return Ok(folder.to_owned());
    }
    let short = short_name(folder);
    match fs::DirBuilder::new().mode(0o700).create(&short) {
        Ok(()) => account.own(&short)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => private(&short, account)?,
        Err(error) => return Err(Error::file("create", &short)(error)),
    }
    Ok(short)
}

/// Whether `folder` can hold a socket that every client can name: short enough, and of letters that
/// mean nothing in a connection string, where a comma would begin a second host.
pub(crate) fn fits(folder: &Path) -> bool {
    let name = folder.as_os_str().as_bytes();
    let plain = name
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(byte));
    plain && name.len() + "/.s.PGSQL.65535".len() <= LONGEST
}

/// Below `/tmp` and not `$TMPDIR`: it is short, and every account can enter it.
fn short_name(folder: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("/tmp/magnusapi-{:016x}", hasher.finish()).into()
}

/// In `/tmp` anybody could have made it first.
fn private(short: &Path, account: &Account) -> Result<(), Error> {
    let found = fs::symlink_metadata(short).map_err(Error::file("look at", short))?;
    let private = found.is_dir() && found.uid() == account.uid() && found.mode() & 0o777 == 0o700;
    private
        .then_some(())
        .ok_or_else(|| Error::SocketFolder(short.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_92_bytes_holds_a_socket_and_one_of_93_does_not() {
        assert!(fits(Path::new(&format!("/{}", "a".repeat(91)))));
        assert!(!fits(Path::new(&format!("/{}", "a".repeat(92)))));
    }

    #[test]
    fn a_folder_that_a_connection_string_would_misread_holds_no_socket() {
        for folder in ["/one,two", "/with space", "/it's", "/back\\slash", "/übung"] {
            assert!(!fits(Path::new(folder)), "{folder}");
        }
    }

    #[test]
    fn every_folder_has_a_short_name_of_its_own() {
        let names = ["/a", "/b"].map(|folder| short_name(Path::new(folder)));
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| fits(name)));
    }
}
