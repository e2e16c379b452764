//! A container in Azure Blob Storage, or in the emulator.

use std::sync::Arc;
use std::time::Duration;

use object_store::azure::{AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::StaticCredentialProvider;

use super::container::{Access, Container};
use super::identity::Identity;
use super::refusal::Connector;
use super::requests::retries;

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
