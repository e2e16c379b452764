//! `magnusapi doctor` on the package for deployment, and on damaged copies of it.

use std::path::PathBuf;
use std::process::Command;

use magnusapi::doctor::{AppFile, examine, read};

/// The zip from `cargo xtask package`.
fn package() -> PathBuf {
    let package = std::env::var_os("MAGNUSAPI_PACKAGE").expect(
        "MAGNUSAPI_PACKAGE is not set; run `cargo xtask test`, which makes it, or \
         `cargo xtask package` and set it to target/magnusapi.zip",
    );
    PathBuf::from(package)
}

fn files() -> Vec<AppFile> {
    read(&package()).expect("the package can be read")
}

#[test]
fn the_package_has_no_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_magnusapi"))
        .arg("doctor")
        .arg(package())
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("good"), "{text}");
}

#[test]
fn host_json_is_at_the_root_and_only_the_program_is_executable() {
    let files = files();
    assert!(files.iter().any(|file| file.path == "host.json"));
    for file in &files {
        let mode = file.mode.map(|mode| mode & 0o777);
        let expected = if file.path == "magnusapi" {
            0o755
        } else {
            0o644
        };
        assert_eq!(mode, Some(expected), "{}", file.path);
    }
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert!(
        !paths.iter().any(|path| path.contains("local.settings")),
        "{paths:?}"
    );
}

/// A damage of a valid package, its function, and a part of the doctor's finding.
type Damage = (&'static str, fn(&mut Vec<AppFile>), &'static str);

const DAMAGES: &[Damage] = &[
    (
        "the program is missing",
        |files| files.retain(|file| file.path != "magnusapi"),
        "does not exist",
    ),
    (
        "it is not executable",
        |files| edit(files, "magnusapi", |file| file.mode = Some(0o644)),
        "mode 0755",
    ),
    (
        "it is a script",
        |files| {
            edit(files, "magnusapi", |file| {
                file.bytes = b"#!/bin/sh\n".to_vec();
            });
        },
        "ELF",
    ),
    (
        "it is for another machine",
        |files| edit(files, "magnusapi", |file| file.bytes[18] = 0xb7),
        "x86-64",
    ),
    (
        "it is linked dynamically",
        |files| edit(files, "magnusapi", dynamic),
        "not static",
    ),
    (
        "it is too large",
        |files| edit(files, "magnusapi", |file| file.bytes.resize(14_000_000, 0)),
        "keep it below",
    ),
    (
        "host.json is missing",
        |files| files.retain(|file| file.path != "host.json"),
        "host.json",
    ),
    (
        "host.json is not JSON",
        |files| replace(files, "host.json", "{", ""),
        "host.json",
    ),
    (
        "host.json names another program",
        |files| replace(files, "host.json", "\"magnusapi\"", "\"handler\""),
        "handler",
    ),
    (
        "host.json writes ./",
        |files| replace(files, "host.json", "\"magnusapi\"", "\"./magnusapi\""),
        "without ./",
    ),
    (
        "host.json forwards requests",
        |files| replace(files, "host.json", "enableProxying", "enableForwarding"),
        "remove customHandler.enableForwardingHttpRequest",
    ),
    (
        "host.json does not proxy",
        |files| {
            replace(
                files,
                "host.json",
                "HttpRequest\": true",
                "HttpRequest\": false",
            );
        },
        "set customHandler.enableProxyingHttpRequest",
    ),
    (
        "a function is missing",
        |files| files.retain(|file| !file.path.starts_with("item/")),
        "item/function.json",
    ),
    (
        "a function has a hyphen in its name",
        |files| {
            edit(files, "scale_plan/function.json", |file| {
                "scale-plan/function.json".clone_into(&mut file.path);
            });
        },
        "rename the folder to scale_plan",
    ),
    (
        "a timer is missing",
        |files| files.retain(|file| !file.path.starts_with("item_h")),
        "item_housekeeping",
    ),
    (
        "a route differs",
        |files| replace(files, "item/function.json", "item/{id?}", "items/{id?}"),
        "items/{id?}",
    ),
    (
        "a route does not parse",
        |files| replace(files, "item/function.json", "item/{id?}", "item/{id"),
        "the segment `{id`",
    ),
    (
        "two folders differ only in case",
        |files| {
            let item = files.iter().find(|it| it.path == "item/function.json");
            let mut twin = item.expect("it is in a valid package").clone();
            "Item/function.json".clone_into(&mut twin.path);
            files.push(twin);
        },
        "differ only in case",
    ),
    (
        "the host does not accept the name of a function",
        |files| rename(files, "health/function.json", "2health/function.json"),
        "2health",
    ),
    (
        "a function is unknown",
        |files| rename(files, "health/function.json", "extra/function.json"),
        "extra",
    ),
    (
        "a timer is unknown",
        |files| {
            rename(
                files,
                "item_housekeeping/function.json",
                "extra/function.json",
            );
        },
        "no such timer",
    ),
    (
        "a setting is unknown",
        |files| {
            replace(
                files,
                "item_housekeeping/function.json",
                "ITEM_HOUSEKEEPING_SCHEDULE",
                "NO_SUCH",
            );
        },
        "NO_SUCH",
    ),
    (
        "a schedule is malformed",
        |files| {
            replace(
                files,
                "item_housekeeping/function.json",
                "%ITEM_HOUSEKEEPING_SCHEDULE%",
                "every day",
            );
        },
        "every day",
    ),
    ("everything is in a folder", into_folder, "host.json"),
];

#[test]
fn every_damage_is_found() {
    let good = files();
    assert_eq!(examine(&good), []);
    for (name, damage, text) in DAMAGES {
        let mut files = good.clone();
        damage(&mut files);
        let findings = examine(&files);
        let found = findings.iter().any(|it| it.to_string().contains(text));
        assert!(found, "{name}: {findings:?}");
    }
}

#[test]
fn a_path_that_is_not_a_package_is_rejected_with_the_remedy() {
    for path in ["/nowhere/app.zip", env!("CARGO_BIN_EXE_magnusapi")] {
        let output = Command::new(env!("CARGO_BIN_EXE_magnusapi"))
            .args(["doctor", path])
            .output()
            .expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("cargo xtask package"), "{text}");
    }
}

fn edit(files: &mut [AppFile], path: &str, edit: impl Fn(&mut AppFile)) {
    let file = files.iter_mut().find(|file| file.path == path);
    edit(file.expect("the file is in a valid package"));
}

fn replace(files: &mut [AppFile], path: &str, from: &str, to: &str) {
    edit(files, path, |file| {
        let text = String::from_utf8(file.bytes.clone()).expect("it is text");
        file.bytes = text.replacen(from, to, 1).into_bytes();
    });
}

fn rename(files: &mut [AppFile], from: &str, to: &str) {
    edit(files, from, |file| to.clone_into(&mut file.path));
}

fn into_folder(files: &mut Vec<AppFile>) {
    for file in files {
        file.path = format!("app/{}", file.path);
    }
}

/// Replaces the program by one that is linked dynamically.
fn dynamic(file: &mut AppFile) {
    file.bytes = std::fs::read("/proc/self/exe").expect("this program can be read");
}
