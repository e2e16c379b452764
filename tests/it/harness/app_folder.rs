//! An app for the Functions host: `host.json`, one folder a function, the program.

use std::fs;
use std::path::{Path, PathBuf};

use devhost::{Host, HostLog, HostOptions};

use super::{Database, TIMEOUT};

/// An app folder with the program under test, removed with this value.
pub(crate) struct AppFolder {
    folder: tempfile::TempDir,
}

impl AppFolder {
    /// The layout of `cargo xtask package`, with the program of the tests.
    pub(crate) fn new() -> AppFolder {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&root.join("host.json"), &folder.path().join("host.json"));
        copy(
            &root.join("local.settings.example.json"),
            &folder.path().join("local.settings.json"),
        );
        for function in fs::read_dir(root.join("functions")).expect("functions/ exists") {
            let function = function.expect("it can be listed");
            // The other entries are links, which make the checkout's own folder an app.
            if !function.path().is_dir() {
                continue;
            }
            let target = folder.path().join(function.file_name());
            fs::create_dir(&target).expect("a folder can be made");
            let file = "function.json";
            copy(&function.path().join(file), &target.join(file));
        }
        let program = folder.path().join("magnusapi");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_magnusapi"), program)
            .expect("a link can be made");
        AppFolder { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Options of a host for this app and this database.
    pub(crate) fn on(&self, database: &Database) -> HostOptions {
        HostOptions::new(self.path())
            .setting("DATABASE_URL", &database.url)
            .setting("LOG_FORMAT", "json")
    }
}

/// Options of a host for the checkout's `functions/`, with the example's settings, on this database.
pub(crate) fn checkout_on(database: &Database) -> HostOptions {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read(root.join("local.settings.example.json")).expect("the example exists");
    let example: serde_json::Value = serde_json::from_slice(&example).expect("it is JSON");
    let mut options = HostOptions::new(root.join("functions"));
    for (name, value) in example["Values"].as_object().expect("it has values") {
        options = options.setting(name, value.as_str().expect("values are strings"));
    }
    options.setting("DATABASE_URL", &database.url)
}

/// Starts the host and waits until its handler responds.
pub(crate) async fn start(options: HostOptions) -> Host {
    let host = Host::start(options).await.expect("the host starts");
    host.ready().await.expect("the handler becomes ready");
    host
}

/// Waits for a record of the host's log.
pub(crate) async fn logged(host: &Host, wanted: impl Fn(&HostLog) -> bool) -> HostLog {
    let found = tokio::time::timeout(TIMEOUT, host.log(wanted)).await;
    found.unwrap_or_else(|_| panic!("no such record: {:#?}", host.logs()))
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}
