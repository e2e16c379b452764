//! age (age-encryption.org/v1): to whom a backup is encrypted, and who can open it.
//!
//! Whoever makes backups needs only public keys, so a function app that is broken into gives no
//! old backup away. The private ones stay with the people who restore.

mod identities;
mod recipients;
mod sealing;

pub use identities::{Identities, IdentityError};
pub use recipients::{Recipients, RecipientsError};
pub(crate) use sealing::Sealing;

#[cfg(test)]
mod tests;
