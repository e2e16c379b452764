//! Azure as this program sees it: tokens from whatever identity it runs under, and the Resource
//! Manager.

mod credential;
pub mod resource_manager;

pub(crate) use credential::install_tls_provider;
pub use credential::{CredentialError, credential};
