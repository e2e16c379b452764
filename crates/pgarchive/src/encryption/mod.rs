//! age (age-encryption.org/v1): the recipients of a backup, and the identities that open it.
//!
//! An export needs public keys only, so an attacker in the function app cannot read old backups. The
//! private keys stay with the operators who restore.

mod identities;
mod recipients;
mod sealing;

pub use identities::{Identities, IdentityError};
pub use recipients::{Recipients, RecipientsError};
pub(crate) use sealing::Sealing;

#[cfg(test)]
mod tests;
