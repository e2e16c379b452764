//! Who the server runs as.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;

use crate::Error;

/// The account PostgreSQL's programs run as: our own, unless that is root, which PostgreSQL
/// refuses.
#[derive(Debug)]
pub(crate) struct Account {
    name: String,
    /// User and group to become; `None` where we are it already.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// The account for a cluster in `folder`, which exists. Root's server runs as the folder's
    /// owner, so that `sudo` in somebody's project does not take their database away.
    pub(crate) fn owning(folder: &Path) -> Result<Account, Error> {
        let owner = fs::metadata(folder).map_err(Error::file("look at", folder))?;
        if !geteuid().is_root() || owner.uid() == 0 {
            return Account::unprivileged();
        }
        let ids = Some((owner.uid(), owner.gid()));
        Ok(Account {
            name: format!("uid {}", owner.uid()),
            ids,
        })
    }

    /// Our own account; as root `postgres`, or else `nobody`.
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
            .ok_or(Error::NoAccount)
    }

    /// `program`, to be run as this account. The caller's `PG…` variables are for its clients, not
    /// for our server.
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

    /// Gives `path` to this account; of a link the link itself.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        let Some((uid, gid)) = self.ids else {
            return Ok(());
        };
        lchown(path, Some(uid), Some(gid)).map_err(Error::file("change the owner of", path))
    }

    /// The user id of what this account creates.
    pub(crate) fn uid(&self) -> u32 {
        self.ids.map_or_else(|| geteuid().as_raw(), |(uid, _)| uid)
    }

    /// Whether the account may enter `path` (or execute it, for a file). Asked of the system, in
    /// the account's name, because modes do not tell of access lists and read-only mounts.
    pub(crate) fn reach(&self, path: &Path) -> Result<(), Error> {
        const WALK: &str =
            r#"for place; do [ -x "$place" ] || { printf %s "$place"; exit 1; }; done"#;
        if self.ids.is_none() {
            return Ok(());
        }
        let shell = Path::new("/bin/sh");
        let way: Vec<&Path> = path.ancestors().collect();
        let walk = self
            .command(shell)
            .args(["-c", WALK, "sh"])
            .args(way.iter().rev())
            .output();
        let walk = walk.map_err(Error::run(shell))?;
        if walk.status.success() {
            return Ok(());
        }
        let barrier = PathBuf::from(String::from_utf8_lossy(&walk.stdout).into_owned());
        Err(Error::Unreachable {
            account: self.name.clone(),
            path: path.to_owned(),
            barrier,
        })
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
    fn an_account_that_is_missing_or_malformed_is_none() {
        assert_eq!(ids(PASSWD, "post"), None);
        assert_eq!(ids(PASSWD, "bad"), None);
    }
}
