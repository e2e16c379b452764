//! `cargo xtask smoke`: what runs, seen from outside.

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
fn a_package_that_runs_is_found_to_work_and_nothing_is_left_behind() {
    let (stage, package) = running(&Sketch::of('a'));
    let text = stage.run("smoke", &["--package", &package]).succeeded();
    for timer in ["scale", "postfacto_backup", "postfacto_restore_drill"] {
        assert!(text.contains(timer), "{text}");
    }
    assert_eq!(stage.app.state.lock().unwrap().items(), 0);
}

#[test]
fn another_commit_than_the_packages_is_a_failure() {
    let (stage, _) = running(&Sketch::of('a'));
    let package = stage.package(&Sketch::of('b'));
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    stage
        .run("smoke", &["--package", &package])
        .failed(&["within 2 s", &format!("/health reports {a}, and not {b}")]);
}

#[test]
fn a_failing_check_is_a_failure_in_its_own_words() {
    let sketch = Sketch {
        trouble: "unhealthy",
        ..Sketch::of('a')
    };
    let (stage, package) = running(&sketch);
    stage
        .run("smoke", &["--package", &package])
        .failed(&["database:schema fails: it is unwell"]);
}

#[test]
fn functions_that_the_host_did_not_find_are_a_failure() {
    let stage = Stage::new();
    stage.app.state.lock().unwrap().loses_functions = true;
    let package = stage.package(&Sketch::of('a'));
    stage.run("publish", &["--package", &package]).succeeded();
    let words = ["does not list", "postfacto_restore_drill", "scale"];
    stage.run("smoke", &["--package", &package]).failed(&words);
}

#[test]
fn a_function_that_the_host_does_not_run_is_a_failure() {
    let (stage, package) = running(&Sketch::of('a'));
    std::fs::write(stage.azure("in-error"), "postfacto_backup").expect("it is written");
    stage.run("smoke", &["--package", &package]).failed(&[
        "the host does not run postfacto_backup",
        "the schedule cannot be read",
    ]);
}

#[test]
fn an_item_that_is_lost_is_a_failure() {
    let (stage, package) = running(&Sketch::of('a'));
    stage.app.state.lock().unwrap().forgets_items = true;
    stage
        .run("smoke", &["--package", &package])
        .failed(&["GET /item/1", "404"]);
}
