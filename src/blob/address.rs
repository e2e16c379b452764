//! A store's address, and the settings beside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::bucket::Bucket;
use super::container::Container;

/// The location of a store, and how to connect to it.
#[derive(Clone, Debug)]
pub struct BlobAddress {
    pub(super) location: Location,
    /// How long a request to the store is retried.
    pub(super) wait: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Location {
    Container(Container),
    Bucket(Bucket),
    Folder(PathBuf),
}

/// The names of the settings of one store.
#[derive(Debug, PartialEq, Eq)]
pub struct BlobSettings {
    /// The address: `az://container/folder`, `s3://bucket/folder` or `file:///folder`.
    pub url: &'static str,
    /// The storage account of a container.
    pub account: &'static str,
    /// The account's blob endpoint, where it is not the public cloud's.
    pub endpoint: &'static str,
    /// The account's key, for the emulator.
    pub key: &'static str,
    /// How many seconds a request is retried: 1 to 600, 20 by default.
    pub wait: &'static str,
}

/// A setting of a store cannot be used. No message repeats a key, or the part of an address that may
/// contain one.
#[derive(Debug)]
pub struct BlobAddressError {
    settings: &'static BlobSettings,
    problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    Url(String),
    /// The address has a query, which may be a shared access signature.
    Query,
    NoAccount,
    Account(String),
    Container(String),
    Endpoint,
    /// Without TLS, the token would be sent in the clear.
    Clear,
    KeyForAzure,
    Key,
    Wait(String),
    Bucket(String),
    /// A variable of a bucket is not set.
    Unset(&'static str),
    BucketEndpoint,
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
        match &self.problem {
            Problem::Url(text) => write!(
                f,
                "{url}={text} cannot be used; set it to az://<container>/<folder>, to \
                 s3://<bucket>/<folder> or to file:///<folder>"
            ),
            Problem::Query => write!(
                f,
                "{url} has a query, a user or a fragment, which is not shown here; shared access \
                 signatures are not supported: set it to az://<container>/<folder>, and the app's \
                 identity is used, or to s3://<bucket>/<folder>"
            ),
            Problem::NoAccount => write!(
                f,
                "{url} names a container; set {account} to the name of its account"
            ),
            Problem::Account(text) => write!(
                f,
                "{account}={text} is not the name of a storage account; set it to 3 to 24 lower-case letters \
                 and digits, the first label of its address"
            ),
            Problem::Container(name) => write!(
                f,
                "{url} names the container {name:?}, which is not valid; the name of a container has 3 to 63 \
                 lower-case letters, digits and single hyphens"
            ),
            Problem::Endpoint => write!(
                f,
                "{endpoint} cannot be used; set it to the account's blob endpoint, such as \
                 https://<account>.blob.core.chinacloudapi.cn, or unset it for Azure's public cloud"
            ),
            Problem::Clear => write!(
                f,
                "{endpoint} is not https, which would send the identity's token in the clear; use \
                 https, or for the emulator set {key}"
            ),
            Problem::KeyForAzure => write!(
                f,
                "{key} is for the emulator, at a {endpoint} with http; unset it and give the app's \
                 identity the role Storage Blob Data Contributor"
            ),
            Problem::Key => write!(
                f,
                "{key} is not the key of a storage account; copy all of it, in base64"
            ),
            Problem::Wait(text) => write!(
                f,
                "{wait}={text} cannot be used; set it to whole seconds from 1 to 600"
            ),
            Problem::Bucket(name) => write!(
                f,
                "{url} names the bucket {name:?}, which is not valid; the name of a bucket has 3 to 63 \
                 lower-case letters, digits, hyphens and dots"
            ),
            Problem::Unset(variable) => write!(f, "{url} names a bucket; set {variable}"),
            Problem::BucketEndpoint => write!(
                f,
                "AWS_ENDPOINT_URL cannot be used; set it to the https address of an S3-compatible server, or \
                 to http on 127.0.0.1, or unset it for Amazon"
            ),
        }
    }
}

impl BlobSettings {
    /// The error for the address `text`, which is not the address of a store.
    pub fn unusable_url(&'static self, text: &str) -> BlobAddressError {
        self.error(unusable_url(text))
    }

    fn error(&'static self, problem: Problem) -> BlobAddressError {
        BlobAddressError {
            settings: self,
            problem,
        }
    }
}

impl BlobAddress {
    /// Reads these settings. `None` if there is no address.
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

    pub fn folder(folder: &Path) -> BlobAddress {
        BlobAddress {
            location: Location::Folder(folder.to_owned()),
            wait: DEFAULT_WAIT,
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
        match &self.location {
            Location::Container(_) | Location::Bucket(_) => None,
            Location::Folder(folder) => (!folder.exists()).then_some(folder),
        }
    }
}

const DEFAULT_WAIT: Duration = Duration::from_secs(20);

/// In the syntax of the setting.
impl fmt::Display for BlobAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Container(Container { name, prefix, .. }) if prefix.is_root() => {
                write!(f, "az://{name}")
            }
            Location::Container(Container { name, prefix, .. }) => {
                write!(f, "az://{name}/{prefix}")
            }
            Location::Bucket(Bucket { name, prefix, .. }) if prefix.is_root() => {
                write!(f, "s3://{name}")
            }
            Location::Bucket(Bucket { name, prefix, .. }) => write!(f, "s3://{name}/{prefix}"),
            Location::Folder(folder) => write!(f, "file://{}", folder.display()),
        }
    }
}

fn location(
    settings: &'static BlobSettings,
    text: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Location, Problem> {
    let url = Url::parse(text).map_err(|_| unusable_url(text))?;
    if has_more_than_a_path(&url) {
        return Err(Problem::Query);
    }
    match url.scheme() {
        "az" => Ok(Location::Container(Container::read(
            settings, &url, variable,
        )?)),
        "s3" => Ok(Location::Bucket(Bucket::read(settings, &url, variable)?)),
        "file" => Ok(Location::Folder(
            url.to_file_path().map_err(|()| unusable_url(text))?,
        )),
        _ => Err(unusable_url(text)),
    }
}

fn wait(text: Option<String>) -> Result<Duration, Problem> {
    let Some(text) = text else {
        return Ok(DEFAULT_WAIT);
    };
    let seconds = text.parse().ok().filter(|it| (1..=600).contains(it));
    seconds.map(Duration::from_secs).ok_or(Problem::Wait(text))
}

/// Whether it has a user, a query, or a fragment.
pub(super) fn has_more_than_a_path(url: &Url) -> bool {
    url.query().is_some()
        || url.fragment().is_some()
        || url.password().is_some()
        || !url.username().is_empty()
}

/// The message omits everything after a `?`, which may be a secret.
pub(super) fn unusable_url(text: &str) -> Problem {
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    Problem::Url(shown.to_owned())
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
    fn a_container_of_the_public_cloud_needs_the_apps_identity() {
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
    fn the_key_of_the_emulator_is_never_shown() {
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
    fn a_bucket_needs_the_standard_variables_and_shows_no_secret() {
        let of = |more: &[(&str, &str)]| {
            let own = [
                ("BACKUP_URL", "s3://backups/of/us"),
                ("AWS_ACCESS_KEY_ID", "id"),
            ];
            read(&[&own[..], more].concat())
        };
        let secret = ("AWS_SECRET_ACCESS_KEY", SECRET);
        let at = |url| ("AWS_ENDPOINT_URL", url);
        for (variable, pairs) in [
            ("AWS_SECRET_ACCESS_KEY", vec![]),
            ("AWS_REGION", vec![secret]),
            ("AWS_ENDPOINT_URL", vec![secret, at("http://s3.example")]),
            ("AWS_ENDPOINT_URL", vec![secret, at("s3.example")]),
        ] {
            let error = of(&pairs).expect_err(variable).to_string();
            assert!(
                error.contains(variable) && !error.contains(SECRET),
                "{error}"
            );
        }
        for pairs in [
            [secret, ("AWS_REGION", "eu-central-1")],
            [secret, at("https://s3.example")],
            [secret, at("http://127.0.0.1:9000")],
        ] {
            let address = of(&pairs).expect("it can be used").expect("it is set");
            assert_eq!(address.to_string(), "s3://backups/of/us");
            assert!(!format!("{address:?}").contains(SECRET), "{address:?}");
        }
    }

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
