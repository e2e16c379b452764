//! `cargo xtask publish`: a package is sent to the deployment site of Flex Consumption.

use std::fs;

use crate::checkout::Ended;
use crate::package::Sketch;
use crate::stage::Stage;

fn publish(stage: &Stage, sketch: &Sketch) -> Ended {
    stage.run("publish", &["--package", &stage.package(sketch)])
}

#[test]
fn package_is_deployed_and_its_triggers_are_synchronised() {
    let stage = Stage::new();
    publish(&stage, &Sketch::of('a')).succeeded();
    assert_eq!(stage.app.commit(), Some("a".repeat(40)));
    assert!(stage.calls().contains("/syncfunctiontriggers?"));
    assert!(!stage.calls().contains("access-restriction"));
}

#[test]
fn closed_site_is_opened_for_the_refused_address_and_closed_again() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().is_closed = true;
    publish(&stage, &Sketch::of('a')).succeeded();
    assert!(stage.calls().contains("--ip-address 127.0.0.1/32"));
    assert_eq!(fs::read_dir(stage.azure("rules")).unwrap().count(), 0);
}

/// An older `az` sends a property that the plan rejects, with an error that names neither.
#[test]
fn older_az_does_not_open_the_site() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().is_closed = true;
    fs::write(stage.azure("version"), "2.90.1").unwrap();
    publish(&stage, &Sketch::of('a')).failed(&["az 2.90.1", "az upgrade"]);
    assert!(!stage.calls().contains("access-restriction"));
}

#[test]
fn closed_site_is_closed_again_after_a_failure() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().is_closed = true;
    publish(&stage, &Sketch::not_executable('a'))
        .failed(&["failed: the program is not executable"]);
    assert_eq!(fs::read_dir(stage.azure("rules")).unwrap().count(), 0);
}

#[test]
fn site_that_stays_open_is_a_failure_with_the_remedy() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().is_closed = true;
    fs::write(stage.azure("cannot-close"), "").unwrap();
    publish(&stage, &Sketch::of('a')).failed(&["cannot close", "remove its rule deployment-"]);
}

#[test]
fn publish_waits_for_another_deployment() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().is_busy = 2;
    publish(&stage, &Sketch::of('a')).succeeded();
    stage.app.state.lock().unwrap().is_busy = 1000;
    publish(&stage, &Sketch::of('b')).failed(&["another deployment is under way", "within 2 s"]);
}

#[test]
fn failed_deployment_is_a_failure_with_the_log_of_the_site() {
    let stage = Stage::new();
    let words = ["the program is not executable", "Validating the package"];
    publish(&stage, &Sketch::not_executable('a')).failed(&words);
    assert_eq!(stage.app.commit(), None);
}

#[test]
fn files_that_are_not_packages_are_not_sent() {
    let stage = Stage::new();
    let no_commit = Sketch {
        commit: "unknown".to_owned(),
        ..Sketch::of('a')
    };
    publish(&stage, &no_commit).failed(&["contains no commit"]);
    let nothing = stage.checkout.path("README.md");
    fs::write(&nothing, "no zip").unwrap();
    stage
        .run("publish", &["--package", nothing.to_str().unwrap()])
        .failed(&["is not a package", "cargo xtask package"]);
    assert_eq!(stage.calls(), "");
}

#[test]
fn missing_login_is_reported() {
    let stage = Stage::new();
    fs::write(stage.azure("logged-out"), "").unwrap();
    publish(&stage, &Sketch::of('a')).failed(&["az login"]);
}

#[test]
fn dry_run_prints_package_and_app_and_calls_nothing() {
    let stage = Stage::new();
    let package = stage.package(&Sketch::of('a'));
    let text = stage
        .run("publish", &["--package", &package, "--dry-run"])
        .succeeded();
    assert!(
        text.contains(&"a".repeat(40)) && text.contains("func-test"),
        "{text}"
    );
    assert_eq!((stage.app.commit(), stage.calls()), (None, String::new()));
}

#[test]
fn azure_is_asked_for_an_unnamed_site() {
    let mut stage = Stage::new();
    stage.site = None;
    publish(&stage, &Sketch::of('a')).failed(&["https://func-test.scm.example.invalid"]);
}

#[test]
fn token_is_not_sent_without_encryption() {
    let mut stage = Stage::new();
    stage.site = Some("http://example.org".to_owned());
    publish(&stage, &Sketch::of('a')).failed(&["without encryption"]);
}
