//! The folder of a server's socket.

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

/// The folder for the socket of the cluster in `folder`: that folder, or a short one if a socket is not possible there.
/// The short one is private to `account`, and the same for every process that opens `folder`.
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

/// Whether every client can name a socket in `folder`: its path is short, and has only characters without a meaning in
/// a connection string, in which a comma begins a second host.
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

/// Another account could have created the folder, because it is in `/tmp`.
fn private(short: &Path, account: &Account) -> Result<(), Error> {
    let found = fs::symlink_metadata(short).map_err(Error::file("inspect", short))?;
    let private = found.is_dir() && found.uid() == account.uid() && found.mode() & 0o777 == 0o700;
    private.then_some(()).ok_or_else(|| {
        Error(format!(
            "{} is the folder for the server's socket, but other accounts can enter it: remove it",
            short.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_92_bytes_fit_and_those_of_93_do_not() {
        assert!(fits(Path::new(&format!("/{}", "a".repeat(91)))));
        assert!(!fits(Path::new(&format!("/{}", "a".repeat(92)))));
    }

    #[test]
    fn folders_with_characters_of_connection_strings_do_not_fit() {
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
