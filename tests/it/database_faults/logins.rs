//! Logins that the server rejects, and addresses that lead elsewhere: the cause is named, and the
//! server is not asked again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

use crate::harness::{Database, Start, eventually, run};

/// A proxy in front of a server. Shut, it rejects each login for its password.
struct Gate {
    url: String,
    is_shut: watch::Sender<bool>,
    rejected: Arc<AtomicUsize>,
}

impl Gate {
    async fn to(database: &Database) -> Gate {
        let server: tokio_postgres::Config = database.url.parse().expect("an address");
        let tokio_postgres::config::Host::Unix(folder) = &server.get_hosts()[0] else {
            panic!("{}", database.url);
        };
        let socket = folder.join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let (is_shut, shut) = watch::channel(false);
        let rejected = Arc::new(AtomicUsize::new(0));
        let counted = rejected.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut shut = shut.clone();
                if *shut.borrow() {
                    counted.fetch_add(1, Ordering::Relaxed);
                    let mut startup = [0; 512];
                    let _ = client.read(&mut startup).await;
                    let _ = client.write_all(&rejection()).await;
                    continue;
                }
                let mut server = UnixStream::connect(&socket).await.expect("a server");
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = shut.wait_for(|it| *it) => {}
                    }
                });
            }
        });
        let user = server.get_user().expect("a user");
        let name = server.get_dbname().expect("a database");
        Gate {
            url: format!("postgres://{user}:old@127.0.0.1:{port}/{name}?sslmode=disable"),
            is_shut,
            rejected,
        }
    }

    /// As if the password had been changed and every session ended.
    fn shut(&self) {
        self.is_shut.send_replace(true);
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
        let database = Database::migrated();
        let gate = Gate::to(&database).await;
        let start = Start::handler().set("DATABASE_URL", &gate.url);
        let program = start.serving().await;
        program.make("item").await;
        gate.shut();
        let end = Instant::now() + Duration::from_secs(3);
        let callers = (0..16).map(|_| async {
            let mut requests = 0;
            while Instant::now() < end {
                assert_eq!(program.get("/item/1").await.status, 503);
                requests += 1;
            }
            requests
        });
        let requests: usize = join_all(callers).await.iter().sum();
        assert_eq!(program.get("/health/live").await.status, 200);
        let logins = gate.rejected.load(Ordering::Relaxed);
        assert!(
            requests >= 16 && logins < 12,
            "{logins} logins by {requests} requests"
        );
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
        let gate = Gate::to(&Database::empty()).await;
        gate.shut();
        // Nothing listens at the second address.
        let (start, rest) = gate.url.split_once("127.0.0.1").expect("an address");
        let port = &rest[1..rest.find('/').expect("a path")];
        let both = format!(
            "{start}127.0.0.1:{port},127.0.0.2:1{}",
            &rest[1 + port.len()..]
        );
        for url in [gate.url.clone(), both] {
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
