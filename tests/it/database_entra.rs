//! `DATABASE_AUTH=entra`: the password of the moment is a token of the app's identity.
//!
//! The server is a real one that asks for a password by SCRAM; what Azure's does with a token is
//! stood in for by making the token the role's password.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use localpg::{Throwaway, ThrowawayOptions};
use reqwest::Method;

use crate::fakes::{Identity, Token};
use crate::harness::{Program, Response, Start, connect, eventually, own_server, ready, run};

const DAY: Duration = Duration::from_hours(24);

/// The longest wait for a response whose deadline is a second: far less than the minutes for which
/// Azure's own client would try again, and long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Members of the role `entra` need a password.
fn server() -> &'static Throwaway {
    static SERVER: LazyLock<Throwaway> = LazyLock::new(|| {
        own_server(ThrowawayOptions {
            hba: vec!["local all +entra scram-sha-256".to_owned()],
            ..ThrowawayOptions::default()
        })
    });
    &SERVER
}

/// A role of one test's own with its database, both called `name`.
struct Role {
    name: &'static str,
    owner: tokio_postgres::Client,
}

impl Role {
    async fn new(name: &'static str, token: &str) -> Role {
        let owner = connect(&server().url("items")).await;
        // Two tests may come here at once; the group is there after either.
        let _ = owner.batch_execute("CREATE ROLE entra").await;
        let create = format!("CREATE ROLE {name} LOGIN IN ROLE entra PASSWORD '{token}'");
        owner.batch_execute(&create).await.expect("a role");
        let create = format!("CREATE DATABASE {name} OWNER {name}");
        owner.batch_execute(&create).await.expect("a database");
        Role { name, owner }
    }

    /// From now on the server takes this one and no other.
    async fn takes(&self, token: &str) {
        let alter = format!("ALTER ROLE {} PASSWORD '{token}'", self.name);
        self.owner.batch_execute(&alter).await.expect("it is set");
    }

    /// Ends the role's connections.
    async fn end_connections(&self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
        self.owner
            .execute(end, &[&self.name])
            .await
            .expect("they end");
    }

    /// The program on this database, with no password anywhere.
    fn start(&self, identity: &Identity) -> Start {
        let url = server().url(self.name);
        let url = url.replace("user=postgres", &format!("user={}", self.name));
        let start = identity.given_to(Start::handler());
        start.set("DATABASE_URL", &url).set("LOG", "trace")
    }
}

fn token(text: &str, lasts: Duration) -> Token {
    let text = format!("{text}.eyJ0b2tlbiI6InNlY3JldCJ9.c2lnbmF0dXJl");
    Token { text, lasts }
}

fn never_printed(program: &Program, tokens: &[&Token]) {
    for line in [program.stdout(), program.stderr()].concat() {
        let printed = tokens.iter().any(|token| line.contains(&token.text));
        assert!(!printed, "{line}");
        assert!(!line.contains("6e1c-the-header"), "{line}");
    }
}

#[test]
fn a_token_of_the_identity_is_the_password_and_is_asked_for_once() {
    run(async {
        let token = token("first", DAY);
        let role = Role::new("entra_once", &token.text).await;
        let identity = Identity::start(token.clone()).await;
        // Empty settings count as absent.
        let start = role.start(&identity).set("AZURE_CLIENT_ID", "");
        let start = start.set("AZURE_FEDERATED_TOKEN_FILE", "");
        let program = start.serving().await;
        ready(&program).await;
        let requests = (0..40).map(|_| Response::to(program.request(Method::GET, "/item?limit=1")));
        for answer in join_all(requests).await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let asked = identity.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(!asked[0].contains("client_id"), "{asked:?}");
        never_printed(&program, &[&token]);
    });
}

#[test]
fn azure_client_id_chooses_the_identity() {
    run(async {
        let token = token("mine", DAY);
        let role = Role::new("entra_client_id", &token.text).await;
        let identity = Identity::start(token).await;
        let start = role.start(&identity);
        let start = start.set("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555");
        let program = start.serving().await;
        ready(&program).await;
        let asked = identity.asked();
        let id = "client_id=11111111-2222-3333-4444-555555555555";
        assert!(asked.iter().all(|it| it.contains(id)), "{asked:?}");
    });
}

#[test]
fn new_connections_take_the_new_token_when_the_old_one_is_about_to_end() {
    run(async {
        let (old, new) = (token("old", Duration::from_mins(1)), token("new", DAY));
        let role = Role::new("entra_renewed", &old.text).await;
        let identity = Identity::start(old.clone()).await;
        let program = role.start(&identity).serving().await;
        ready(&program).await;
        identity.hand_out(new.clone());
        role.takes(&new.text).await;
        role.end_connections().await;
        ready(&program).await;
        never_printed(&program, &[&old, &new]);
    });
}

#[test]
fn a_token_near_its_end_does_not_send_every_request_to_the_endpoint() {
    run(async {
        let token = token("short", Duration::from_secs(200));
        let role = Role::new("entra_near_end", &token.text).await;
        let identity = Identity::start(token).await;
        let program = role.start(&identity).serving().await;
        ready(&program).await;
        for _ in 0..50 {
            assert_eq!(program.get("/item?limit=1").await.status, 200);
        }
        let asked = identity.asked().len();
        assert!(
            asked < 12,
            "asked {asked} times: once for each connection would be enough"
        );
    });
}

#[test]
fn the_last_token_serves_while_the_endpoint_is_down() {
    run(async {
        let token = token("short", Duration::from_mins(1));
        let role = Role::new("entra_goes_on", &token.text).await;
        let identity = Identity::start(token).await;
        let start = role.start(&identity).set("DATABASE_CONNECT_TIMEOUT", "2");
        let program = start.serving().await;
        ready(&program).await;
        for broken in [Identity::refuse, Identity::fail, Identity::fall_silent] {
            broken(&identity);
            for _ in 0..10 {
                let started = Instant::now();
                assert_eq!(program.get("/item?limit=1").await.status, 200);
                assert!(
                    started.elapsed() < Duration::from_secs(1),
                    "{:?}",
                    started.elapsed()
                );
            }
            // And until its end, the last token opens new ones.
            role.end_connections().await;
            ready(&program).await;
        }
    });
}

#[test]
fn without_a_token_requests_get_503_and_health_says_what_to_do() {
    run(async {
        let token = token("late", DAY);
        let role = Role::new("entra_down", &token.text).await;
        let identity = Identity::start(token.clone()).await;
        for (broken, says) in [
            (Identity::refuse as fn(&Identity), "not been assigned"),
            (Identity::fail, "The request failed"),
            (Identity::fall_silent, "in time"),
        ] {
            broken(&identity);
            let start = role.start(&identity);
            let start = start
                .set("DATABASE_WAIT", "1")
                .set("DATABASE_CONNECT_TIMEOUT", "1");
            let program = start.serving().await;
            let started = Instant::now();
            let answer = program.get("/item?limit=1").await;
            answer.problem(503, "database-unavailable");
            assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
            // On a busy machine the time may run out first: then the next report says why.
            eventually("health's own words", || async {
                let started = Instant::now();
                let health = program.get("/health").await;
                assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
                assert_eq!(health.status, 503);
                let output = health.json()["checks"]["database:latency"][0]["output"].to_string();
                let is_it = output.contains("managed identity") && output.contains(says);
                is_it.then_some(())
            })
            .await;
            identity.hand_out(token.clone());
            ready(&program).await;
            never_printed(&program, &[&token]);
        }
    });
}

#[test]
fn a_role_that_refuses_the_token_is_distinguished_from_a_missing_token() {
    run(async {
        let role = Role::new("entra_refused", "another").await;
        let identity = Identity::start(token("unknown", DAY)).await;
        let output = role.start(&identity).argument("migrate").output();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("28P01") && said.contains("DATABASE_AUTH"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    });
}
