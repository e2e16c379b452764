//! `cargo xtask smoke`: checks from outside.

use crate::package::Sketch;
use crate::stage::Stage;

/// A stage on which this package runs.
fn running(sketch: &Sketch) -> (Stage, String) {
    let stage = Stage::new();
    let package = stage.package(sketch);
    stage.run("publish", &["--package", &package]).succeeded();
    (stage, package)
}

#[test]
fn running_package_passes_and_the_test_items_are_deleted() {
    let (stage, package) = running(&Sketch::of('a'));
    let text = stage.run("smoke", &["--package", &package]).succeeded();
    for timer in ["scale", "postfacto_backup", "postfacto_restore_drill"] {
        assert!(text.contains(timer), "{text}");
    }
    assert_eq!(stage.app.state.lock().unwrap().items(), 0);
}

#[test]
fn running_another_commit_is_a_failure() {
    let (stage, _) = running(&Sketch::of('a'));
    let package = stage.package(&Sketch::of('b'));
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    stage
        .run("smoke", &["--package", &package])
        .failed(&["within 2 s", &format!("/health reports {a}, and not {b}")]);
}

#[test]
fn failing_check_is_a_failure_with_its_output() {
    let (stage, package) = running(&Sketch::with("unhealthy", 'a'));
    stage
        .run("smoke", &["--package", &package])
        .failed(&["database:schema fails: it is faulty"]);
}

#[test]
fn functions_that_the_host_does_not_find_are_a_failure() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().loses_functions = true;
    let package = stage.package(&Sketch::of('a'));
    stage.run("publish", &["--package", &package]).succeeded();
    let words = ["does not list", "postfacto_restore_drill", "scale"];
    stage.run("smoke", &["--package", &package]).failed(&words);
}

#[test]
fn function_that_the_host_does_not_run_is_a_failure() {
    let (stage, package) = running(&Sketch::of('a'));
    std::fs::write(stage.azure("in-error"), "postfacto_backup").expect("it is written");
    stage.run("smoke", &["--package", &package]).failed(&[
        "the host does not run postfacto_backup",
        "the schedule cannot be read",
    ]);
}

#[test]
fn lost_item_is_a_failure() {
    let (stage, package) = running(&Sketch::of('a'));
    stage.app.state.lock().unwrap().forgets_items = true;
    stage
        .run("smoke", &["--package", &package])
        .failed(&["GET /item/1", "404"]);
}

/// The functions are listed, the host reports no error, and HTTP works.
#[test]
fn timers_that_the_host_does_not_call_are_a_failure() {
    let (stage, package) = running(&Sketch::with("no ticks", 'a'));
    let words = [
        "within 2 s",
        "no timer function has run since the deployment",
        "scale 2026-11-24T",
        "missed",
    ];
    stage.run("smoke", &["--package", &package]).failed(&words);
}

#[test]
fn run_of_a_timer_is_named() {
    let (stage, package) = running(&Sketch::of('a'));
    let text = stage.run("smoke", &["--package", &package]).succeeded();
    assert!(text.contains("the host calls the timers: "), "{text}");
}

#[test]
fn check_of_the_timers_can_be_omitted() {
    let (stage, package) = running(&Sketch::with("no ticks", 'a'));
    let arguments = ["--package", &package, "--tick-timeout", "0"];
    let text = stage.run("smoke", &arguments).succeeded();
    assert!(!text.contains("timer"), "{text}");
}
