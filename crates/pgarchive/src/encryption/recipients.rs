//! The public keys that a backup is encrypted to.

use age::x25519;
use thiserror::Error;

/// The public keys that every file of a backup is encrypted to; none for plain files.
#[derive(Clone, Debug, Default)]
pub struct Recipients(pub(super) Vec<x25519::Recipient>);

/// A list of recipients that cannot be used. The text never repeats an entry: it may be a private
/// key that was put in the wrong place.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum RecipientsError {
    #[error(
        "recipient {0} is not a public key of age; write age1… as age-keygen prints it after \
         \"Public key:\", and commas between several"
    )]
    Unreadable(usize),
    #[error(
        "recipient {0} is a private key; replace it by its public one (age-keygen -y), and make a \
         new pair if this setting was seen by others"
    )]
    PrivateKey(usize),
}

impl Recipients {
    /// Reads `age1…,age1…`. An empty text means no encryption.
    pub fn parse(text: &str) -> Result<Recipients, RecipientsError> {
        let entries = text.split(',').map(str::trim).enumerate();
        entries
            .filter(|_| !text.trim().is_empty())
            .map(|(index, entry)| {
                entry.parse().map_err(|_| {
                    let private = entry.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-");
                    if private {
                        RecipientsError::PrivateKey(index + 1)
                    } else {
                        RecipientsError::Unreadable(index + 1)
                    }
                })
            })
            .collect::<Result<_, _>>()
            .map(Recipients)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, as a manifest lists them.
    pub fn keys(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// The name of a file in the store: with the suffix `.age` if it is encrypted.
    pub fn stored_name(&self, name: &str) -> String {
        if self.is_empty() {
            name.to_owned()
        } else {
            format!("{name}.age")
        }
    }
}
