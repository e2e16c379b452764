//! A container in Azure Blob Storage, or in the emulator.

use std::sync::Arc;
use std::time::Duration;

use object_store::azure::{AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::StaticCredentialProvider;
use object_store::{BackoffConfig, RetryConfig};

use super::container::{Access, Container};
use super::identity::Identity;
use super::refusal::Connector;

/// Opens the container. Sends no request.
pub(super) fn open(container: &Container, wait: Duration) -> object_store::Result<MicrosoftAzure> {
    let builder = MicrosoftAzureBuilder::new()
        .with_account(&container.account)
        .with_container_name(&container.name)
        .with_endpoint(container.endpoint.to_string())
        .with_retry(retries(wait))
        .with_http_connector(Connector {
            in_the_clear: container.endpoint.scheme() == "http",
            longest_wait: wait / 2,
        });
    match &container.access {
        Access::Identity => builder.with_credentials(Arc::new(Identity::new(wait))),
        Access::Key(key) => builder.with_credentials(Arc::new(StaticCredentialProvider::new(
            AzureCredential::AccessKey(key.clone()),
        ))),
    }
    .build()
}

/// The time limit ends the retries before their number does. The client writes the number into its log
/// lines, so it is a readable one: with pauses of 4 seconds, at most 150 retries fit into 600 seconds.
fn retries(wait: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(4),
            base: 3.0,
        },
        max_retries: 10_000,
        retry_timeout: wait,
    }
}
