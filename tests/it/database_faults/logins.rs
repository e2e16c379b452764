//! Logins that the server rejects, and addresses that lead elsewhere: the cause is named, and the
//! server is not asked again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Start, eventually, run};

/// A server that rejects every login for its password, and counts them.
struct Rejecting {
    url: String,
    logins: Arc<AtomicUsize>,
}

impl Rejecting {
    async fn start() -> Rejecting {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let logins = Arc::new(AtomicUsize::new(0));
        let counted = logins.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut startup = [0; 512];
                let _ = socket.read(&mut startup).await;
                let _ = socket.write_all(&rejection()).await;
            }
        });
        Rejecting {
            url: format!("postgres://magnus:wrong@127.0.0.1:{port}/items?sslmode=disable"),
            logins,
        }
    }
}

/// `ErrorResponse` (PostgreSQL's documentation, "Message Formats").
fn rejection() -> Vec<u8> {
    let fields = "SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"magnus\"\0\0";
    let length = u32::try_from(fields.len() + 4).expect("it is short");
    let mut message = vec![b'E'];
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(fields.as_bytes());
    message
}

#[test]
fn rejected_logins_are_attempted_with_growing_pauses() {
    run(async {
        let server = Rejecting::start().await;
        let program = Start::handler()
            .set("DATABASE_URL", &server.url)
            .serving()
            .await;
        let started = Instant::now();
        let mut requests = 0;
        while started.elapsed() < Duration::from_secs(3) {
            let _ = program.get("/health").await;
            requests += 1;
            let health = program.get("/health/live").await;
            assert_eq!(health.status, 200);
        }
        let logins = server.logins.load(Ordering::Relaxed);
        assert!(requests > 5 && logins < 12, "{logins} logins");
        let output = eventually("the cause", || async {
            let health = program.get("/health").await.json();
            let output = health["checks"]["database:latency"][0]["output"].to_string();
            output.contains("28P01").then_some(output)
        })
        .await;
        assert!(
            output.contains("check the user and password in DATABASE_URL"),
            "{output}"
        );
    });
}

#[test]
fn a_wrong_password_is_named_also_where_the_host_has_other_addresses() {
    run(async {
        let server = Rejecting::start().await;
        // Nothing listens at the second address.
        let (start, rest) = server.url.split_once("127.0.0.1").expect("an address");
        let port = &rest[1..rest.find('/').expect("a path")];
        let both = format!(
            "{start}127.0.0.1:{port},127.0.0.2:1{}",
            &rest[1 + port.len()..]
        );
        for url in [server.url.clone(), both] {
            let start = Start::handler().set("DATABASE_URL", &url);
            let output = start.argument("migrate").output();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("check the user and password"), "{said}");
        }
    });
}

#[test]
fn a_foreign_scheme_is_named() {
    for url in ["mysql://u:hunter2@h/x", "https://h/x"] {
        let output = Start::handler()
            .set("DATABASE_URL", url)
            .argument("migrate")
            .output();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let scheme = url.split_once("://").expect("a scheme").0;
        assert!(said.contains(&format!("begins with {scheme}://")), "{said}");
        assert!(
            said.contains("postgres://") && !said.contains("hunter2"),
            "{said}"
        );
    }
}

#[test]
fn a_missing_password_is_named() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut startup = [0; 512];
                let _ = socket.read(&mut startup).await;
                // `AuthenticationCleartextPassword`.
                let _ = socket.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).await;
            }
        });
        let url = format!("postgres://magnus@127.0.0.1:{port}/items?sslmode=disable");
        let output = Start::handler()
            .set("DATABASE_URL", &url)
            .argument("migrate")
            .output();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("asks for a password"), "{said}");
    });
}

#[test]
fn an_entra_failure_names_each_credential_that_was_tried() {
    let output = Start::handler()
        .set("DATABASE_URL", "postgres://u@127.0.0.1:1/items")
        .set("DATABASE_AUTH", "entra")
        .argument("migrate")
        .output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("AzureCliCredential"), "{said}");
}
