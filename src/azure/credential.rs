//! Which identity this program has, chosen by what the platform puts into the environment.

use std::sync::{Arc, Once};

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential,
};
use thiserror::Error;

/// There is no identity to act as.
#[derive(Debug, Error)]
#[error(
    "no Azure identity can be used ({0}); in Azure assign a managed identity to the app (and set \
     AZURE_CLIENT_ID for a user-assigned one), elsewhere sign in with `az login`"
)]
pub struct CredentialError(String);

/// The credential of the platform this runs on: workload identity on AKS, managed identity in
/// App Service and Functions, the developer's own sign-in elsewhere.
///
/// It caches its tokens and renews each five minutes before it ends.
pub fn credential(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn TokenCredential>, CredentialError> {
    install_tls_provider();
    let made: azure_core::Result<Arc<dyn TokenCredential>> =
        if variable("AZURE_FEDERATED_TOKEN_FILE").is_some() {
            WorkloadIdentityCredential::new(None).map(|it| it as _)
        } else if variable("IDENTITY_ENDPOINT").is_some() {
            ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: variable("AZURE_CLIENT_ID").map(UserAssignedId::ClientId),
                // Whoever waits for a token tries again by itself, and should be told the reason
                // instead of running out of time behind retries of the client's own.
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

/// The HTTP client below `azure_core` and `object_store` brings no cryptography of its own and takes
/// the process's.
pub(crate) fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
