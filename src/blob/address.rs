//! A store's address, and the settings beside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::container::Container;

/// Where a store is, and how one gets there.
#[derive(Clone, Debug)]
pub struct BlobAddress {
    pub(super) location: Location,
    /// How long a request to the store is tried again.
    pub(super) wait: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Location {
    Container(Container),
    Folder(PathBuf),
}

/// The names of the settings of one store.
#[derive(Debug, PartialEq, Eq)]
pub struct BlobSettings {
    /// The address: `az://container/folder` or `file:///folder`.
    pub url: &'static str,
    /// The storage account of a container.
    pub account: &'static str,
    /// The account's blob endpoint, where it is not the public cloud's.
    pub endpoint: &'static str,
    /// The account's key, for the emulator.
    pub key: &'static str,
    /// How many seconds a request is tried again: 1 to 600, 20 without it.
    pub wait: &'static str,
}

/// A setting of a store that cannot be used. No message repeats a key, or the part of an address
/// where people paste one.
#[derive(Debug)]
pub struct BlobAddressError {
    settings: &'static BlobSettings,
    refusal: Refusal,
}

/// What is wrong with it.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The address.
    Url(String),
    /// The address has a query, which may be a shared access signature.
    Query,
    /// No account.
    NoAccount,
    /// An account that cannot be.
    Account(String),
    /// A container that cannot be.
    Container(String),
    /// An endpoint that cannot be used.
    Endpoint,
    /// A token would be sent in the clear.
    Clear,
    /// A key for a real account.
    KeyForAzure,
    /// A key that is none.
    Key,
    /// The wait.
    Wait(String),
}

impl std::error::Error for BlobAddressError {}

impl fmt::Display for BlobAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BlobSettings {
            url,
            account,
            endpoint,
            key,
            wait,
        } = self.settings;
        match &self.refusal {
            Refusal::Url(text) => write!(
                f,
                "{url}={text} cannot be used; set it to az://<container>/<folder> or to \
                 file:///<folder>"
            ),
            Refusal::Query => write!(
                f,
                "{url} has a query, a user or a fragment, which is not shown here; shared access \
                 signatures are not supported: set it to az://<container>/<folder>, and the app's \
                 identity is used"
            ),
            Refusal::NoAccount => write!(
                f,
                "{url} names a container; set {account} to the name of its account"
            ),
            Refusal::Account(text) => write!(
                f,
                "{account}={text} is no storage account's name; set it to 3 to 24 lower-case letters \
                 and digits, the first label of its address"
            ),
            Refusal::Container(name) => write!(
                f,
                "{url} names the container {name:?}, which cannot be; a container's name has 3 to 63 \
                 lower-case letters, digits and single hyphens"
            ),
            Refusal::Endpoint => write!(
                f,
                "{endpoint} cannot be used; set it to the account's blob endpoint, such as \
                 https://<account>.blob.core.chinacloudapi.cn, or unset it for Azure's public cloud"
            ),
            Refusal::Clear => write!(
                f,
                "{endpoint} is not https, which would send the identity's token in the clear; use \
                 https, or for the emulator set {key}"
            ),
            Refusal::KeyForAzure => write!(
                f,
                "{key} is for the emulator, at a {endpoint} with http; unset it and give the app's \
                 identity the role Storage Blob Data Contributor"
            ),
            Refusal::Key => write!(
                f,
                "{key} is no storage account's key; copy it whole, it is base64"
            ),
            Refusal::Wait(text) => write!(
                f,
                "{wait}={text} cannot be used; set it to whole seconds from 1 to 600"
            ),
        }
    }
}

impl BlobSettings {
    /// The address `text` is none of a store.
    pub fn refused(&'static self, text: &str) -> BlobAddressError {
        self.error(refused(text))
    }

    fn error(&'static self, refusal: Refusal) -> BlobAddressError {
        BlobAddressError {
            settings: self,
            refusal,
        }
    }
}

impl BlobAddress {
    /// Reads these settings. `None` when there is no address.
    pub fn read(
        settings: &'static BlobSettings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<BlobAddress>, BlobAddressError> {
        let Some(text) = variable(settings.url) else {
            return Ok(None);
        };
        BlobAddress::of(settings, &text, &variable).map(Some)
    }

    /// The store at the address `text`, with the settings beside it.
    pub fn of(
        settings: &'static BlobSettings,
        text: &str,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<BlobAddress, BlobAddressError> {
        let location = location(settings, text, variable);
        let wait = wait(variable(settings.wait));
        Ok(BlobAddress {
            location: location.map_err(|it| settings.error(it))?,
            wait: wait.map_err(|it| settings.error(it))?,
        })
    }

    /// A folder on this machine.
    pub fn folder(folder: &Path) -> BlobAddress {
        BlobAddress {
            location: Location::Folder(folder.to_owned()),
            wait: DEFAULT_WAIT,
        }
    }

    /// The folder, if this is one and it does not exist.
    pub fn missing_folder(&self) -> Option<&Path> {
        match &self.location {
            Location::Container(_) => None,
            Location::Folder(folder) => (!folder.exists()).then_some(folder),
        }
    }
}

const DEFAULT_WAIT: Duration = Duration::from_secs(20);

/// As the setting has it.
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

fn location(
    settings: &'static BlobSettings,
    text: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Location, Refusal> {
    let url = Url::parse(text).map_err(|_| refused(text))?;
    if has_more_than_a_path(&url) {
        return Err(Refusal::Query);
    }
    match url.scheme() {
        "az" => Ok(Location::Container(Container::read(
            settings, &url, variable,
        )?)),
        "file" => Ok(Location::Folder(
            url.to_file_path().map_err(|()| refused(text))?,
        )),
        _ => Err(refused(text)),
    }
}

fn wait(text: Option<String>) -> Result<Duration, Refusal> {
    let Some(text) = text else {
        return Ok(DEFAULT_WAIT);
    };
    let seconds = text.parse().ok().filter(|it| (1..=600).contains(it));
    seconds.map(Duration::from_secs).ok_or(Refusal::Wait(text))
}

/// A user, a query, or a fragment.
pub(super) fn has_more_than_a_path(url: &Url) -> bool {
    url.query().is_some()
        || url.fragment().is_some()
        || url.password().is_some()
        || !url.username().is_empty()
}

/// What comes after a `?` may be a secret.
pub(super) fn refused(text: &str) -> Refusal {
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    Refusal::Url(shown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::container::Access;

    const SECRET: &str = "c2VjcmV0LWtleQ==";

    static SETTINGS: BlobSettings = BlobSettings {
        url: "BACKUP_URL",
        account: "BACKUP_STORAGE_ACCOUNT",
        endpoint: "BACKUP_STORAGE_ENDPOINT",
        key: "BACKUP_STORAGE_KEY",
        wait: "BACKUP_STORAGE_WAIT",
    };

    fn read(pairs: &[(&str, &str)]) -> Result<Option<BlobAddress>, BlobAddressError> {
        BlobAddress::read(&SETTINGS, |name| {
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
