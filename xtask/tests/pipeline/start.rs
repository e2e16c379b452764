//! `cargo xtask start`: as in the first hour, and with a part that cannot run.

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

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

/// Runs it with func in a checkout that works, except for these programs.
fn start(programs: &[(&str, &str)]) -> Ended {
    let checkout = Checkout::of(&[
        ("functions/item/function.json", "{}"),
        (
            "local.settings.example.json",
            r#"{"IsEncrypted": false, "Values": {"FUNCTIONS_WORKER_RUNTIME": "custom"}}"#,
        ),
        ("xtask/tools/azurite/package.json", "{}"),
        ("xtask/tools/azurite/package-lock.json", "{}"),
    ]);
    let usual = [("npm", NPM), ("cargo", CARGO), ("func", FUNC)];
    install(&checkout, &usual);
    install(&checkout, programs);
    let mut start = checkout.xtask(&["start", "--host", "func", "--port", &free_port()]);
    start
        .env("CARGO", checkout.path("bin/cargo"))
        .env("DATABASE_URL", "host=/nowhere");
    first_on_path(&mut start, &checkout);
    ended(&mut start)
}

fn install(checkout: &Checkout, programs: &[(&str, &str)]) {
    for (name, text) in programs {
        let path = format!("bin/{name}");
        checkout.write(&path, text);
        let executable = Permissions::from_mode(0o755);
        fs::set_permissions(checkout.path(&path), executable).expect("it is ours");
    }
}

fn first_on_path(command: &mut Command, checkout: &Checkout) {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [checkout.path("bin")]
        .into_iter()
        .chain(env::split_paths(&path));
    command.env("PATH", env::join_paths(folders).expect("no colon"));
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
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
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the checkout");
        let files = [
            "host.json",
            "scale.toml",
            "local.settings.example.json",
            "xtask/samples/scale.toml",
        ];
        let mut files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        for function in fs::read_dir(root.join("functions")).expect("the functions") {
            let file = Path::new("functions")
                .join(function.expect("an entry").file_name())
                .join("function.json");
            files.extend(root.join(&file).exists().then_some(file));
        }
        let read = |file: &PathBuf| {
            let text = fs::read_to_string(root.join(file)).expect("a text");
            (file.display().to_string(), text)
        };
        let files: Vec<(String, String)> = files.iter().map(read).collect();
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (&**path, &**text))
            .collect();
        let checkout = Checkout::of(&files);
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
        install(&checkout, &[("cargo", "#!/bin/sh\n")]);
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
            .xtask(&["start", "--host", "devhost", "--port", &port]);
        start
            .args(arguments)
            .env("CARGO", self.checkout.path("bin/cargo"))
            .env("MAGNUSAPI_DATA", self.data.path())
            .env_remove("DATABASE_URL")
            .env_remove("PGHOST");
        let mut process = start.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut started = Started {
            stdout: BufReader::new(process.stdout.take().expect("it is piped")),
            process,
            text: String::new(),
            base: format!("http://127.0.0.1:{port}"),
        };
        while !started.text.contains("Ctrl-C stops it.") {
            let read = started.stdout.read_line(&mut started.text);
            assert_ne!(read.expect("a text"), 0, "it ended:\n{}", started.text);
        }
        started
    }
}

impl Started {
    #[track_caller]
    fn shows(&self, words: &str) {
        assert!(self.text.contains(words), "no `{words}` in:\n{}", self.text);
    }

    fn get(&self, path: &str) -> String {
        let response = ureq::get(format!("{}{path}", self.base)).call();
        let mut response = response.expect("a response with a good status");
        response.body_mut().read_to_string().expect("a text")
    }

    fn stops(mut self) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
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
    let health = first.get("/health");
    for check in ["backup:age", "backup:verified-age"] {
        let fine = format!(r#""{check}":[{{"componentId":"postfacto-sample""#);
        assert!(health.contains(&fine), "{health}");
    }
    assert!(health.contains(r#"{"status":"ok""#), "{health}");
    assert!(first.get("/scale/plan").contains(r#""mode":"shadow""#));
    assert!(first.get("/ops").contains("postfacto_restore_drill"));
    first.stops();
    let second = developer.starts(&[]);
    second.shows("1, the newest verified is ");
    second.stops();
    let empty = developer.starts(&["--empty"]);
    assert!(!empty.get("/health").contains("postfacto-sample"));
    assert!(!empty.get("/scale/plan").contains("shadow"));
    empty.stops();
}
