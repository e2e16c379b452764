//! The private keys that open a backup.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use age::stream::StreamReader;
use age::x25519;
use thiserror::Error;

/// The private keys that open backups. Its `Debug` shows only their public halves.
#[derive(Clone)]
pub struct Identities(Vec<x25519::Identity>);

/// Identities that cannot be used, or not for this backup. No message shows a private key.
#[derive(Debug, Error)]
pub enum IdentityError {
    #[error(
        "the identity file {path} cannot be read ({source}); name the one that age-keygen wrote"
    )]
    Unreadable { path: String, source: io::Error },
    #[error(
        "the identities are encrypted with a passphrase; decrypt them first: \
         age -d -o identity.txt …"
    )]
    Encrypted,
    #[error(
        "line {0} of the identities is not a private key of age, which begins with AGE-SECRET-KEY-1; \
         SSH keys and plugins are not supported"
    )]
    NotAnIdentity(usize),
    #[error("there is no identity in the file; give the one that age-keygen wrote")]
    None,
    #[error("the backup is encrypted to {recipients}; give the identity of one of them")]
    Required { recipients: String },
    #[error(
        "the backup is encrypted to {recipients}, and the identities are those of {given}; give \
         the identity of one of its recipients"
    )]
    Others { recipients: String, given: String },
}

impl Identities {
    /// Reads an identity file, as `age-keygen` writes it.
    pub fn read(path: &Path) -> Result<Identities, IdentityError> {
        let text = fs::read(path).map_err(|source| IdentityError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        Identities::parse(&String::from_utf8_lossy(&text))
    }

    /// Reads the text of an identity file: a key a line, and comments that begin with `#`.
    pub fn parse(text: &str) -> Result<Identities, IdentityError> {
        if text.starts_with("age-encryption.org/") || text.starts_with("-----BEGIN AGE ENCRYPTED") {
            return Err(IdentityError::Encrypted);
        }
        let identities = text
            .lines()
            .map(str::trim)
            .enumerate()
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(index, line)| {
                line.parse()
                    .map_err(|_| IdentityError::NotAnIdentity(index + 1))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if identities.is_empty() {
            return Err(IdentityError::None);
        }
        Ok(Identities(identities))
    }

    /// The identities to open a backup of these recipients with. A backup without recipients needs
    /// none.
    pub fn opening<'a>(
        recipients: &[String],
        given: Option<&'a Identities>,
    ) -> Result<Option<&'a Identities>, IdentityError> {
        if recipients.is_empty() {
            return Ok(None);
        }
        let wanted = recipients.join(", ");
        let Some(identities) = given else {
            return Err(IdentityError::Required { recipients: wanted });
        };
        let keys = identities.public_keys();
        if keys.iter().any(|key| recipients.contains(key)) {
            Ok(Some(identities))
        } else {
            Err(IdentityError::Others {
                recipients: wanted,
                given: keys.join(", "),
            })
        }
    }

    fn public_keys(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|identity| identity.to_public().to_string())
            .collect()
    }

    /// Reads the header of an encrypted file. Returns a reader of its content.
    pub(crate) fn decrypt<R: Read>(&self, stored: R) -> Result<StreamReader<R>, age::DecryptError> {
        let keys = self.0.iter().map(|identity| identity as &dyn age::Identity);
        age::Decryptor::new(stored)?.decrypt(keys)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Identities")
            .field(&self.public_keys())
            .finish()
    }
}
