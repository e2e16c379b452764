//! The identity endpoint of App Service and Functions (protocol 2019-08-01). It returns the tokens that a test
//! chooses.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::Start;

const SECRET: &str = "6e1c-the-header-of-this-app";

/// Azure Database for PostgreSQL, Azure Storage, and the public cloud's Resource Manager.
const RESOURCES: [&str; 3] = [
    "https://ossrdbms-aad.database.windows.net",
    "https://storage.azure.com",
    "https://management.azure.com",
];

/// A token and its lifetime.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) lasts: Duration,
}

/// The endpoint. It ends with the runtime that it was started in.
#[derive(Clone)]
pub(crate) struct Identity {
    url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    token: Token,
    resources: Vec<String>,
    manner: Manner,
    asked: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Responding,
    Refusing,
    Failing,
    Silent,
}

impl Identity {
    /// Returns `token` from now on.
    pub(crate) async fn start(token: Token) -> Identity {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let state = State {
            token,
            resources: RESOURCES.map(str::to_owned).to_vec(),
            manner: Manner::Responding,
            asked: Vec::new(),
        };
        let identity = Identity {
            url: format!("http://{address}/msi/token"),
            state: Arc::new(Mutex::new(state)),
        };
        let serving = identity.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let identity = serving.clone();
                // An error is a client that has gone.
                tokio::spawn(async move { identity.serve(socket).await });
            }
        });
        identity
    }

    /// Lets the program act as this identity towards the database.
    pub(crate) fn given_to(&self, start: Start) -> Start {
        let start = start.set("DATABASE_AUTH", "entra");
        let variables = self.variables().into_iter();
        variables.fold(start, |start, (name, value)| start.set(name, &value))
    }

    /// Returns tokens for this resource too.
    pub(crate) fn knows(&self, resource: &str) {
        self.state().resources.push(resource.to_owned());
    }

    /// The variables that the platform sets for a program with this identity.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        let url = self.url.clone();
        [
            ("IDENTITY_ENDPOINT", url),
            ("IDENTITY_HEADER", SECRET.to_owned()),
        ]
    }

    /// Returns this token from now on.
    pub(crate) fn hand_out(&self, token: Token) {
        self.state().token = token;
        self.state().manner = Manner::Responding;
    }

    /// Returns 400 from now on: the app has no such identity.
    pub(crate) fn refuse(&self) {
        self.state().manner = Manner::Refusing;
    }

    /// Returns 500 from now on.
    pub(crate) fn fail(&self) {
        self.state().manner = Manner::Failing;
    }

    /// Accepts requests and does not respond from now on.
    pub(crate) fn fall_silent(&self) {
        self.state().manner = Manner::Silent;
    }

    /// The path and query of each request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panicked with it")
    }

    async fn serve(&self, mut socket: TcpStream) -> std::io::Result<()> {
        let (reading, mut writing) = socket.split();
        let mut lines = BufReader::new(reading).lines();
        while let Some(request) = lines.next_line().await? {
            let mut secret = false;
            while let Some(header) = lines.next_line().await?.filter(|line| !line.is_empty()) {
                let (name, value) = header.split_once(": ").unwrap_or_default();
                secret |= name.eq_ignore_ascii_case("x-identity-header") && value == SECRET;
            }
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let (resource, manner) = {
                let mut state = self.state();
                let resource = resource(&path, &state.resources).filter(|_| secret);
                state.asked.push(path);
                (resource, state.manner)
            };
            let (status, body) = match manner {
                Manner::Silent => std::future::pending().await,
                Manner::Refusing => ("400 Bad Request", "{}".to_owned()),
                Manner::Failing => ("500 Internal Server Error", "{}".to_owned()),
                Manner::Responding => match resource {
                    Some(resource) => ("200 OK", self.state().token.response(&resource)),
                    None => ("401 Unauthorized", "{}".to_owned()),
                },
            };
            let length = body.len();
            let response = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
            writing.write_all(response.as_bytes()).await?;
        }
        Ok(())
    }
}

/// The resource of a request in this protocol, if it is known.
fn resource(path: &str, known: &[String]) -> Option<String> {
    let query = path.strip_prefix("/msi/token?").unwrap_or_default();
    let pairs: Vec<&str> = query.split('&').collect();
    let asked = |resource: &&String| {
        let resource = resource.replace(':', "%3A").replace('/', "%2F");
        pairs.contains(&format!("resource={resource}").as_str())
    };
    let known = known.iter().find(asked);
    known
        .filter(|_| pairs.contains(&"api-version=2019-08-01"))
        .cloned()
}

impl Token {
    fn response(&self, resource: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let ends = now.expect("it is after 1970") + self.lasts;
        json!({
            "access_token": self.text,
            "expires_on": ends.as_secs().to_string(),
            "resource": resource,
            "token_type": "Bearer",
        })
        .to_string()
    }
}
