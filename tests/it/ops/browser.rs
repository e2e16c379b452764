//! The page in a real browser: Chromium, driven by Playwright, with axe for accessibility.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the browser and its driver.
fn tools() -> PathBuf {
    let tools = std::env::var_os("BROWSER").expect(
        "BROWSER is not set; run `cargo xtask test`, which installs a browser into \
         target/tools/browser, or set it to that folder",
    );
    tools.into()
}

/// Plays a scenario of `browser.cjs` with the app at `url`. Its screenshots are in `target/tmp/ops`.
#[track_caller]
pub(super) fn plays(scenario: &str, url: &str, keys: [&str; 2]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ops/browser.cjs");
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ops");
    std::fs::create_dir_all(&pictures).expect("a folder can be made");
    let output = Command::new("node")
        .arg(script)
        .args([scenario, url])
        .args(keys)
        .env("NODE_PATH", tools().join("node_modules"))
        .env("PICTURES", pictures)
        .output()
        .expect("Node.js runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{scenario}: {text}");
}
