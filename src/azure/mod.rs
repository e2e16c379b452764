//! Azure: tokens of the program's identity, and the Resource Manager.
//!
//! | module | purpose |
//! |---|---|
//! | [`resource_manager`] | reads and changes resources |
//! | `token` | tokens for one service, kept and replaced in time |
//! | `credential` | the identity that the platform provides |

mod credential;
pub mod resource_manager;
mod token;

pub(crate) use credential::install_tls_provider;
pub use token::{Audience, TokenError, TokenSource};
