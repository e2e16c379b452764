//! The identity that the platform provides, by the environment.

use std::sync::{Arc, Once};

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential,
};
use thiserror::Error;

use crate::environment::variable;

#[derive(Debug, Error)]
#[error(
    "no Azure identity can be used ({0}); in Azure assign a managed identity to the app (and set \
     AZURE_CLIENT_ID for a user-assigned one), elsewhere sign in with `az login`"
)]
pub struct CredentialError(String);

/// Workload identity on AKS, managed identity in App Service and Functions, the developer's own sign-in
/// elsewhere.
pub(super) fn credential() -> Result<Arc<dyn TokenCredential>, CredentialError> {
    install_tls_provider();
    let made: azure_core::Result<Arc<dyn TokenCredential>> =
        if variable("AZURE_FEDERATED_TOKEN_FILE").is_some() {
            WorkloadIdentityCredential::new(None).map(|it| it as _)
        } else if variable("IDENTITY_ENDPOINT").is_some() {
            ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: variable("AZURE_CLIENT_ID").map(UserAssignedId::ClientId),
                // Callers retry by themselves. With retries of the client, their time would run out
                // before they learn the reason.
                client_options: ClientOptions {
                    retry: RetryOptions::none(),
                    ..Default::default()
                },
            }))
            .map(|it| it as _)
        } else {
            DeveloperToolsCredential::new(None).map(|it| it as _)
        };
    made.map_err(|error| CredentialError(error.to_string()))
}

/// The HTTP client of `azure_core` and `object_store` has no cryptography of its own and uses the
/// process's.
pub(crate) fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
