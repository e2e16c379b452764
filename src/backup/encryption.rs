//! age (age-encryption.org/v1): to whom a backup is encrypted, and who can open it.
//!
//! Whoever makes backups needs only public keys, so a function app that is broken into gives no
//! old backup away. The private ones stay with the people who restore.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::{StreamReader, StreamWriter};
use age::x25519;
use thiserror::Error;

/// The public keys that every file of a backup is encrypted to; none for plain files.
#[derive(Clone, Debug, Default)]
pub struct Recipients(Vec<x25519::Recipient>);

/// A list of recipients that cannot be used. The text never repeats an entry: it may be a private
/// key that was put in the wrong place.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum RecipientsError {
    /// Something else than a key.
    #[error(
        "recipient {0} is no public key of age; write age1… as age-keygen prints it after \
         \"Public key:\", and commas between several"
    )]
    Unreadable(usize),
    /// What must not be here.
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

    /// Whether files are left plain.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, as a manifest lists them.
    pub fn keys(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// What a file is called once it is stored: with `.age` behind it if it is encrypted.
    pub fn stored_name(&self, name: &str) -> String {
        if self.is_empty() {
            name.to_owned()
        } else {
            format!("{name}.age")
        }
    }
}

/// The private keys that open backups. Its `Debug` shows only their public halves.
#[derive(Clone)]
pub struct Identities(Vec<x25519::Identity>);

/// Identities that cannot be used, or not for this backup. The text shows no private key.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The file cannot be read.
    #[error(
        "the identity file {path} cannot be read ({source}); name the one that age-keygen wrote"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is itself encrypted.
    #[error(
        "the identities are encrypted with a passphrase; decrypt them first: \
         age -d -o identity.txt …"
    )]
    Encrypted,
    /// A line is something else.
    #[error(
        "line {0} of the identities is no private key of age, which begins with AGE-SECRET-KEY-1; \
         SSH keys and plugins are not supported"
    )]
    NotAnIdentity(usize),
    /// There is no key at all.
    #[error("there is no identity in the file; give the one that age-keygen wrote")]
    None,
    /// An encrypted backup and no identities.
    #[error("the backup is encrypted to {recipients}; give the identity of one of them")]
    Required {
        /// To whom, with commas between.
        recipients: String,
    },
    /// Identities of other people.
    #[error(
        "the backup is encrypted to {recipients}, and the identities are those of {given}; give \
         the identity of one of its recipients"
    )]
    Others {
        /// To whom, with commas between.
        recipients: String,
        /// Whose identities they are.
        given: String,
    },
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

    /// What opens a backup of these recipients, as its manifest lists them: nothing for a plain
    /// one.
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

    /// Reads the header of an encrypted file and answers what is in it.
    pub(super) fn decrypt<R: Read>(&self, stored: R) -> Result<StreamReader<R>, age::DecryptError> {
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

/// One file on its way to the store: encrypted as it is written, or as it is.
pub(super) enum Sealing {
    /// For nobody in particular.
    Plain,
    /// For recipients.
    Encrypted {
        /// Takes what is to be encrypted.
        writer: Box<StreamWriter<Outlet>>,
        /// Where that writer leaves what is encrypted.
        outlet: Outlet,
    },
}

impl Sealing {
    pub(super) fn to(recipients: &Recipients) -> Sealing {
        if recipients.is_empty() {
            return Sealing::Plain;
        }
        let outlet = Outlet::default();
        let keys = recipients.0.iter().map(|key| key as &dyn age::Recipient);
        let writer = age::Encryptor::with_recipients(keys)
            .expect("X25519 keys, of which there is one, can always be encrypted to")
            .wrap_output(outlet.clone())
            .expect(MEMORY);
        Sealing::Encrypted {
            writer: Box::new(writer),
            outlet,
        }
    }

    /// Appends to `out` what is ready to be stored.
    pub(super) fn write(&mut self, content: &[u8], out: &mut Vec<u8>) {
        match self {
            Sealing::Plain => out.extend_from_slice(content),
            Sealing::Encrypted { writer, outlet } => {
                writer.write_all(content).expect(MEMORY);
                outlet.drain(out);
            }
        }
    }

    /// Appends to `out` what ends the file.
    pub(super) fn finish(self, out: &mut Vec<u8>) {
        if let Sealing::Encrypted { writer, outlet } = self {
            writer.finish().expect(MEMORY);
            outlet.drain(out);
        }
    }
}

const MEMORY: &str = "an outlet is memory, which takes every write";

/// Bytes that age's writer has left and nobody has fetched. That writer gives no access to where
/// it writes until it ends, so this is held from both sides.
#[derive(Clone, Default)]
pub(super) struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn drain(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair that nobody uses: the private key and the public one.
    fn pair() -> (String, String) {
        use age::secrecy::ExposeSecret;
        let identity = x25519::Identity::generate();
        let public = identity.to_public().to_string();
        (identity.to_string().expose_secret().to_owned(), public)
    }

    fn encrypted(content: &[u8], recipients: &str) -> Vec<u8> {
        let recipients = Recipients::parse(recipients).expect("they are good");
        let mut sealing = Sealing::to(&recipients);
        let mut out = Vec::new();
        for piece in content.chunks(100_000) {
            sealing.write(piece, &mut out);
        }
        sealing.finish(&mut out);
        out
    }

    fn decrypted(stored: &[u8], identities: &str) -> Option<Vec<u8>> {
        let identities = Identities::parse(identities).expect("they are good");
        let mut content = Vec::new();
        let mut reader = identities.decrypt(stored).ok()?;
        reader.read_to_end(&mut content).ok()?;
        Some(content)
    }

    #[test]
    fn each_recipient_can_open_and_nobody_else() {
        let (ada, for_ada) = pair();
        let (bob, for_bob) = pair();
        let (eve, _) = pair();
        for length in [0, 1, 64 * 1024, 300_000] {
            let content = vec![b'x'; length];
            let stored = encrypted(&content, &format!(" {for_ada} , {for_bob}"));
            assert!(stored.starts_with(b"age-encryption.org/v1\n"));
            for own in [&ada, &bob, &format!("# two\n{eve}\n\n{ada}\n")] {
                assert_eq!(decrypted(&stored, own).as_ref(), Some(&content));
            }
            assert_eq!(decrypted(&stored, &eve), None);
            assert_eq!(decrypted(&stored[..stored.len() - 1], &ada), None);
        }
    }

    #[test]
    fn without_recipients_files_stay_as_they_are() {
        assert!(Recipients::parse(" ").expect("nobody").is_empty());
        assert_eq!(encrypted(b"plain", ""), b"plain");
        assert_eq!(Recipients::default().stored_name("toc.dat"), "toc.dat");
        let (_, public) = pair();
        let recipients = Recipients::parse(&public).expect("one");
        assert_eq!(recipients.stored_name("toc.dat"), "toc.dat.age");
        assert_eq!(recipients.keys(), [public]);
    }

    #[test]
    fn a_wrong_recipient_is_named_and_a_private_key_is_never_repeated() {
        let (private, public) = pair();
        let error = |text: &str| {
            let error = Recipients::parse(text).expect_err("it is refused");
            assert!(!format!("{error}{error:?}").contains(&private[20..40]));
            error
        };
        assert_eq!(
            error(&format!("{public},{private}")),
            RecipientsError::PrivateKey(2)
        );
        assert_eq!(
            error(&private.to_lowercase()),
            RecipientsError::PrivateKey(1)
        );
        for bad in ["ssh-ed25519 AAAA", &format!("{public},"), "age1pq1xyz"] {
            let number = bad.split(',').count();
            assert_eq!(error(bad), RecipientsError::Unreadable(number));
        }
    }

    #[test]
    fn identities_never_show_a_private_key() {
        let (private, public) = pair();
        let identities = Identities::parse(&private).expect("it is good");
        let shown = format!("{identities:?}");
        assert!(shown.contains(&public), "{shown}");
        assert!(!shown.contains("SECRET"), "{shown}");
        let broken = format!("# mine\n{}", &private[..private.len() - 1]);
        let error = Identities::parse(&broken).expect_err("a digit is missing");
        assert!(matches!(error, IdentityError::NotAnIdentity(2)));
        assert!(!format!("{error}{error:?}").contains(&private[20..40]));
    }

    #[test]
    fn an_identity_file_that_is_none_is_refused_with_what_to_do() {
        let error = |text: &str| Identities::parse(text).expect_err(text).to_string();
        assert!(error("# nothing\n").contains("no identity"));
        assert!(error("-----BEGIN AGE ENCRYPTED FILE-----").contains("age -d"));
        assert!(error("-----BEGIN OPENSSH PRIVATE KEY-----").contains("line 1"));
        let missing = Identities::read(Path::new("/nowhere/key.txt")).expect_err("no file");
        assert!(missing.to_string().contains("/nowhere/key.txt"));
    }

    #[test]
    fn a_backup_says_whose_identity_it_wants() {
        let (ada, for_ada) = pair();
        let (eve, for_eve) = pair();
        let [ada, eve] = [ada, eve].map(|key| Identities::parse(&key).expect("it is good"));
        let recipients = [for_ada.clone()];
        let opening = |given| Identities::opening(&recipients, given);
        assert!(opening(Some(&ada)).expect("hers").is_some());
        assert!(
            Identities::opening(&[], Some(&ada))
                .expect("plain")
                .is_none()
        );
        let missing = opening(None).expect_err("none is given").to_string();
        assert!(missing.contains(&for_ada), "{missing}");
        let others = opening(Some(&eve)).expect_err("not hers").to_string();
        assert!(others.contains(&for_ada) && others.contains(&for_eve));
    }
}
