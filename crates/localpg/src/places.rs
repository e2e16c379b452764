//! The folders that outlive a process. Those of root are outside root's home, which the server's account cannot enter.

use std::env;
use std::path::PathBuf;

use rustix::process::geteuid;

use crate::Error;

/// The folder for a developer's databases, the same for every program of this workspace: `postgres` in
/// `$MAGNUSAPI_DATA`, or in `/var/lib/magnusapi` for root, or in `magnusapi` in `$XDG_DATA_HOME` or
/// `~/.local/share`.
///
/// # Errors
/// [`Error::NoHome`] if none of these is set.
pub fn data_folder() -> Result<PathBuf, Error> {
    let system = PathBuf::from("/var/lib/magnusapi");
    let user = (".local/share", "XDG_DATA_HOME");
    choose(
        "MAGNUSAPI_DATA",
        system,
        user,
        variable,
        geteuid().is_root(),
    )
    .map(|folder| folder.join("postgres"))
    .ok_or(Error::NoHome)
}

/// The folder for fetched programs: `$MAGNUSAPI_CACHE`, or `/var/cache/magnusapi` for root, or
/// `magnusapi` in `$XDG_CACHE_HOME` or `~/.cache`.
pub(crate) fn cache() -> Option<PathBuf> {
    let system = PathBuf::from("/var/cache/magnusapi");
    let user = (".cache", "XDG_CACHE_HOME");
    choose(
        "MAGNUSAPI_CACHE",
        system,
        user,
        variable,
        geteuid().is_root(),
    )
}

/// An empty variable counts as unset.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The folder in the variable `named`; else `system` for root; else below the folder in the variable `user.1`, or below
/// `user.0` in the home.
fn choose(
    named: &str,
    system: PathBuf,
    user: (&str, &str),
    variable: impl Fn(&str) -> Option<PathBuf>,
    is_root: bool,
) -> Option<PathBuf> {
    variable(named).or_else(|| {
        if is_root {
            return Some(system);
        }
        let base = variable(user.1).or_else(|| Some(variable("HOME")?.join(user.0)))?;
        Some(base.join("magnusapi"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], is_root: bool) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        let user = (".local/share", "XDG_DATA_HOME");
        choose(
            "NAMED",
            "/var/lib/magnusapi".into(),
            user,
            variable,
            is_root,
        )
        .map(|folder| folder.display().to_string())
    }

    #[test]
    fn named_folder_has_precedence() {
        let variables = [
            ("NAMED", "/named"),
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
