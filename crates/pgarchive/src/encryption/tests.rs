use std::io::Read;
use std::path::Path;

use age::x25519;

use super::*;

/// A new private key, and its public key.
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
fn only_recipients_can_open_a_file() {
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
fn without_recipients_files_are_not_encrypted() {
    assert!(Recipients::parse(" ").expect("an empty list").is_empty());
    assert_eq!(encrypted(b"plain", ""), b"plain");
    assert_eq!(Recipients::default().stored_name("toc.dat"), "toc.dat");
    let (_, public) = pair();
    let recipients = Recipients::parse(&public).expect("one");
    assert_eq!(recipients.stored_name("toc.dat"), "toc.dat.age");
    assert_eq!(recipients.keys(), [public]);
}

#[test]
fn errors_of_recipients_show_no_private_key() {
    let (private, public) = pair();
    let error = |text: &str| {
        let error = Recipients::parse(text).expect_err("it is rejected");
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
fn errors_of_identities_show_no_private_key() {
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
fn errors_of_identity_files_name_the_remedy() {
    let error = |text: &str| Identities::parse(text).expect_err(text).to_string();
    assert!(error("# nothing\n").contains("no identity"));
    assert!(error("-----BEGIN AGE ENCRYPTED FILE-----").contains("age -d"));
    assert!(error("-----BEGIN OPENSSH PRIVATE KEY-----").contains("line 1"));
    let missing = Identities::read(Path::new("/nowhere/key.txt")).expect_err("no file");
    assert!(missing.to_string().contains("/nowhere/key.txt"));
}

#[test]
fn opening_requires_the_identity_of_a_recipient() {
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
