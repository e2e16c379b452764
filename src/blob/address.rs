//! A store's address.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::bucket::Bucket;
use super::container::Container;
use super::settings::{BlobSettings, has_more_than_a_path};
use crate::environment::{SettingError, seconds};

/// The location of a store, and how to connect to it.
#[derive(Clone, Debug)]
pub struct BlobAddress {
    pub(super) location: Location,
    /// How long a request to the store is retried; zero for a folder.
    pub(super) wait: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Location {
    Container(Container),
    Bucket(Bucket),
    Folder(PathBuf),
}

impl BlobAddress {
    /// Reads these settings. `None` if there is no address.
    pub fn read(
        settings: &'static BlobSettings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<BlobAddress>, SettingError> {
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
    ) -> Result<BlobAddress, SettingError> {
        let wait = seconds(variable, settings.wait, 1..=600, 20)?;
        Ok(match location(settings, text, variable)? {
            Location::Folder(folder) => BlobAddress::folder(&folder),
            location => BlobAddress { location, wait },
        })
    }

    pub fn folder(folder: &Path) -> BlobAddress {
        BlobAddress {
            location: Location::Folder(folder.to_owned()),
            wait: Duration::ZERO,
        }
    }

    /// Whether both are the same place. Settings of access do not count.
    pub fn is_same(&self, other: &BlobAddress) -> bool {
        match (&self.location, &other.location) {
            (Location::Container(one), Location::Container(other)) => {
                (&one.endpoint, &one.name, &one.prefix)
                    == (&other.endpoint, &other.name, &other.prefix)
            }
            (Location::Bucket(one), Location::Bucket(other)) => {
                (&one.name, &one.prefix) == (&other.name, &other.prefix)
            }
            (Location::Folder(one), Location::Folder(other)) => one == other,
            _ => false,
        }
    }

    /// The folder, if this is one and it does not exist.
    pub fn missing_folder(&self) -> Option<&Path> {
        self.root().filter(|folder| !folder.exists())
    }

    /// The folder, if this is one.
    pub(super) fn root(&self) -> Option<&Path> {
        match &self.location {
            Location::Container(_) | Location::Bucket(_) => None,
            Location::Folder(folder) => Some(folder),
        }
    }
}

/// In the syntax of the setting.
impl fmt::Display for BlobAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, name, prefix) = match &self.location {
            Location::Container(container) => ("az", &container.name, &container.prefix),
            Location::Bucket(bucket) => ("s3", &bucket.name, &bucket.prefix),
            Location::Folder(folder) => return write!(f, "file://{}", folder.display()),
        };
        let slash = if prefix.is_root() { "" } else { "/" };
        write!(f, "{scheme}://{name}{slash}{prefix}")
    }
}

fn location(
    settings: &'static BlobSettings,
    text: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Location, SettingError> {
    let unusable = || settings.unusable_url(text);
    let url = Url::parse(text).map_err(|_| unusable())?;
    if has_more_than_a_path(&url) {
        return Err(SettingError::new(format!(
            "{} has a query, a user or a fragment, which is not shown here; shared access signatures are not \
             supported: set it to az://<container>/<folder>, and the app's identity is used, or to \
             s3://<bucket>/<folder>",
            settings.url
        )));
    }
    match url.scheme() {
        "az" => Ok(Location::Container(Container::read(
            settings, &url, variable,
        )?)),
        "s3" => Ok(Location::Bucket(Bucket::read(settings, &url, variable)?)),
        "file" => Ok(Location::Folder(
            url.to_file_path().map_err(|()| unusable())?,
        )),
        _ => Err(unusable()),
    }
}

/// Addresses for tests, from pairs of a variable and its value.
#[cfg(test)]
pub(super) mod samples {
    use super::{BlobAddress, BlobSettings, SettingError};
    use crate::environment;

    pub(in super::super) const SECRET: &str = "c2VjcmV0LWtleQ==";

    static SETTINGS: BlobSettings = BlobSettings {
        url: "BACKUP_URL",
        account: "BACKUP_STORAGE_ACCOUNT",
        endpoint: "BACKUP_STORAGE_ENDPOINT",
        key: "BACKUP_STORAGE_KEY",
        wait: "BACKUP_STORAGE_WAIT",
    };

    pub(in super::super) fn read(
        pairs: &[(&str, &str)],
    ) -> Result<Option<BlobAddress>, SettingError> {
        BlobAddress::read(&SETTINGS, environment::of(pairs))
    }

    pub(in super::super) fn address(pairs: &[(&str, &str)]) -> BlobAddress {
        read(pairs).expect("it can be used").expect("it is set")
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{SECRET, address, read};

    #[test]
    fn a_folder_needs_nothing_else() {
        let address = address(&[("BACKUP_URL", "file:///var/backups/of%20us")]);
        assert_eq!(address.to_string(), "file:///var/backups/of us");
        assert!(read(&[]).expect("good").is_none());
    }

    #[test]
    fn errors_name_the_variable_and_show_no_secret() {
        let account = ("BACKUP_STORAGE_ACCOUNT", "magnus");
        let container = ("BACKUP_URL", "az://backups");
        let clear = ("BACKUP_STORAGE_ENDPOINT", "http://127.0.0.1:1/magnus");
        let key = ("BACKUP_STORAGE_KEY", SECRET);
        let signed = "https://magnus.blob.core.windows.net/backups?sig=c2VjcmV0LWtleQ==";
        let cases: [(&str, &[(&str, &str)]); 16] = [
            ("BACKUP_URL", &[("BACKUP_URL", "s3://Back_ups")]),
            ("AWS_ACCESS_KEY_ID", &[("BACKUP_URL", "s3://backups")]),
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
