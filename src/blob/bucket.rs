//! A bucket of Amazon S3, or of a server with the same interface: its address, and the access to it.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential, AwsCredentialProvider};
use object_store::client::StaticCredentialProvider;
use object_store::path::Path;
use url::Url;

use super::refusal::Connector;
use super::requests::retries;
use super::settings::{BlobSettings, has_more_than_a_path};
use crate::environment::SettingError;

/// A bucket, or a folder in it.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) settings: &'static BlobSettings,
    pub(super) name: String,
    pub(super) prefix: Path,
    region: String,
    /// Amazon's, if `None`.
    endpoint: Option<Url>,
    /// The key with which requests are signed. Its `Debug` hides the secrets.
    credentials: AwsCredentialProvider,
}

/// Servers other than Amazon's accept any.
const REGION: &str = "us-east-1";

impl Bucket {
    /// The one that `s3://<bucket>/<folder>` names, with Amazon's standard variables.
    pub(super) fn read(
        settings: &'static BlobSettings,
        url: &Url,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Bucket, SettingError> {
        let setting = settings.url;
        let unset = |name| SettingError::new(format!("{setting} names a bucket; set {name}"));
        let required = |name: &'static str| variable(name).ok_or_else(|| unset(name));
        let name = url.host_str().unwrap_or_default().to_owned();
        if !is_bucket(&name) {
            return Err(SettingError::new(format!(
                "{setting} names the bucket {name:?}, which is not valid; the name of a bucket has 3 to 63 \
                 lower-case letters, digits, hyphens and dots"
            )));
        }
        let prefix = Path::from_url_path(url.path());
        let prefix = prefix.map_err(|_| settings.unusable_url(url.as_str()))?;
        let credential = AwsCredential {
            key_id: required("AWS_ACCESS_KEY_ID")?,
            secret_key: required("AWS_SECRET_ACCESS_KEY")?,
            token: variable("AWS_SESSION_TOKEN"),
        };
        let endpoint = variable("AWS_ENDPOINT_URL");
        let endpoint = endpoint.map(|it| usable(&it).ok_or_else(bad_endpoint));
        let endpoint = endpoint.transpose()?;
        let region = match (variable("AWS_REGION"), &endpoint) {
            (Some(region), _) => region,
            (None, Some(_)) => REGION.to_owned(),
            (None, None) => return Err(unset("AWS_REGION")),
        };
        Ok(Bucket {
            settings,
            name,
            prefix,
            region,
            endpoint,
            credentials: Arc::new(StaticCredentialProvider::new(credential)),
        })
    }

    /// Opens the bucket. Sends no request. Not every server deletes several blobs at once.
    pub(super) fn open(&self, wait: Duration) -> object_store::Result<AmazonS3> {
        let endpoint = self.endpoint.as_ref();
        let builder = AmazonS3Builder::new()
            .with_bucket_name(&self.name)
            .with_region(&self.region)
            .with_credentials(self.credentials.clone())
            .with_disable_bulk_delete(true)
            .with_retry(retries(wait))
            .with_http_connector(Connector {
                in_the_clear: endpoint.is_some_and(|it| it.scheme() == "http"),
                longest_wait: wait / 2,
            });
        match endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint.as_str()),
            None => builder,
        }
        .build()
    }
}

/// Rows must not be sent in the clear, except on this machine.
fn usable(endpoint: &str) -> Option<Url> {
    let url = Url::parse(endpoint).ok()?;
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    (is_safe && !has_more_than_a_path(&url)).then_some(url)
}

fn bad_endpoint() -> SettingError {
    SettingError::new(
        "AWS_ENDPOINT_URL cannot be used; set it to the https address of an S3-compatible server, or to http on \
         127.0.0.1, or unset it for Amazon",
    )
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket(name: &str) -> bool {
    let is_outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes
            .iter()
            .all(|it| is_outer(*it) || matches!(it, b'-' | b'.'))
        && bytes.first().is_some_and(|it| is_outer(*it))
        && bytes.last().is_some_and(|it| is_outer(*it))
}

#[cfg(test)]
mod tests {
    use crate::blob::address::samples::{SECRET, read};

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
}
