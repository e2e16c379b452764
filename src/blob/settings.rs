//! The names of a store's settings, and why one cannot be used.

use std::fmt;

use url::Url;

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

    pub(super) fn error(&'static self, problem: Problem) -> BlobAddressError {
        BlobAddressError {
            settings: self,
            problem,
        }
    }
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
