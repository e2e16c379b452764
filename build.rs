//! Tells the program which git commit it is built from.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-env-changed=MAGNUSAPI_COMMIT");
    let commit = std::env::var("MAGNUSAPI_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty())
        .or_else(commit_of_the_checkout)
        .unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=MAGNUSAPI_COMMIT={commit}");
}

/// The log of HEAD grows with every commit and checkout, so cargo asks again after each.
fn commit_of_the_checkout() -> Option<String> {
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={log}");
    git(&["rev-parse", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
