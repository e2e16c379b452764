//! `cargo xtask package` with the packaged program itself, whose doctor judges the app. A fake cargo takes the place of
//! its build.

use std::fs;
use std::path::PathBuf;

use crate::checkout::{Checkout, Ended, ended, unpack_program};

/// A cargo whose build yields `$PROGRAM`.
const CARGO: &str = r#"#!/bin/sh
[ "$1" = build ] || exit 0
folder=$CARGO_TARGET_DIR/x86_64-unknown-linux-musl/release
mkdir -p "$folder"
cp "$PROGRAM" "$folder/magnusapi"
"#;
/// A rustc that has the target's standard library.
const RUSTC: &str = r#"#!/bin/sh
mkdir -p sysroot/lib/rustlib/x86_64-unknown-linux-musl
echo "$PWD/sysroot"
"#;
/// A Python whose environments contain everything.
const PYTHON: &str = r#"#!/bin/sh
[ "$2" = venv ] || exit 0
mkdir -p "$3/bin"
printf '#!/bin/sh\n' > "$3/bin/python"
chmod +x "$3/bin/python"
"#;

/// The app, and the static program of its package.
struct Stage {
    checkout: Checkout,
    program: PathBuf,
}

impl Stage {
    fn new() -> Stage {
        let checkout = Checkout::of_the_app(&[("xtask/tools/zig.txt", "")]);
        checkout.install(&[("cargo", CARGO), ("rustc", RUSTC), ("python3", PYTHON)]);
        let program = checkout.path("program");
        unpack_program(&program);
        Stage { checkout, program }
    }

    fn package(&self) -> Ended {
        let mut package = self.checkout.xtask_with_programs(&["package"]);
        ended(package.env("PROGRAM", &self.program))
    }

    fn zip(&self) -> Vec<u8> {
        fs::read(self.checkout.path("target/magnusapi.zip")).expect("a package")
    }
}

#[test]
fn app_that_forwards_requests_is_not_packaged() {
    let stage = Stage::new();
    let text = stage.package().succeeded();
    assert!(text.contains("good"), "{text}");
    let good = stage.zip();
    let host = fs::read_to_string(stage.checkout.path("host.json")).expect("a text");
    for (written, finding) in [
        (
            r#""enableForwardingHttpRequest": true"#,
            "remove customHandler.enableForwardingHttpRequest",
        ),
        (
            r#""enableProxyingHttpRequest": true, "enableForwardingHttpRequest": true"#,
            "remove customHandler.enableForwardingHttpRequest",
        ),
        (
            r#""enableProxyingHttpRequest": false"#,
            "set customHandler.enableProxyingHttpRequest",
        ),
    ] {
        let host = host.replace(r#""enableProxyingHttpRequest": true"#, written);
        stage.checkout.write("host.json", &host);
        let failed = stage.package();
        failed.failed(&[finding, "the app was not packaged", "magnusapi doctor"]);
        assert!(stage.zip() == good, "the earlier package was replaced");
    }
}
