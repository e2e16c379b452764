//! The fake function app: its deployment site, which accepts packages as Flex Consumption's "one deploy" does, and the
//! running app as seen through Front Door.
//!
//! Like the real one, the site checks a package after it has returned 202. It writes the functions that the host found
//! to the file `found`, which `az` lists after a synchronisation.

use std::collections::HashMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use zip::ZipArchive;

/// A running fake, until it is dropped.
pub(crate) struct FunctionApp {
    pub(crate) address: String,
    pub(crate) state: Arc<Mutex<State>>,
    _runtime: Runtime,
}

#[derive(Default)]
pub(crate) struct State {
    /// Shared with the fake `az`.
    folder: PathBuf,
    /// Whether the deployment site admits only the addresses of rules.
    pub(crate) is_closed: bool,
    /// The number of packages that are refused because another deployment is under way.
    pub(crate) is_busy: u32,
    /// Whether created items are lost at once.
    pub(crate) forgets_items: bool,
    /// Whether the host finds none of a package's functions.
    pub(crate) loses_functions: bool,
    /// The commits that ran, in order.
    pub(crate) ran: Vec<String>,
    running: Option<Running>,
    schema: u64,
    deployments: HashMap<String, Deployment>,
    items: HashMap<String, Value>,
}

struct Running {
    commit: String,
    /// The fault of its package.
    trouble: String,
    /// Whether it knows the database's schema.
    is_new_enough: bool,
    /// The number of reports of `/health`. Each timer has a slot between two of them.
    reports: u32,
    schema: u64,
}

struct Deployment {
    package: Vec<u8>,
    requests: u32,
}

impl FunctionApp {
    /// Shares `folder` with the fake `az`.
    pub(crate) fn start(folder: &Path) -> FunctionApp {
        let runtime = Runtime::new().expect("the system has threads");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State {
            folder: folder.to_owned(),
            ..State::default()
        }));
        runtime.spawn(serve(listener, Arc::clone(&state)));
        FunctionApp {
            address: format!("http://{address}"),
            state,
            _runtime: runtime,
        }
    }

    pub(crate) fn commit(&self) -> Option<String> {
        let state = self.state.lock().expect("no test died with it");
        state.running.as_ref().map(|running| running.commit.clone())
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| respond(request, Arc::clone(&state)));
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

type Reply = Response<Full<Bytes>>;

async fn respond(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Reply, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header = |name: &str| head.headers.get(name)?.to_str().ok().map(str::to_owned);
    let mut state = state.lock().expect("no request died with it");
    let path = head.uri.path();
    Ok(match path.strip_prefix("/api/") {
        Some(path) => {
            if let Some(refusal) = state.refusal(header("authorization").as_deref()) {
                return Ok(refusal);
            }
            let is_zip = header("content-type").as_deref() == Some("application/zip");
            match (&head.method, path) {
                (&Method::POST, "publish") if is_zip => state.publish(head.uri.query(), &body),
                (&Method::GET, "deployments") => text(200, "[]"),
                (&Method::GET, path) => state.deployment(path),
                _ => text(415, ""),
            }
        }
        None => state.front_door(&head.method, path, &body),
    })
}

impl State {
    fn refusal(&self, authorization: Option<&str>) -> Option<Reply> {
        let admits = |rule: fs::DirEntry| {
            fs::read_to_string(rule.path()).is_ok_and(|range| range == "127.0.0.1/32")
        };
        let rules = fs::read_dir(self.folder.join("rules"));
        if self.is_closed && !rules.into_iter().flatten().flatten().any(admits) {
            let mut reply = text(403, "<h2>403 Ip Forbidden</h2>");
            let address = "127.0.0.1".parse().expect("it is a header's value");
            reply.headers_mut().insert("x-ms-forbidden-ip", address);
            return Some(reply);
        }
        (authorization != Some("Bearer a token")).then(|| text(401, ""))
    }

    fn publish(&mut self, query: Option<&str>, package: &[u8]) -> Reply {
        if query != Some("RemoteBuild=false") {
            return text(400, "there is nothing to build");
        }
        if self.is_busy > 0 {
            self.is_busy -= 1;
            return text(409, "There is a deployment currently in progress.");
        }
        let id = format!("deployment-{}", self.deployments.len());
        let deployment = Deployment {
            package: package.to_owned(),
            requests: 0,
        };
        self.deployments.insert(id.clone(), deployment);
        text(202, &format!("\"{id}\""))
    }

    /// The first request returns 404, the second that it is under way, and the third the result.
    fn deployment(&mut self, path: &str) -> Reply {
        if path.ends_with("/log") {
            return text(200, r#"[{"message": "Validating the package"}]"#);
        }
        let id = path.trim_start_matches("deployments/");
        let Some(deployment) = self.deployments.get_mut(id) else {
            return text(404, "");
        };
        deployment.requests += 1;
        let package = deployment.package.clone();
        match deployment.requests {
            1 => text(404, ""),
            2 => text(200, r#"{"status": 1, "complete": false}"#),
            _ => match self.run(&package) {
                Ok(()) => text(200, r#"{"status": 4, "complete": true}"#),
                Err(reason) => {
                    let state = json!({"status": 3, "complete": true, "status_text": reason});
                    text(200, &state.to_string())
                }
            },
        }
    }

    /// Runs the program of the package, if the host can.
    fn run(&mut self, package: &[u8]) -> Result<(), String> {
        let mut archive =
            ZipArchive::new(Cursor::new(package)).map_err(|error| error.to_string())?;
        archive
            .by_name("host.json")
            .map_err(|_| "there is no host.json at the root")?;
        let names: Vec<String> = archive
            .file_names()
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .collect();
        let found: Vec<&str> = names
            .iter()
            .filter_map(|name| name.strip_suffix("/function.json"))
            .filter(|function| !function.contains('/'))
            .collect();
        if found.is_empty() {
            return Err("there is no function.json one folder below".to_owned());
        }
        let mut program = archive
            .by_name("magnusapi")
            .map_err(|_| "there is no program")?;
        if program.unix_mode().is_none_or(|mode| mode & 0o111 == 0) {
            return Err("the program is not executable".to_owned());
        }
        let mut script = String::new();
        program
            .read_to_string(&mut script)
            .map_err(|error| error.to_string())?;
        self.start(&script, if self.loses_functions { &[] } else { &found });
        Ok(())
    }

    /// A newer program migrates the database; an older one refuses what a newer one migrated.
    fn start(&mut self, script: &str, functions: &[&str]) {
        let after = |mark: &str| {
            let rest = script.split(mark).nth(1).expect("every sketch has it");
            rest.lines().next().unwrap_or_default().to_owned()
        };
        let commit = after("0.1.0 (")[..40].to_owned();
        let schema = after("schema: ").parse().expect("it is a number");
        self.schema = self.schema.max(schema);
        fs::write(self.folder.join("found"), functions.join("\n")).expect("the folder is there");
        self.ran.push(commit.clone());
        self.running = Some(Running {
            commit,
            trouble: after("trouble: "),
            is_new_enough: schema == self.schema,
            reports: 0,
            schema: self.schema,
        });
    }

    fn front_door(&mut self, method: &Method, path: &str, body: &[u8]) -> Reply {
        let Some(running) = &mut self.running else {
            return text(503, "Function host is not running.");
        };
        match (method, path) {
            (&Method::GET, "/health") => running.health(),
            (&Method::POST, "/item") => {
                let item: Value = serde_json::from_slice(body).unwrap_or_default();
                let place = format!("/item/{}", self.items.len() + 1);
                if !self.forgets_items {
                    self.items.insert(place.clone(), item.clone());
                }
                let mut reply = text(201, &json!({ "data": item }).to_string());
                let place = place.parse().expect("it is a header's value");
                reply.headers_mut().insert("location", place);
                reply
            }
            (&Method::GET, path) => match self.items.get(path) {
                Some(item) => text(200, &json!({ "data": item }).to_string()),
                None => text(404, ""),
            },
            (&Method::DELETE, path) if self.items.remove(path).is_some() => text(204, ""),
            _ => text(404, ""),
        }
    }

    /// The number of items.
    pub(crate) fn items(&self) -> usize {
        self.items.len()
    }
}

impl Running {
    fn health(&mut self) -> Reply {
        self.reports += 1;
        let finding = |is_good: bool| {
            let status = if is_good { "ok" } else { "fail" };
            json!([{"status": status, "observedValue": self.schema, "output": "it is faulty"}])
        };
        let late = self.trouble.strip_prefix("late ").unwrap_or_default();
        let timers = ["item_housekeeping", "scale"].map(|timer| {
            let is_late = late.split(' ').any(|it| it == timer);
            let mut finding = finding(!is_late)[0].take();
            finding["componentId"] = timer.into();
            let outcome = match (self.trouble.as_str(), is_late) {
                ("no ticks", _) => "missed",
                (_, false) => "succeeded",
                (_, true) => "failed",
            };
            let slot = format!("2026-11-24T12:{:02}:00Z", self.reports % 60);
            finding["observedValue"] = json!({"slot": slot, "outcome": outcome});
            finding
        });
        let is_healthy = self.is_new_enough && self.trouble != "unhealthy";
        let has_backups = self.trouble != "no backups";
        let checks = json!({
            "database:schema": finding(is_healthy),
            "backup:age": finding(has_backups),
            "timer:last-due": timers,
        });
        let report = json!({"releaseId": self.commit, "checks": checks});
        let is_good = is_healthy && has_backups && late.is_empty();
        text(if is_good { 200 } else { 503 }, &report.to_string())
    }
}

fn text(status: u16, body: &str) -> Reply {
    let mut reply = Response::new(Full::from(body.to_owned()));
    *reply.status_mut() = StatusCode::from_u16(status).expect("it is a status");
    reply
}
