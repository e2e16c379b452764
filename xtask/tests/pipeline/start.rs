//! `cargo xtask start --host func` with a part that cannot run.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

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

/// Runs it in a checkout that works, except for these programs.
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
    for (name, text) in usual.iter().chain(programs) {
        let path = format!("bin/{name}");
        checkout.write(&path, text);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(checkout.path(&path), executable).expect("it is ours");
    }
    let mut start = checkout.xtask(&["start", "--host", "func", "--port", &free_port()]);
    start
        .env("CARGO", checkout.path("bin/cargo"))
        .env("DATABASE_URL", "host=/nowhere");
    first_on_path(&mut start, &checkout);
    ended(&mut start)
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
