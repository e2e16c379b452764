//! The identity that the platform provides, by the environment.

use std::sync::{Arc, Once};

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential,
};

use crate::environment::variable;

/// Workload identity on AKS, managed identity in App Service and Functions, the developer's own sign-in
/// elsewhere.
pub(super) fn credential() -> azure_core::Result<Arc<dyn TokenCredential>> {
    install_tls_provider();
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
    }
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
