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
use super::settings::{BlobSettings, Problem, has_more_than_a_path, unusable_url};

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
    ) -> Result<Container, Problem> {
        let name = url.host_str().unwrap_or_default().to_owned();
        if !is_container(&name) {
            return Err(Problem::Container(name));
        }
        let prefix = Path::from_url_path(url.path()).map_err(|_| unusable_url(url.as_str()))?;
        let account = variable(settings.account).ok_or(Problem::NoAccount)?;
        if !is_account(&account) {
            return Err(Problem::Account(account));
        }
        let endpoint = endpoint(&account, variable(settings.endpoint).as_deref())?;
        Ok(Container {
            settings,
            access: access(&endpoint, variable(settings.key).as_deref())?,
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

fn endpoint(account: &str, given: Option<&str>) -> Result<Url, Problem> {
    let text = match given {
        Some(given) => given.to_owned(),
        None => format!("https://{account}.blob.core.windows.net"),
    };
    let url = Url::parse(&text).map_err(|_| Problem::Endpoint)?;
    let of_the_web = matches!(url.scheme(), "http" | "https");
    if !of_the_web || has_more_than_a_path(&url) {
        return Err(Problem::Endpoint);
    }
    Ok(url)
}

/// A key opens the whole account and never expires, so only the emulator's key is accepted.
fn access(endpoint: &Url, key: Option<&str>) -> Result<Access, Problem> {
    match (endpoint.scheme(), key) {
        ("https", None) => Ok(Access::Identity),
        ("https", Some(_)) => Err(Problem::KeyForAzure),
        (_, None) => Err(Problem::Clear),
        (_, Some(key)) => AzureAccessKey::try_new(key)
            .map(Access::Key)
            .map_err(|_| Problem::Key),
    }
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
