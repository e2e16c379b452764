//! Azure as this program sees it: tokens from whatever identity it runs under.

mod credential;

pub use credential::{CredentialError, credential};
