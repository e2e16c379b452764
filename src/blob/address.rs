//! `BACKUP_URL` and the settings beside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use url::Url;

use super::container::Container;

/// Where backups lie, and how one gets there.
#[derive(Clone, Debug)]
pub struct BlobAddress {
    pub(super) location: Location,
    /// `BACKUP_STORAGE_WAIT`, seconds, default 20: how long a request to the store is tried again.
    pub(super) wait: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Location {
    Container(Container),
    Folder(PathBuf),
}

/// A setting of the store that cannot be used. No message repeats a key, or the part of an address
/// where people paste one.
#[derive(Debug, Error)]
pub enum BlobAddressError {
    /// The address.
    #[error(
        "BACKUP_URL={0} cannot be used; set it to az://<container>/<folder> or to file:///<folder>"
    )]
    Url(String),
    /// The address has a query, which may be a shared access signature.
    #[error(
        "BACKUP_URL has a query, a user or a fragment, which is not shown here; shared access \
         signatures are not supported: set it to az://<container>/<folder>, and the app's identity \
         is used"
    )]
    Query,
    /// No account.
    #[error("BACKUP_URL names a container; set BACKUP_STORAGE_ACCOUNT to the name of its account")]
    NoAccount,
    /// An account that cannot be.
    #[error(
        "BACKUP_STORAGE_ACCOUNT={0} is no storage account's name; set it to 3 to 24 lower-case \
         letters and digits, the first label of its address"
    )]
    Account(String),
    /// A container that cannot be.
    #[error(
        "BACKUP_URL names the container {0:?}, which cannot be; a container's name has 3 to 63 \
         lower-case letters, digits and single hyphens"
    )]
    Container(String),
    /// An endpoint that cannot be used.
    #[error(
        "BACKUP_STORAGE_ENDPOINT cannot be used; set it to the account's blob endpoint, such as \
         https://<account>.blob.core.chinacloudapi.cn, or unset it for Azure's public cloud"
    )]
    Endpoint,
    /// A token would be sent in the clear.
    #[error(
        "BACKUP_STORAGE_ENDPOINT is not https, which would send the identity's token in the clear; \
         use https, or for the emulator set BACKUP_STORAGE_KEY"
    )]
    Clear,
    /// A key for a real account.
    #[error(
        "BACKUP_STORAGE_KEY is for the emulator, at a BACKUP_STORAGE_ENDPOINT with http; unset it \
         and give the app's identity the role Storage Blob Data Contributor"
    )]
    KeyForAzure,
    /// A key that is none.
    #[error("BACKUP_STORAGE_KEY is no storage account's key; copy it whole, it is base64")]
    Key,
    /// The wait.
    #[error("BACKUP_STORAGE_WAIT={0} cannot be used; set it to whole seconds from 1 to 600")]
    Wait(String),
}

impl BlobAddress {
    /// Reads the settings. `None` when `BACKUP_URL` is not set.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<BlobAddress>, BlobAddressError> {
        let Some(text) = variable("BACKUP_URL") else {
            return Ok(None);
        };
        let url = Url::parse(&text).map_err(|_| refused(&text))?;
        if has_more_than_a_path(&url) {
            return Err(BlobAddressError::Query);
        }
        let location = match url.scheme() {
            "az" => Location::Container(Container::read(&url, &variable)?),
            "file" => Location::Folder(url.to_file_path().map_err(|()| refused(&text))?),
            _ => return Err(refused(&text)),
        };
        let wait = wait(&variable)?;
        Ok(Some(BlobAddress { location, wait }))
    }

    /// A folder on this machine.
    pub fn folder(folder: &Path) -> BlobAddress {
        BlobAddress {
            location: Location::Folder(folder.to_owned()),
            wait: DEFAULT_WAIT,
        }
    }
}

const DEFAULT_WAIT: Duration = Duration::from_secs(20);

/// As `BACKUP_URL` has it.
impl fmt::Display for BlobAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Container(Container { name, prefix, .. }) if prefix.is_root() => {
                write!(f, "az://{name}")
            }
            Location::Container(Container { name, prefix, .. }) => {
                write!(f, "az://{name}/{prefix}")
            }
            Location::Folder(folder) => write!(f, "file://{}", folder.display()),
        }
    }
}

fn wait(variable: &impl Fn(&str) -> Option<String>) -> Result<Duration, BlobAddressError> {
    let Some(text) = variable("BACKUP_STORAGE_WAIT") else {
        return Ok(DEFAULT_WAIT);
    };
    let seconds = text.parse().ok().filter(|it| (1..=600).contains(it));
    seconds
        .map(Duration::from_secs)
        .ok_or(BlobAddressError::Wait(text))
}

/// A user, a query, or a fragment.
pub(super) fn has_more_than_a_path(url: &Url) -> bool {
    url.query().is_some()
        || url.fragment().is_some()
        || url.password().is_some()
        || !url.username().is_empty()
}

/// What comes after a `?` may be a secret.
pub(super) fn refused(text: &str) -> BlobAddressError {
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    BlobAddressError::Url(shown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::container::Access;

    const SECRET: &str = "c2VjcmV0LWtleQ==";

    fn read(pairs: &[(&str, &str)]) -> Result<Option<BlobAddress>, BlobAddressError> {
        BlobAddress::read(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn address(pairs: &[(&str, &str)]) -> BlobAddress {
        read(pairs).expect("it can be used").expect("it is set")
    }

    #[test]
    fn a_container_of_the_public_cloud_is_reached_by_the_apps_identity() {
        let address = address(&[
            ("BACKUP_URL", "az://backups/of/us"),
            ("BACKUP_STORAGE_ACCOUNT", "magnus"),
        ]);
        let Location::Container(container) = &address.location else {
            panic!("a container: {address:?}");
        };
        assert_eq!(
            container.endpoint.as_str(),
            "https://magnus.blob.core.windows.net/"
        );
        assert!(matches!(container.access, Access::Identity));
        assert_eq!(address.to_string(), "az://backups/of/us");
        assert_eq!(address.wait, DEFAULT_WAIT);
    }

    #[test]
    fn the_emulator_takes_a_key_that_is_never_shown() {
        let address = address(&[
            ("BACKUP_URL", "az://backups"),
            ("BACKUP_STORAGE_ACCOUNT", "devstoreaccount1"),
            (
                "BACKUP_STORAGE_ENDPOINT",
                "http://127.0.0.1:10000/devstoreaccount1",
            ),
            ("BACKUP_STORAGE_KEY", SECRET),
        ]);
        assert_eq!(address.to_string(), "az://backups");
        let shown = format!("{address:?}");
        assert!(
            !shown.contains(SECRET) && !shown.contains("115, 101, 99"),
            "{shown}"
        );
    }

    #[test]
    fn a_folder_needs_nothing_else() {
        let address = address(&[("BACKUP_URL", "file:///var/backups/of%20us")]);
        assert_eq!(address.to_string(), "file:///var/backups/of us");
        assert!(read(&[]).expect("good").is_none());
    }

    #[test]
    fn what_cannot_be_used_names_its_variable_and_shows_no_secret() {
        let account = ("BACKUP_STORAGE_ACCOUNT", "magnus");
        let container = ("BACKUP_URL", "az://backups");
        let clear = ("BACKUP_STORAGE_ENDPOINT", "http://127.0.0.1:1/magnus");
        let key = ("BACKUP_STORAGE_KEY", SECRET);
        let signed = "https://magnus.blob.core.windows.net/backups?sig=c2VjcmV0LWtleQ==";
        let cases: [(&str, &[(&str, &str)]); 14] = [
            ("BACKUP_URL", &[("BACKUP_URL", "backups")]),
            ("BACKUP_URL", &[("BACKUP_URL", "file://backups")]),
            (
                "BACKUP_URL",
                &[("BACKUP_URL", "https://magnus.blob.core.windows.net/b")],
            ),
            ("BACKUP_URL", &[("BACKUP_URL", signed)]),
            ("BACKUP_URL", &[("BACKUP_URL", "az://Back_ups"), account]),
            ("BACKUP_URL", &[("BACKUP_URL", "az://b"), account]),
            ("BACKUP_URL", &[("BACKUP_URL", "az://backups//x"), account]),
            ("BACKUP_STORAGE_ACCOUNT", &[container]),
            (
                "BACKUP_STORAGE_ACCOUNT",
                &[container, ("BACKUP_STORAGE_ACCOUNT", "Magnus.x")],
            ),
            ("BACKUP_STORAGE_ENDPOINT", &[container, account, clear]),
            (
                "BACKUP_STORAGE_ENDPOINT",
                &[container, account, ("BACKUP_STORAGE_ENDPOINT", signed)],
            ),
            ("BACKUP_STORAGE_KEY", &[container, account, key]),
            (
                "BACKUP_STORAGE_KEY",
                &[container, account, clear, ("BACKUP_STORAGE_KEY", "!")],
            ),
            (
                "BACKUP_STORAGE_WAIT",
                &[("BACKUP_URL", "file:///b"), ("BACKUP_STORAGE_WAIT", "0")],
            ),
        ];
        for (variable, pairs) in cases {
            let error = read(pairs).expect_err(&format!("{pairs:?}")).to_string();
            assert!(error.contains(variable), "{error}");
            assert!(
                !error.contains(SECRET) && !error.contains("sig="),
                "{error}"
            );
        }
    }
}
