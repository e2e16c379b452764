//! Azure Resource Manager: reads a resource, changes it, and follows the change to its end.
//!
//! # Purpose
//!
//! A timer compares desired with actual sizes again and again, and each tick must end in time. So a call does
//! one thing, and its [error](CallError) has the distinctions that the caller acts on; the next tick repeats
//! the rest. A call repeats only requests that Azure has certainly not begun: one that it postponed (429), if
//! the wait fits before the deadline, and one whose token it rejected (401), once, with another token.
//!
//! # Deadlines
//!
//! Every call has a deadline. A single request gets at most a minute of it, a token ten seconds, and no pause
//! begins that would end after it. A change that Azure accepted and has not finished by then is
//! [`Applied::UnderWay`]: not a failure.
//!
//! # Long changes
//!
//! Azure responds at once and continues. The call polls the monitor that Azure prefers: the link
//! `Azure-AsyncOperation`, which has a `status`; else `Location`, which returns 202 until the change is done,
//! and then its outcome; else the `provisioningState` of the resource. A link that cannot be read does not
//! fail the change: links are outside the resource, so an identity with a role on the resource only may not
//! read them. The call polls the resource then.
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>
//!
//! # Tokens
//!
//! Tokens go to the Resource Manager only: by https, without redirects, and to a link only if it has the
//! Resource Manager's own host and port. No error and no log line contains one.
//!
//! # Support
//!
//! Every request carries a `User-Agent` with the program's version and a client request id of its own.
//! Errors of requests carry a [`Trace`]: Azure's correlation id, by which its support and the activity log
//! find the operation, or without a response the client request id.
//!
//! # No pipeline of the SDK
//!
//! The SDK's pipeline retries and sleeps where this client must not, ignores the Resource Manager's headers,
//! and prints bodies of responses in errors. So this client uses the HTTP client below it, and only the
//! identity comes from the SDK.

mod base;
mod change;
mod error;
mod id;
mod operation;
mod request;
mod response;
mod trace;

pub use base::Base;
pub use change::{Applied, Change};
pub use error::{AzureError, CallError, CallErrorKind, ClientError};
pub use id::ResourceId;
pub use trace::Trace;

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use reqwest::{Client, Method, redirect};
use serde_json::Value;
use tokio::time::Instant;

use super::{TokenSource, install_tls_provider};
use request::Request;

/// Azure's support finds the requests of a program by it.
const USER_AGENT: &str = concat!("magnusapi/", env!("CARGO_PKG_VERSION"));

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The Resource Manager of one cloud, as one identity. Clones share their connections.
#[derive(Clone, Debug)]
pub struct ResourceManager {
    base: Base,
    tokens: TokenSource,
    client: Client,
}

impl ResourceManager {
    /// As the platform's identity. No connection is made. The system's roots of trust are read, which takes
    /// milliseconds, so call this when the client is first needed.
    pub fn new(base: Base) -> Result<ResourceManager, ClientError> {
        let tokens = TokenSource::new(base.audience());
        ResourceManager::with(base, tokens)
    }

    /// As this identity.
    pub fn acting_as(
        credential: Arc<dyn TokenCredential>,
        base: Base,
    ) -> Result<ResourceManager, ClientError> {
        let tokens = TokenSource::of(credential, base.audience());
        ResourceManager::with(base, tokens)
    }

    fn with(base: Base, tokens: TokenSource) -> Result<ResourceManager, ClientError> {
        install_tls_provider();
        let client = Client::builder()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| ClientError(error::innermost(&error)))?;
        Ok(ResourceManager {
            base,
            tokens,
            client,
        })
    }

    /// `api_version` is that of the resource's provider.
    pub async fn read(
        &self,
        id: &ResourceId,
        api_version: &str,
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let request = self.request(Method::GET, id, api_version);
        Ok(self.send(&request, deadline).await?.body)
    }

    /// Requests a change and follows it to its end, or to the deadline.
    pub async fn change(
        &self,
        id: &ResourceId,
        api_version: &str,
        change: &Change,
        deadline: Instant,
    ) -> Result<Applied, CallError> {
        let mut request = self.request(change.method(), id, api_version);
        request.change = Some(change);
        let accepted = self.send(&request, deadline).await?;
        self.follow(id, api_version, accepted, deadline).await
    }

    fn request<'a>(&self, method: Method, id: &'a ResourceId, api_version: &str) -> Request<'a> {
        Request {
            method,
            url: self.base.url_of(id, api_version),
            id,
            change: None,
        }
    }
}
