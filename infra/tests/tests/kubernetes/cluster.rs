//! The one fake: a Kubernetes API for Helm's look-ups in a cluster.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helm::{documents, scratch, template};
use crate::helmfile::{Release, files_in};

/// A Kubernetes API with Secrets only, for Helm's `lookup`.
pub(crate) struct Cluster {
    address: SocketAddr,
}

impl Cluster {
    /// With these Secrets, by `<namespace>/<name>`. It serves until the tests end.
    pub(crate) fn with(secrets: BTreeMap<String, Value>) -> Cluster {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let secrets = Arc::new(secrets);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let secrets = Arc::clone(&secrets);
                // Helm keeps connections open and uses several at once.
                std::thread::spawn(move || serve(&connection, &secrets));
            }
        });
        Cluster { address }
    }

    /// The Secret that an upgrade of a release writes, by the template of that name.
    pub(crate) fn upgraded(&self, release: &Release, values: &[Value], file: &str) -> Value {
        let chart = with_one_template(&release.own_chart().expect("an own chart"), file);
        let server = format!("http://{}", self.address);
        let more = [
            "--is-upgrade",
            "--dry-run=server",
            "--disable-openapi-validation",
            "--kube-apiserver",
            &server,
        ];
        let text = template(
            chart.path(),
            &release.name,
            &release.namespace,
            values,
            &more,
        );
        let mut secrets =
            documents(&text.unwrap_or_else(|error| panic!("{}: {error}", release.name)));
        assert_eq!(secrets.len(), 1);
        secrets.remove(0)
    }
}

fn serve(connection: &TcpStream, secrets: &BTreeMap<String, Value>) {
    let mut reader = BufReader::new(connection);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).unwrap_or(0) > 2 {
            header.clear();
        }
        let path = request.split([' ', '?']).nth(1).unwrap_or_default();
        let (status, body) = match look_up(path, secrets) {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", not_found()),
        };
        let body = body.to_string();
        let length = body.len();
        let response = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut connection = connection;
        if connection.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn not_found() -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404 })
}

fn look_up(path: &str, secrets: &BTreeMap<String, Value>) -> Option<Value> {
    let kind = json!({ "name": "secrets", "singularName": "secret", "namespaced": true, "kind": "Secret", "verbs": ["get"] });
    match path {
        "/version" => Some(json!({ "major": "1", "minor": "34", "gitVersion": "v1.34.0" })),
        "/api" => Some(json!({ "kind": "APIVersions", "versions": ["v1"] })),
        "/apis" => Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] })),
        "/api/v1" => {
            Some(json!({ "kind": "APIResourceList", "groupVersion": "v1", "resources": [kind] }))
        }
        _ => {
            let (namespace, name) = path
                .strip_prefix("/api/v1/namespaces/")?
                .split_once("/secrets/")?;
            let data = secrets.get(&format!("{namespace}/{name}"))?;
            let metadata = json!({ "namespace": namespace, "name": name });
            Some(
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data }),
            )
        }
    }
}

/// A copy of a chart with its definitions and one template: the API above knows no other kinds.
fn with_one_template(chart: &Path, file: &str) -> TempDir {
    let copy = scratch();
    let names = files_in(&chart.join("templates"))
        .into_iter()
        .filter_map(|path| path.file_name().map(|name| name.display().to_string()))
        .filter(|name| name.starts_with('_') || name == file)
        .map(|name| format!("templates/{name}"));
    fs::create_dir(copy.path().join("templates")).expect("a scratch folder can be written to");
    for name in names.chain(["Chart.yaml", "values.yaml", "values.schema.json"].map(str::to_owned))
    {
        fs::copy(chart.join(&name), copy.path().join(&name))
            .expect("a scratch folder can be written to");
    }
    copy
}
