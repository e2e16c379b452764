//! `cargo xtask start`: as in the first hour, and with a part that cannot run.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::checkout::{Checkout, Ended, ended};

/// An npm that installs an Azurite that listens on the port for blobs.
const NPM: &str = r#"#!/bin/sh
mkdir -p node_modules/.bin
cat > node_modules/.bin/azurite <<'END'
#!/bin/sh
exec node -e 'require("net").createServer().listen(+process.argv[1], "127.0.0.1")' "$2"
END
chmod +x node_modules/.bin/azurite
"#;
/// A cargo whose build succeeds.
const CARGO: &str = r#"#!/bin/sh
mkdir -p "$CARGO_TARGET_DIR/debug"
printf '#!/bin/sh\n' > "$CARGO_TARGET_DIR/debug/magnusapi"
chmod +x "$CARGO_TARGET_DIR/debug/magnusapi"
"#;
/// A func whose handler fails: it prints a line and exits with 0.
const FUNC: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo 4.14.0; exit; fi
echo 'no database is named'
"#;

/// A port of Azurite that stays in use, so that each start takes free ones: two that take the usual ones at the same
/// time would conflict.
static QUEUE: LazyLock<Option<TcpListener>> =
    LazyLock::new(|| TcpListener::bind("127.0.0.1:10001").ok());

/// A checkout in which everything works, except for these programs.
fn checkout(programs: &[(&str, &str)]) -> Checkout {
    LazyLock::force(&QUEUE);
    let checkout = Checkout::of(&[
        ("functions/item/function.json", "{}"),
        (
            "local.settings.example.json",
            r#"{"IsEncrypted": false, "Values": {"FUNCTIONS_WORKER_RUNTIME": "custom"}}"#,
        ),
        ("xtask/tools/azurite/package.json", "{}"),
        ("xtask/tools/azurite/package-lock.json", "{}"),
    ]);
    checkout.install(&[("npm", NPM), ("cargo", CARGO), ("func", FUNC)]);
    checkout.install(programs);
    checkout
}

/// Runs it with func and these programs.
fn start(programs: &[(&str, &str)]) -> Ended {
    let checkout = checkout(programs);
    let arguments = ["start", "--host", "func", "--port", &free_port()];
    ended(
        checkout
            .xtask_with_programs(&arguments)
            .env("DATABASE_URL", "host=/nowhere"),
    )
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    address.port().to_string()
}

#[test]
fn core_tools_that_do_not_proxy_requests_are_rejected_before_the_build() {
    let words = ["4.0.6594", "4.1.0", "npm install", "--host devhost"];
    let old = "#!/bin/sh\necho 4.0.6594\n";
    start(&[("func", old)]).failed(&words);
}

#[test]
fn missing_program_is_reported_before_func_starts() {
    let text = start(&[("cargo", "#!/bin/sh\n")]).failed(&["no program at", "cargo build"]);
    assert!(!text.contains("no database is named"), "{text}");
}

#[test]
fn services_start_during_the_build() {
    let waiting = "#!/bin/sh
        tries=0
        until [ -e local.settings.json ]; do
            [ $tries -lt 600 ] || exit 1
            tries=$((tries + 1))
            sleep 0.1
        done\n";
    let cargo = CARGO.replace("#!/bin/sh\n", waiting);
    start(&[("cargo", &cargo)]).failed(&["func ended by itself"]);
}

#[test]
fn func_that_ends_is_a_failure_with_any_exit_status() {
    start(&[]).failed(&[
        "no database is named",
        "func ended by itself with exit status: 0",
    ]);
}

#[test]
fn storage_that_does_not_run_is_reported_before_func_starts() {
    let npm = NPM.replace("exec node", "exit 3; exec node");
    let text = start(&[("npm", &npm)]).failed(&["Azurite", "exit status: 3"]);
    assert!(!text.contains("no database is named"), "{text}");
}

#[test]
fn services_write_their_addresses_and_run_until_a_signal() {
    let checkout = checkout(&[]);
    let mut services = checkout.xtask_with_programs(&["services"]);
    services.env("DATABASE_URL", "host=/nowhere");
    let services = Started::of(&mut services, "Ctrl-C stops the services.", String::new());
    services.shows("func start --script-root functions");
    let settings = fs::read_to_string(checkout.path("local.settings.json")).expect("a file");
    let settings: serde_json::Value = serde_json::from_str(&settings).expect("it is JSON");
    let values = &settings["Values"];
    assert_eq!(values["DATABASE_URL"], "host=/nowhere", "{values}");
    assert_eq!(values["FUNCTIONS_WORKER_RUNTIME"], "custom", "{values}");
    let storage = values["AzureWebJobsStorage"].as_str().expect("a text");
    assert!(
        storage.contains("BlobEndpoint=http://127.0.0.1:"),
        "{values}"
    );
    services.stops();
}

/// A checkout of this app, whose programs are those of this build, and the data of its developer.
struct Developer {
    checkout: Checkout,
    data: TempDir,
}

/// A start whose app runs.
struct Started {
    process: Child,
    stdout: BufReader<ChildStdout>,
    text: String,
    base: String,
}

impl Developer {
    fn new() -> Developer {
        let samples = include_str!("../../samples/scale.toml");
        let checkout = Checkout::of_the_app(&[("xtask/samples/scale.toml", samples)]);
        for (link, to) in [
            ("host.json", "../host.json"),
            ("local.settings.json", "../local.settings.json"),
            ("scale.toml", "../scale.toml"),
            ("magnusapi", "../target/debug/magnusapi"),
        ] {
            symlink(to, checkout.path("functions").join(link)).expect("the link is made");
        }
        fs::create_dir_all(checkout.path("target/debug")).expect("the folder is made");
        for program in ["magnusapi", "devhost"] {
            let built = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name(program);
            assert!(
                built.exists(),
                "there is no {}: run `cargo build --bins --package {program}`",
                built.display()
            );
            let link = checkout.path("target/debug").join(program);
            symlink(built, link).expect("the link is made");
        }
        checkout.install(&[("cargo", "#!/bin/sh\n")]);
        // PostgreSQL's account enters it.
        let data = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(data.path(), Permissions::from_mode(0o755)).expect("it is ours");
        Developer { checkout, data }
    }

    /// Starts the app and waits until it runs. The checkout has no pins of Azurite, so there is no storage.
    fn starts(&self, arguments: &[&str]) -> Started {
        let port = free_port();
        let mut start = self
            .checkout
            .xtask_with_programs(&["start", "--host", "devhost", "--port", &port]);
        start
            .args(arguments)
            .env("MAGNUSAPI_DATA", self.data.path())
            .env_remove("DATABASE_URL")
            .env_remove("PGHOST");
        let base = format!("http://127.0.0.1:{port}");
        Started::of(&mut start, "Ctrl-C stops it.", base)
    }
}

impl Started {
    /// Starts it and waits for these words.
    fn of(start: &mut Command, words: &str, base: String) -> Started {
        let mut process = start.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut started = Started {
            stdout: BufReader::new(process.stdout.take().expect("it is piped")),
            process,
            text: String::new(),
            base,
        };
        while !started.text.contains(words) {
            let read = started.stdout.read_line(&mut started.text);
            assert_ne!(read.expect("a text"), 0, "it ended:\n{}", started.text);
        }
        started
    }

    #[track_caller]
    fn shows(&self, words: &str) {
        assert!(self.text.contains(words), "no `{words}` in:\n{}", self.text);
    }

    fn get(&self, path: &str) -> String {
        let response = ureq::get(format!("{}{path}", self.base)).call();
        let mut response = response.expect("a response with a good status");
        response.body_mut().read_to_string().expect("a text")
    }

    /// The report of `/health`, once it is good: on a busy machine, a check may take too long at first.
    fn health(&self) -> String {
        let deadline = Instant::now() + Duration::from_mins(1);
        let url = format!("{}/health", self.base);
        while let Err(error) = ureq::get(&url).call() {
            assert!(Instant::now() < deadline, "{error}");
            sleep(Duration::from_millis(200));
        }
        self.get("/health")
    }

    fn stops(mut self) {
        let interrupt = format!("kill -INT {}", self.process.id());
        let sent = Command::new("sh").args(["-c", &interrupt]).status();
        assert!(sent.expect("it runs").success());
        // Until the last process that writes there has ended.
        std::io::copy(&mut self.stdout, &mut std::io::sink()).expect("a stream");
        assert!(self.process.wait().expect("it ends").success());
    }
}

impl Drop for Started {
    /// A test that fails stops it too.
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn first_start_makes_a_backup_and_a_drill_and_the_second_keeps_them() {
    let developer = Developer::new();
    let first = developer.starts(&[]);
    first.shows("made the first one and restored it on trial");
    first.shows(&format!("\n  {}/ops\n", first.base));
    let health = first.health();
    for check in ["backup:age", "backup:verified-age"] {
        let fine = format!(r#""{check}":[{{"componentId":"postfacto-sample""#);
        assert!(health.contains(&fine), "{health}");
    }
    assert!(health.contains(r#"{"status":"ok""#), "{health}");
    assert!(first.get("/scale/plan").contains(r#""mode":"shadow""#));
    let page = first.get("/ops");
    for part in [
        "postfacto_restore_drill",
        "in shadow mode",
        "Planned changes of web",
    ] {
        assert!(page.contains(part), "no `{part}` on the page");
    }
    first.stops();
    let second = developer.starts(&[]);
    second.shows("1, the newest verified is ");
    second.stops();
    let empty = developer.starts(&["--empty"]);
    assert!(!empty.health().contains("postfacto-sample"));
    assert!(!empty.get("/scale/plan").contains("shadow"));
    empty.stops();
}
