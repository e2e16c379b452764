//! Tells the program which git commit it is built from, and which migrations it carries.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rustc-env=MAGNUSAPI_COMMIT={}", commit());
    let folder = env::var_os("OUT_DIR").expect("cargo names a folder for what is generated");
    fs::write(Path::new(&folder).join("migrations.rs"), migrations())
        .expect("cargo's own folder can be written to");
}

/// The files of `migrations/` as a slice of `Migration`, in order of their versions.
///
/// refinery reads them here and not in the program: names are taken apart with regular expressions,
/// which take 1.2 MB of a program.
fn migrations() -> String {
    println!("cargo::rerun-if-changed=migrations");
    let read = refinery::load_sql_migrations("migrations");
    let mut list = String::from("&[");
    for migration in read.unwrap_or_else(|error| panic!("migrations/: {error}")) {
        let (version, name, checksum) =
            (migration.version(), migration.name(), migration.checksum());
        let sql = migration
            .sql()
            .expect("a migration that was read has its text");
        writeln!(
            list,
            "Migration {{ version: {version}, name: {name:?}, checksum: \"{checksum}\", sql: {sql:?} }},"
        )
        .expect("a String takes every write");
    }
    list + "]"
}

fn commit() -> String {
    println!("cargo::rerun-if-env-changed=MAGNUSAPI_COMMIT");
    env::var("MAGNUSAPI_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty())
        .or_else(commit_of_the_checkout)
        .unwrap_or_else(|| "unknown".into())
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
