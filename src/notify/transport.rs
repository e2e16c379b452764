//! Requests to permitted addresses only.
//!
//! The client resolves a name for each connection and connects only to addresses that the networks permit. So a
//! name that changes its addresses (DNS rebinding) reaches no other network. It follows no redirect, and uses no
//! proxy, because a proxy would resolve the name by itself.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, redirect};

use super::address::{Address, LOCALHOST};
use super::network::Networks;
use crate::azure;

const USER_AGENT: &str = concat!("magnusapi/", env!("CARGO_PKG_VERSION"));

const CONNECT: Duration = Duration::from_secs(5);

/// The longest wait that a receiver may ask for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The longest word of a response that an error shows.
const WORD: usize = 40;

/// An HTTP client. Clones share its connections.
#[derive(Clone)]
pub(super) struct Transport {
    shared: Arc<Shared>,
}

struct Shared {
    resolver: Arc<Guard>,
    /// Created when first needed, because it reads the roots of trust.
    client: OnceLock<Client>,
}

pub(super) struct Post {
    pub(super) headers: HeaderMap,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

/// The request has no success. `reason` contains no part of the address except for its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: String,
    /// The wait that the receiver asks for.
    pub(super) wait: Option<Duration>,
    /// Whether the receiver rejects this message, and not the request as such.
    pub(super) is_rejection: bool,
}

impl Failure {
    pub(super) fn new(reason: impl Into<String>) -> Failure {
        Failure {
            reason: reason.into(),
            wait: None,
            is_rejection: false,
        }
    }
}

impl Transport {
    /// No connection is made.
    pub(super) fn new(networks: Networks) -> Transport {
        Transport::with(Guard {
            networks,
            lookup: |name| {
                let name = name.to_owned();
                async move {
                    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                    Ok(found.map(|it| it.ip()).collect())
                }
                .boxed()
            },
        })
    }

    fn with(resolver: Guard) -> Transport {
        Transport {
            shared: Arc::new(Shared {
                resolver: Arc::new(resolver),
                client: OnceLock::new(),
            }),
        }
    }

    /// Sends one request. `limit` is for all of it.
    pub(super) async fn post(
        &self,
        address: &Address,
        post: Post,
        limit: Duration,
    ) -> Result<(), Failure> {
        let client = self.client().map_err(|error| failure(&error))?;
        let request = client
            .post(address.secret().clone())
            .headers(post.headers)
            .header(CONTENT_TYPE, HeaderValue::from_static(post.content_type))
            .body(post.body)
            .timeout(limit);
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(refused(response, address).await),
            Err(error) if error.is_timeout() => {
                Err(Failure::new(format!("no response within {limit:?}")))
            }
            Err(error) => Err(failure(&error)),
        }
    }

    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.shared.client.get() {
            return Ok(client);
        }
        azure::install_tls_provider();
        let client = Client::builder()
            .dns_resolver(self.shared.resolver.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(USER_AGENT)
            .build()?;
        Ok(self.shared.client.get_or_init(|| client))
    }
}

/// The innermost cause is the most precise one, and it has no address.
fn failure(error: &reqwest::Error) -> Failure {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // Without a cause, the error itself would print its address.
    Failure::new(match error.source() {
        Some(_) => cause.to_string(),
        None => "the request failed".to_owned(),
    })
}

async fn refused(response: Response, address: &Address) -> Failure {
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER);
    let wait = wait.and_then(|it| it.to_str().ok()?.trim().parse().ok());
    let reason = match status.as_u16() {
        300..=399 => format!("the receiver returned {status}; redirects are not followed"),
        401 | 403 | 404 | 410 => format!("the receiver returned {status}; check its address"),
        _ => format!("the receiver returned {status}"),
    };
    let word = word(response, address).await;
    Failure {
        reason: word.map_or(reason.clone(), |word| format!("{reason}: {word}")),
        wait: wait.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT)),
        is_rejection: matches!(status.as_u16(), 400 | 413 | 415 | 422),
    }
}

/// A code such as Slack's `invalid_payload`. Other bodies are not printed: they may repeat the address.
async fn word(mut response: Response, address: &Address) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > WORD {
            return None;
        }
    }
    let word = String::from_utf8(body).ok()?;
    let is_code = |it: u8| it.is_ascii_lowercase() || it == b'_';
    let is_secret = address.secret().as_str().to_lowercase().contains(&word);
    (!word.is_empty() && word.bytes().all(is_code) && !is_secret).then_some(word)
}

type Lookup = fn(&str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// Resolves names to permitted addresses.
struct Guard {
    networks: Networks,
    lookup: Lookup,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (networks, lookup) = (self.networks.clone(), self.lookup);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = lookup(&name).await?;
            let permitted = |it: &IpAddr| match name.as_str() {
                LOCALHOST => it.is_loopback(),
                _ => networks.permits(*it),
            };
            let (permitted, rejected): (Vec<IpAddr>, Vec<IpAddr>) =
                found.into_iter().partition(permitted);
            if let ([], [first, ..]) = (permitted.as_slice(), rejected.as_slice()) {
                return Err(format!(
                    "{name} resolves to {first}, which is not a public address; list its network in \
                     NOTIFY_NETWORKS if the program may send requests to it"
                )
                .into());
            }
            let addresses = permitted.into_iter().map(|it| SocketAddr::new(it, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    use super::*;

    fn post() -> Post {
        Post {
            headers: HeaderMap::new(),
            content_type: "text/plain",
            body: String::new(),
        }
    }

    /// A public address first, then this machine's.
    fn rebinding(name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        assert_eq!(name, "receiver.example");
        let address = match CALLS.fetch_add(1, Ordering::Relaxed) {
            // TEST-NET would be rejected, and nothing listens at this address of a reserved block.
            0 => IpAddr::from([1, 0, 0, 0]),
            _ => IpAddr::from([127, 0, 0, 1]),
        };
        async move { Ok(vec![address]) }.boxed()
    }

    #[test]
    fn a_name_that_changes_to_this_machine_is_not_connected_to() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = listener.local_addr().expect("it is bound").port();
            let transport = Transport::with(Guard {
                networks: Networks::default(),
                lookup: rebinding,
            });
            let text = format!("https://receiver.example:{port}/secret");
            let address = Address::parse(&text, &Networks::default()).expect("an address");
            let limit = Duration::from_millis(200);
            transport
                .post(&address, post(), limit)
                .await
                .expect_err("it does not connect");
            let limit = Duration::from_secs(30);
            let failure = transport
                .post(&address, post(), limit)
                .await
                .expect_err("rejected");
            assert!(failure.reason.contains("127.0.0.1"), "{failure:?}");
            assert!(failure.reason.contains("NOTIFY_NETWORKS"), "{failure:?}");
            let connection = tokio::time::timeout(Duration::from_millis(50), listener.accept());
            assert!(connection.await.is_err(), "there is no connection");
        });
    }
}
