//! The address of a container: its account, its endpoint, and the access to it.

use std::fmt;

use object_store::azure::AzureAccessKey;
use object_store::path::Path;
use url::Url;

use super::address::{BlobSettings, Problem, has_more_than_a_path, unusable_url};

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
