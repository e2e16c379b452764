//! A container of Azure Blob Storage or of the emulator: its address, and the access to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::azure::{AzureAccessKey, AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::StaticCredentialProvider;
use object_store::path::Path;
use url::Url;

use super::identity::Identity;
use super::refusal::Connector;
use super::requests::retries;
use super::settings::{BlobSettings, has_more_than_a_path};
use crate::environment::SettingError;

/// A container of a storage account, or a folder in it.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) settings: &'static BlobSettings,
    pub(super) account: String,
    pub(super) endpoint: Url,
    pub(super) name: String,
    pub(super) prefix: Path,
    pub(super) access: Access,
}

/// How requests are authorized.
#[derive(Clone)]
pub(super) enum Access {
    /// A token of this program's Azure identity.
    Identity,
    /// A signature with the account's key.
    Key(AzureAccessKey),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Identity => "Identity",
            Access::Key(_) => "Key",
        })
    }
}

impl Container {
    /// The one that `az://<container>/<folder>` names, with the settings beside it.
    pub(super) fn read(
        settings: &'static BlobSettings,
        url: &Url,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Container, SettingError> {
        let BlobSettings {
            url: setting,
            account: account_setting,
            ..
        } = settings;
        let name = url.host_str().unwrap_or_default().to_owned();
        if !is_container(&name) {
            return Err(SettingError::new(format!(
                "{setting} names the container {name:?}, which is not valid; the name of a container has 3 to 63 \
                 lower-case letters, digits and single hyphens"
            )));
        }
        let prefix = Path::from_url_path(url.path());
        let prefix = prefix.map_err(|_| settings.unusable_url(url.as_str()))?;
        let account = variable(account_setting).ok_or_else(|| {
            SettingError::new(format!(
                "{setting} names a container; set {account_setting} to the name of its account"
            ))
        })?;
        if !is_account(&account) {
            return Err(SettingError::new(format!(
                "{account_setting}={account} is not the name of a storage account; set it to 3 to 24 lower-case \
                 letters and digits, the first label of its address"
            )));
        }
        let given = variable(settings.endpoint);
        let endpoint = endpoint(&account, given.as_deref()).ok_or_else(|| {
            SettingError::new(format!(
                "{} cannot be used; set it to the account's blob endpoint, such as \
                 https://<account>.blob.core.chinacloudapi.cn, or unset it for Azure's public cloud",
                settings.endpoint
            ))
        })?;
        Ok(Container {
            settings,
            access: access(settings, &endpoint, variable(settings.key).as_deref())?,
            account,
            endpoint,
            name,
            prefix,
        })
    }

    /// Opens the container. Sends no request.
    pub(super) fn open(&self, wait: Duration) -> object_store::Result<MicrosoftAzure> {
        let builder = MicrosoftAzureBuilder::new()
            .with_account(&self.account)
            .with_container_name(&self.name)
            .with_endpoint(self.endpoint.to_string())
            .with_retry(retries(wait))
            .with_http_connector(Connector {
                in_the_clear: self.endpoint.scheme() == "http",
                longest_wait: wait / 2,
            });
        match &self.access {
            Access::Identity => builder.with_credentials(Arc::new(Identity::new(wait))),
            Access::Key(key) => builder.with_credentials(Arc::new(StaticCredentialProvider::new(
                AzureCredential::AccessKey(key.clone()),
            ))),
        }
        .build()
    }
}

fn endpoint(account: &str, given: Option<&str>) -> Option<Url> {
    let text = match given {
        Some(given) => given.to_owned(),
        None => format!("https://{account}.blob.core.windows.net"),
    };
    let url = Url::parse(&text).ok()?;
    let of_the_web = matches!(url.scheme(), "http" | "https");
    (of_the_web && !has_more_than_a_path(&url)).then_some(url)
}

/// A key opens the whole account and never expires, so only the emulator's key is accepted.
fn access(settings: &BlobSettings, url: &Url, given: Option<&str>) -> Result<Access, SettingError> {
    let BlobSettings { endpoint, key, .. } = settings;
    let problem = match (url.scheme(), given) {
        ("https", None) => return Ok(Access::Identity),
        ("https", Some(_)) => format!(
            "{key} is for the emulator, at a {endpoint} with http; unset it and give the app's identity the role \
             Storage Blob Data Contributor"
        ),
        (_, None) => format!(
            "{endpoint} is not https, which would send the identity's token in the clear; use https, or for the \
             emulator set {key}"
        ),
        (_, Some(given)) => match AzureAccessKey::try_new(given) {
            Ok(key) => return Ok(Access::Key(key)),
            Err(_) => {
                format!("{key} is not the key of a storage account; copy all of it, in base64")
            }
        },
    };
    Err(SettingError::new(problem))
}

/// <https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata>
fn is_container(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| is_lower_or_digit(b) || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

fn is_account(name: &str) -> bool {
    (3..=24).contains(&name.len()) && name.bytes().all(is_lower_or_digit)
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::address::Location;
    use crate::blob::address::samples::{SECRET, address};

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
        assert_eq!(address.wait, Duration::from_secs(20));
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
}
