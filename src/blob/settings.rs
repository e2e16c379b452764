//! The names of a store's settings.

use url::Url;

use crate::environment::SettingError;

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

impl BlobSettings {
    /// The error for the address `text`, which is not the address of a store. The message omits everything after a
    /// `?`, which may be a secret.
    pub fn unusable_url(&self, text: &str) -> SettingError {
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        SettingError::new(format!(
            "{}={shown} cannot be used; set it to az://<container>/<folder>, to s3://<bucket>/<folder> or to \
             file:///<folder>",
            self.url
        ))
    }
}

/// Whether it has a user, a query, or a fragment.
pub(super) fn has_more_than_a_path(url: &Url) -> bool {
    url.query().is_some()
        || url.fragment().is_some()
        || url.password().is_some()
        || !url.username().is_empty()
}
