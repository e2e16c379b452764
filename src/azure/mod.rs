//! Azure as this program sees it: tokens from whatever identity it runs under.

mod credential;

pub(crate) use credential::install_tls_provider;
pub use credential::{CredentialError, credential};
