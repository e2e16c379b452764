//! A container in Azure Blob Storage, or in the emulator.

use std::sync::Arc;
use std::time::Duration;

use object_store::azure::{AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::StaticCredentialProvider;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use super::container::{Access, Container};
use super::identity::Identity;
use super::refusal::Connector;
use crate::azure;

/// For an answer to begin, the request's own bytes included: a part of an upload takes so long at
/// 150 kB a second. Also between two pieces of an answer.
const ANSWER: Duration = Duration::from_secs(30);

const CONNECT: Duration = Duration::from_secs(5);

/// The container. Nothing is asked of it yet.
pub(super) fn open(container: &Container, wait: Duration) -> object_store::Result<MicrosoftAzure> {
    azure::install_tls_provider();
    let in_the_clear = container.endpoint.scheme() == "http";
    let options = ClientOptions::new()
        .with_allow_http(in_the_clear)
        // It would cover a whole download, of any length.
        .with_timeout_disabled()
        .with_connect_timeout(CONNECT)
        .with_read_timeout(ANSWER);
    let builder = MicrosoftAzureBuilder::new()
        .with_account(&container.account)
        .with_container_name(&container.name)
        .with_endpoint(container.endpoint.to_string())
        .with_client_options(options)
        .with_retry(retries(wait))
        .with_http_connector(Connector {
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

/// Time alone ends them.
fn retries(wait: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(4),
            base: 3.0,
        },
        max_retries: usize::MAX,
        retry_timeout: wait,
    }
}
