//! A container by the app's managed identity: TLS, and tokens from the identity's endpoint.
//!
//! The identity and the trusted roots come from the environment, so each test runs again as a process of its
//! own with other variables.

use std::env;
use std::time::Duration;

use magnusapi::blob::{BlobAddress, BlobError, Blobs, Deletion};

use super::{download, names, noise, upload};
use crate::fakes::{Identity, Token};
use crate::harness::{ACCOUNT, Azurite, Certificates, alone, assert_passes, client_builder, run};

/// A token as Azurite takes it, which looks at whom it is for and when it ends (in 2100), and not at
/// its signature: `{"iss": "https://sts.windows.net/0/", "aud": "https://storage.azure.com", …}`.
const TOKEN: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL3N0cy53aW5kb3dzLm5ldC\
                     8wLyIsImF1ZCI6Imh0dHBzOi8vc3RvcmFnZS5henVyZS5jb20iLCJuYmYiOjEsImlhdCI6MSwiZXhwI\
                     jo0MTAyNDQ0ODAwfQ.c2ln";

/// Set in the process of its own.
const ALONE: &str = "MAGNUSAPI_TEST_ALONE";

/// An Azurite that takes tokens, with the container `backups`.
async fn azurite() -> (Certificates, Azurite) {
    let certificates = Certificates::new();
    let azurite = Azurite::with_tokens(&certificates.certificate(), &certificates.key());
    let root = std::fs::read(certificates.root()).expect("it was written");
    let root = reqwest::Certificate::from_pem(&root).expect("a certificate");
    let client = client_builder().add_root_certificate(root).build();
    let created = client
        .expect("a client")
        .put(format!("{}/backups?restype=container", azurite.endpoint()))
        .bearer_auth(TOKEN)
        .header("x-ms-version", "2023-11-03")
        .header("content-length", "0")
        .send()
        .await;
    assert_eq!(created.expect("Azurite responds").status(), 201);
    (certificates, azurite)
}

/// Runs the test alone, as the app with this identity, and holds it to pass.
async fn run_alone(test: &str, identity: &Identity) {
    let (certificates, azurite) = azurite().await;
    let mut itself = alone(test);
    itself
        .env(ALONE, "yes")
        .envs(certificates.variables())
        .env("BACKUP_URL", "az://backups/of/us")
        .env("BACKUP_STORAGE_ACCOUNT", ACCOUNT)
        .env("BACKUP_STORAGE_ENDPOINT", azurite.endpoint())
        .env("BACKUP_STORAGE_WAIT", "2")
        .envs(identity.variables());
    let running = tokio::task::spawn_blocking(move || assert_passes(&mut itself));
    running.await.expect("it passes");
}

fn blobs() -> Blobs {
    let address = BlobAddress::read(&magnusapi::backup::STORE, |name| env::var(name).ok());
    Blobs::open(&address.expect("good settings").expect("it is set")).expect("it opens")
}

fn token(text: &str) -> Token {
    Token {
        text: text.to_owned(),
        lasts: Duration::from_hours(24),
    }
}

#[test]
fn the_identity_requests_one_token_for_the_container() {
    run(async {
        if env::var_os(ALONE).is_some() {
            return use_every_call(&blobs()).await;
        }
        let identity = Identity::start(token(TOKEN)).await;
        run_alone(
            "blob::identity::the_identity_requests_one_token_for_the_container",
            &identity,
        )
        .await;
        let asked = identity.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked[0].contains("resource=https%3A%2F%2Fstorage.azure.com"),
            "{asked:?}"
        );
    });
}

async fn use_every_call(blobs: &Blobs) {
    let content = noise(9_000_000);
    blobs.create("a", noise(3)).await.expect("it is created");
    upload(blobs, "b", &content).await.expect("it is stored");
    assert!(download(blobs, "b").await.expect("it is there") == content);
    assert_eq!(names(blobs, "").await, ["a", "b"]);
    assert_eq!(blobs.delete("a").await.expect("it can be"), Deletion::Done);
}

#[test]
fn without_a_token_the_error_names_the_identity() {
    run(async {
        if env::var_os(ALONE).is_some() {
            let error = blobs().list("").await.expect_err("there is no token");
            assert!(matches!(error, BlobError::Identity { .. }), "{error}");
            assert!(
                error.to_string().contains("managed identity is assigned"),
                "{error}"
            );
            return;
        }
        let identity = Identity::start(token(TOKEN)).await;
        identity.refuse();
        run_alone(
            "blob::identity::without_a_token_the_error_names_the_identity",
            &identity,
        )
        .await;
        assert!(identity.asked().len() > 1, "it was asked again");
    });
}

#[test]
fn a_rejected_token_is_reported_and_not_shown() {
    run(async {
        if env::var_os(ALONE).is_some() {
            let error = blobs().create("a", noise(1)).await.expect_err("denied");
            let text = format!("{error} {error:?}");
            assert!(matches!(error, BlobError::Denied { .. }), "{text}");
            assert!(text.contains("Storage Blob Data Contributor"), "{text}");
            assert!(!text.contains("a-token-of-no-role"), "{text}");
            return;
        }
        let identity = Identity::start(token("a-token-of-no-role")).await;
        let test = "blob::identity::a_rejected_token_is_reported_and_not_shown";
        run_alone(test, &identity).await;
    });
}
