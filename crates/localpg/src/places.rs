//! The folders that outlive a process. Those of root are outside root's home, which the server's account cannot enter.

use std::env;
use std::path::PathBuf;

use rustix::process::geteuid;

use crate::Error;

/// The variables and defaults that determine a folder.
struct Place {
    /// A variable with the folder itself.
    named: &'static str,
    /// The folder of root.
    system: &'static str,
    /// A variable with the parent of a user's folder.
    variable: &'static str,
    /// That parent in the user's home, without the variable.
    in_home: &'static str,
}

const DATA: Place = Place {
    named: "MAGNUSAPI_DATA",
    system: "/var/lib/magnusapi",
    variable: "XDG_DATA_HOME",
    in_home: ".local/share",
};

const CACHE: Place = Place {
    named: "MAGNUSAPI_CACHE",
    system: "/var/cache/magnusapi",
    variable: "XDG_CACHE_HOME",
    in_home: ".cache",
};

impl Place {
    fn folder(&self, variable: impl Fn(&str) -> Option<PathBuf>, is_root: bool) -> Option<PathBuf> {
        if let Some(named) = variable(self.named) {
            return Some(named);
        }
        if is_root {
            return Some(self.system.into());
        }
        let in_home = || Some(variable("HOME")?.join(self.in_home));
        let parent = variable(self.variable).or_else(in_home)?;
        Some(parent.join("magnusapi"))
    }
}

/// The folder for a developer's databases, the same for every program of this workspace: `postgres` in
/// `$MAGNUSAPI_DATA`, or in `/var/lib/magnusapi` for root, or in `magnusapi` in `$XDG_DATA_HOME` or
/// `~/.local/share`.
///
/// # Errors
/// None of these is set.
pub fn data_folder() -> Result<PathBuf, Error> {
    let folder = DATA.folder(variable, geteuid().is_root());
    let folder = folder.map(|it| it.join("postgres"));
    folder.ok_or_else(|| {
        Error("this user has no home folder for the data: name a folder in MAGNUSAPI_DATA".into())
    })
}

/// The folder for fetched programs: `$MAGNUSAPI_CACHE`, or `/var/cache/magnusapi` for root, or
/// `magnusapi` in `$XDG_CACHE_HOME` or `~/.cache`.
pub(crate) fn cache() -> Option<PathBuf> {
    CACHE.folder(variable, geteuid().is_root())
}

/// An empty variable counts as unset.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], is_root: bool) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        let folder = DATA.folder(variable, is_root)?;
        Some(folder.display().to_string())
    }

    #[test]
    fn named_folder_has_precedence() {
        let variables = [
            ("MAGNUSAPI_DATA", "/named"),
            ("XDG_DATA_HOME", "/xdg"),
            ("HOME", "/a"),
        ];
        for is_root in [false, true] {
            assert_eq!(chosen(&variables, is_root).as_deref(), Some("/named"));
        }
    }

    #[test]
    fn root_does_not_use_its_home() {
        let variables = [("XDG_DATA_HOME", "/closed/xdg"), ("HOME", "/closed")];
        let folder = chosen(&variables, true);
        assert_eq!(folder.as_deref(), Some("/var/lib/magnusapi"));
    }

    #[test]
    fn other_users_use_the_xdg_folder_or_their_home() {
        let variables = [("XDG_DATA_HOME", "/xdg"), ("HOME", "/home/a")];
        assert_eq!(chosen(&variables, false).as_deref(), Some("/xdg/magnusapi"));
        let folder = chosen(&variables[1..], false);
        assert_eq!(folder.as_deref(), Some("/home/a/.local/share/magnusapi"));
        assert_eq!(chosen(&[], false), None);
    }
}
