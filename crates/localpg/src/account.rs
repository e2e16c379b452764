//! The account that the server runs as.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use crate::Error;

/// The account of PostgreSQL's programs: that of this process, unless that is root, which PostgreSQL refuses.
#[derive(Debug)]
pub(crate) struct Account {
    name: String,
    /// User and group; `None` for the account of this process.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// The account for a cluster in `folder`, which exists. Root's server runs as the folder's owner, so that a command
    /// with `sudo` does not make a developer's database unreadable for the developer.
    pub(crate) fn owning(folder: &Path) -> Result<Account, Error> {
        let owner = fs::metadata(folder).map_err(Error::file("inspect", folder))?;
        if !geteuid().is_root() || owner.uid() == 0 {
            return Account::unprivileged();
        }
        let ids = Some((owner.uid(), owner.gid()));
        Ok(Account {
            name: format!("uid {}", owner.uid()),
            ids,
        })
    }

    /// The account of this process; for root `postgres`, or else `nobody`.
    pub(crate) fn unprivileged() -> Result<Account, Error> {
        if !geteuid().is_root() {
            return Ok(Account {
                name: "this account".into(),
                ids: None,
            });
        }
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(Error::file("read", path))?;
        let account = |name| {
            Some(Account {
                name: format!("`{name}`"),
                ids: Some(ids(&passwd, name)?),
            })
        };
        ["postgres", "nobody"]
            .into_iter()
            .find_map(account)
            .ok_or_else(|| {
                Error(
                    "PostgreSQL refuses to run as root, and /etc/passwd has neither `postgres` nor `nobody`: add one \
                     of them"
                        .into(),
                )
            })
    }

    /// `program`, to be run as this account. The `PG…` variables are removed: they are for clients, and not for this
    /// server.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives `path` to this account. A link itself is given, and not its target.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        let Some((uid, gid)) = self.ids else {
            return Ok(());
        };
        lchown(path, Some(uid), Some(gid)).map_err(Error::file("change the owner of", path))
    }

    /// The owner of files that this account creates.
    pub(crate) fn uid(&self) -> u32 {
        self.ids.map_or_else(|| geteuid().as_raw(), |(uid, _)| uid)
    }

    /// Fails if the account may not enter the folder, or execute the file, `path`. A process of the account tests it,
    /// because modes do not show access lists and read-only mounts.
    pub(crate) fn reach(&self, path: &Path) -> Result<(), Error> {
        const TEST: &str =
            r#"for place; do [ -x "$place" ] || { printf %s "$place"; exit 1; }; done"#;
        if self.ids.is_none() {
            return Ok(());
        }
        let shell = Path::new("/bin/sh");
        let ancestors: Vec<&Path> = path.ancestors().collect();
        let test = self
            .command(shell)
            .args(["-c", TEST, "sh"])
            .args(ancestors.iter().rev())
            .output();
        let test = test.map_err(Error::run(shell))?;
        if test.status.success() {
            return Ok(());
        }
        let (account, path) = (&self.name, path.display());
        let barrier = String::from_utf8_lossy(&test.stdout);
        Err(Error(format!(
            "PostgreSQL refuses to run as root and runs as {account} here, which may not enter {barrier} and so cannot \
             reach {path}: choose a place outside of {barrier}"
        )))
    }
}

/// User and group of `name` in the text of `/etc/passwd`.
fn ids(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let fields = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\nbad:x\n";

    #[test]
    fn user_and_group_are_the_third_and_fourth_field() {
        assert_eq!(ids(PASSWD, "postgres"), Some((101, 104)));
    }

    #[test]
    fn missing_and_malformed_accounts_are_not_found() {
        assert_eq!(ids(PASSWD, "post"), None);
        assert_eq!(ids(PASSWD, "bad"), None);
    }
}
