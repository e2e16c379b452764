//! A host with the functions of the recordings, and the recorder as its handler.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use devhost::{Host, HostOptions, Keys};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    case::{Case, Got, Script},
    client,
    message::{Message, Placeholders},
    recorder::{self, Recorder},
};

/// The keys that the recordings name.
pub(crate) const KEYS: [(&str, &str); 4] = [
    ("master", "master-key"),
    ("hostkey", "host-key"),
    ("function", "own-key"),
    ("other", "another-key"),
];

/// Name, route, methods, level.
type Declared = (
    &'static str,
    Option<&'static str>,
    Option<&'static [&'static str]>,
    Option<&'static str>,
);
const FUNCTIONS: [Declared; 12] = [
    ("item", Some("item/{id?}"), None, Some("anonymous")),
    ("items", Some("items/{*rest}"), None, Some("anonymous")),
    ("special", Some("item/special"), None, Some("anonymous")),
    ("num", Some("num/{id:int}"), None, Some("anonymous")),
    ("dflt", Some("dflt/{kind=book}"), None, Some("anonymous")),
    ("Plain", None, None, Some("anonymous")),
    (
        "ronly",
        Some("ronly"),
        Some(&["get", "post"]),
        Some("anonymous"),
    ),
    (
        "ronlyput",
        Some("ronly/{x}"),
        Some(&["put"]),
        Some("anonymous"),
    ),
    ("fkey", Some("fkey/{x?}"), None, Some("function")),
    ("akey", Some("akey"), None, Some("admin")),
    ("noauth", None, None, None),
    ("noout", Some("noout/{x?}"), None, Some("anonymous")),
];

/// A host and its recorder.
pub(crate) struct Stage {
    pub(crate) host: Host,
    pub(crate) recorder: Arc<Recorder>,
    listener: JoinHandle<()>,
    _app: TempDir,
}

impl Stage {
    pub(crate) async fn new(prefix: &str) -> Self {
        let app = app(prefix);
        let key = |name: &str| {
            let key = KEYS.iter().find(|(known, _)| *known == name);
            key.expect("a known key").1.to_owned()
        };
        let options = HostOptions {
            keys: Some(Keys {
                master: key("master"),
                host: key("hostkey"),
                functions: BTreeMap::from([
                    ("fkey".to_owned(), key("function")),
                    ("noauth".to_owned(), key("other")),
                ]),
            }),
            ..HostOptions::new(app.path())
        };
        Self::with(app, options, Script::default()).await
    }

    /// A host for `app`, whose handler does what `script` says from the beginning.
    pub(crate) async fn with(app: TempDir, options: HostOptions, script: Script) -> Self {
        let host = Host::start(options).await.expect("the host starts");
        let recorder = Arc::new(Recorder::default());
        recorder.play(script);
        let listener = tokio::spawn(recorder::listen(host.handler_port(), recorder.clone()));
        host.ready().await.expect("the recorder responds");
        Self {
            host,
            recorder,
            listener,
            _app: app,
        }
    }

    /// Plays `case`; what differs from the recording.
    pub(crate) async fn play(&mut self, case: &Case) -> Result<(), String> {
        self.recorder.play(case.script.clone());
        if case.script.refuses.is_some() {
            self.unlisten().await;
        }
        let play = client::play(self.host.address(), case);
        tokio::pin!(play);
        let seen = loop {
            tokio::select! {
                seen = &mut play => break seen,
                () = self.recorder.exit.notified() => {
                    self.unlisten().await;
                    self.host.kill_handler().await;
                    self.listen();
                }
                () = relisten(case), if self.listener.is_finished() => self.listen(),
            }
        };
        if self.listener.is_finished() {
            self.listen();
        }
        let placeholders = Placeholders {
            port: self.host.handler_port(),
        };
        let got = self.requests(case).await;
        compare_requests(case, &got, &placeholders)?;
        compare_responses(case, &seen, &placeholders)
    }

    /// The requests at the handler, once as many have come as were recorded, and no more come.
    async fn requests(&self, case: &Case) -> Vec<Got> {
        let complete = |got: &[Got]| {
            let whole = |got: &[Got]| got.iter().filter(|got| got.is_whole).count();
            got.len() >= case.handler_got.len() && whole(got) >= whole(&case.handler_got)
        };
        // Ten seconds, on a busy machine.
        for _ in 0..1000 {
            if complete(&self.recorder.got()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.recorder.got()
    }

    async fn unlisten(&mut self) {
        self.recorder.close.notify_one();
        (&mut self.listener).await.expect("the recorder ends");
    }

    fn listen(&mut self) {
        let port = self.host.handler_port();
        self.listener = tokio::spawn(recorder::listen(port, self.recorder.clone()));
    }
}

/// Returns when the recorder shall listen again. That is sooner than recorded: on a busy machine the
/// host must still have tries left.
async fn relisten(case: &Case) {
    match case.script.refuses {
        Some(time) => tokio::time::sleep(time / 5).await,
        None => std::future::pending().await,
    }
}

fn compare_requests(case: &Case, got: &[Got], placeholders: &Placeholders) -> Result<(), String> {
    let message = |got: &Got, with_body| Message::request(&got.raw, with_body, placeholders);
    if got.len() != case.handler_got.len() {
        return Err(format!(
            "the handler got {} requests, not {}",
            got.len(),
            case.handler_got.len()
        ));
    }
    for (got, recorded) in got.iter().zip(&case.handler_got) {
        if got.is_whole != recorded.is_whole {
            return Err(format!("a request's body is whole: {}", got.is_whole));
        }
        let (got, recorded) = (
            message(got, recorded.is_whole),
            message(recorded, recorded.is_whole),
        );
        if got != recorded {
            return Err(format!("the handler got {got}\n      not {recorded}"));
        }
    }
    Ok(())
}

fn compare_responses(
    case: &Case,
    seen: &client::Seen,
    placeholders: &Placeholders,
) -> Result<(), String> {
    if case.client_end == "client closed" {
        return Ok(());
    }
    let is_head = case.is_head();
    let responses = |bytes| Message::responses(bytes, is_head, placeholders);
    let (got, recorded) = (responses(&seen.bytes), responses(&case.client_got));
    if got != recorded {
        let list = |all: &[Message]| {
            all.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n          ")
        };
        return Err(format!(
            "the client got {}\n      not {}",
            list(&got),
            list(&recorded)
        ));
    }
    if seen.end != case.client_end {
        return Err(format!(
            "the connection ended with {}, not {}",
            seen.end, case.client_end
        ));
    }
    // Where the real host waits, this one must; how busy a machine is does not count.
    if case.seconds >= 1.0 && seen.seconds < case.seconds * 0.8 {
        return Err(format!(
            "it took {:.1} s, not {:.1} s",
            seen.seconds, case.seconds
        ));
    }
    Ok(())
}

fn app(prefix: &str) -> TempDir {
    let functions = FUNCTIONS.map(|(name, route, methods, level)| {
        let mut trigger = json!({"type": "httpTrigger", "direction": "in", "name": "req"});
        let members = [
            ("route", json!(route)),
            ("methods", json!(methods)),
            ("authLevel", json!(level)),
        ];
        for (member, value) in members.into_iter().filter(|(_, value)| !value.is_null()) {
            trigger[member] = value;
        }
        let out = json!({"type": "http", "direction": "out", "name": "res"});
        let bindings = if name == "noout" {
            vec![trigger]
        } else {
            vec![trigger, out]
        };
        (name, json!({"bindings": bindings}))
    });
    app_of(prefix, &functions)
}

/// An app with these functions, whose handler is in this test: its process only has to be there.
pub(crate) fn app_of(prefix: &str, functions: &[(&str, Value)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = json!({
        "version": "2.0",
        "functionTimeout": "00:05:00",
        "extensions": {"http": {"routePrefix": prefix}},
        "customHandler": {
            "description": {"defaultExecutablePath": "sleep", "arguments": ["1000"]},
            "enableProxyingHttpRequest": true,
        },
    });
    fs::write(folder.path().join("host.json"), host.to_string()).expect("host.json");
    for (name, function) in functions {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("function.json"), function.to_string()).expect("function.json");
    }
    folder
}
