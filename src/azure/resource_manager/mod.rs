//! Azure Resource Manager: reads a resource, changes it, and follows the change to its end.
//!
//! # What it is for
//!
//! A timer that compares what is with what should be, again and again, and must end in time. So a
//! call does one thing and says how it went in a way that the caller can act on ([`CallError`]); what
//! could not be done now is for the next tick. Nothing is tried again behind the caller's back but
//! what Azure has certainly not begun: a request that it put off (429), where it says for how long
//! and that leaves enough time; and one whose token it no longer took (401), once, with a newer one.
//!
//! # Time
//!
//! Every call has a deadline. A single request gets a minute of it at most, a token ten seconds, and
//! no pause is begun that would end after it. A change that Azure has accepted and not finished by then is
//! [`Applied::UnderWay`]: no failure, and nothing to undo.
//!
//! # Changes that take long
//!
//! Azure answers at once and works on. Where it says how to watch the work, that is done, in the order
//! that Azure asks for: the link `Azure-AsyncOperation`, whose `status` tells; else `Location`, which
//! answers 202 until the work is done and then what came of it; else the `provisioningState` of the
//! resource. A link that cannot be read is no failed change: links lie outside of the resource, so an
//! identity with a role on the resource alone may not read them. The resource itself tells then.
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>
//!
//! # Tokens
//!
//! They go to the Resource Manager and nowhere else: by https alone, along no redirect, and to a link
//! only if it has the Resource Manager's own host and port. No text of an error or a log line has one.
//!
//! # Support
//!
//! Every request carries a `User-Agent` with the program's version and a client request id of its own.
//! Every error that has to do with a request carries a [`Trace`]: Azure's correlation id, by which its
//! support and the activity log find the operation, or without a response the client request id.
//!
//! # Why not the SDK's pipeline
//!
//! It follows a policy of retries and sleeps where this must not, knows none of the Resource Manager's
//! headers, and its errors print the bodies of answers. The HTTP client below it is used directly, and
//! the identity comes through the SDK's own trait.

mod answer;
mod base;
mod change;
mod error;
mod id;
mod operation;
mod request;
mod trace;

pub use base::{Base, BaseError};
pub use change::{Applied, Change};
pub use error::{CallError, ClientError};
pub use id::{NotAnId, ResourceId};
pub use trace::Trace;

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use reqwest::{Client, Method, redirect};
use serde_json::Value;
use tokio::time::Instant;

use super::install_tls_provider;
use request::Request;

/// Azure's support tells a program's requests by it.
const USER_AGENT: &str = concat!("magnusapi/", env!("CARGO_PKG_VERSION"));

/// How long may it take to reach the Resource Manager?
const CONNECT: Duration = Duration::from_secs(10);

/// The Resource Manager of one cloud, as one identity. Clones share their connections.
#[derive(Clone, Debug)]
pub struct ResourceManager {
    base: Base,
    credential: Arc<dyn TokenCredential>,
    client: Client,
}

impl ResourceManager {
    /// Connects to nothing yet. It reads the system's roots of trust, which takes milliseconds: make
    /// it when it is first needed.
    ///
    pub fn new(
        base: Base,
        credential: Arc<dyn TokenCredential>,
    ) -> Result<ResourceManager, ClientError> {
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
            credential,
            client,
        })
    }

    /// The resource as it is, in this version of its provider's interface.
    pub async fn read(
        &self,
        id: &ResourceId,
        api_version: &str,
        deadline: Instant,
    ) -> Result<Value, CallError> {
        let request = self.request(Method::GET, id, api_version);
        Ok(self.send(&request, deadline).await?.body)
    }

    /// Asks for a change and follows it to its end, or to the deadline.
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
