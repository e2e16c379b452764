//! `cargo xtask deploy`: a deployment, and its rollback.

use std::fs;

use crate::package::Sketch;
use crate::stage::Stage;

fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

#[test]
fn good_package_replaces_the_previous_one_and_both_are_stored() {
    let stage = Stage::new();
    let first = stage.deploy(&Sketch::of('a')).succeeded();
    assert!(first.contains("nothing can be put back"), "{first}");
    let second = stage.deploy(&Sketch::of('b')).succeeded();
    assert!(
        second.contains("this is put back: the package of commit aaaa"),
        "{second}"
    );
    assert_eq!(stage.app.commit(), Some(commit('b')));
    for digit in ['a', 'b'] {
        let stored = format!("blobs/ststate/test/packages/{}.zip", commit(digit));
        assert!(stage.azure(&stored).exists(), "{stored}");
    }
}

#[test]
fn failing_package_is_replaced_by_the_previous_one_and_the_deployment_fails() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    let words = [
        &format!("{} is not deployed", commit('b')),
        "it is faulty",
        &format!("{} was put back, and works", commit('a')),
    ];
    stage.deploy(&Sketch::with("unhealthy", 'b')).failed(&words);
    let ran = stage.app.state.lock().unwrap().ran.clone();
    assert_eq!(ran, [commit('a'), commit('b'), commit('a')]);
}

#[test]
fn checks_that_failed_before_are_only_warnings() {
    let stage = Stage::new();
    let no_backups = |digit| Sketch::with("no backups", digit);
    stage.deploy(&no_backups('a')).failed(&["backup:age fails"]);
    let text = stage.deploy(&no_backups('b')).succeeded();
    assert!(text.contains("backup:age fails as it did before"), "{text}");
    stage
        .deploy(&Sketch::with("unhealthy", 'c'))
        .failed(&["database:schema fails"]);
    assert_eq!(stage.app.commit(), Some(commit('b')));
}

#[test]
fn timer_that_failed_before_does_not_hide_another_one() {
    let stage = Stage::new();
    let (one, two) = ("late item_housekeeping", "late item_housekeeping scale");
    stage
        .deploy(&Sketch::with(one, 'a'))
        .failed(&["timer:last-due of item_housekeeping fails"]);
    let text = stage.deploy(&Sketch::with(one, 'b')).succeeded();
    let known = "timer:last-due of item_housekeeping fails as it did before";
    assert!(text.contains(known), "{text}");
    stage
        .deploy(&Sketch::with(two, 'c'))
        .failed(&["timer:last-due of scale fails"]);
    assert_eq!(stage.app.commit(), Some(commit('b')));
}

#[test]
fn package_without_a_tick_is_replaced_by_the_previous_one() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    let no_ticks = Sketch::with("no ticks", 'b');
    stage.deploy(&no_ticks).failed(&[
        "no timer function has run since the deployment",
        &format!("{} was put back, and works", commit('a')),
    ]);
    assert_eq!(stage.app.commit(), Some(commit('a')));
}

#[test]
fn previous_package_works_after_the_site_refuses_a_package() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    stage
        .deploy(&Sketch::not_executable('b'))
        .failed(&["was put back, and works"]);
    assert_eq!(stage.app.commit(), Some(commit('a')));
}

#[test]
fn missing_previous_package_is_reported() {
    let stage = Stage::new();
    stage
        .deploy(&Sketch::with("unhealthy", 'a'))
        .failed(&["nothing was put back: /health did not respond before"]);
}

#[test]
fn program_is_not_put_back_on_a_database_that_it_would_refuse() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    let migrates = Sketch {
        schema: 5,
        ..Sketch::with("unhealthy", 'b')
    };
    let words = ["was not put back", "from schema 4 to 5"];
    stage.deploy(&migrates).failed(&words);
    assert_eq!(stage.app.commit(), Some(commit('b')));
}

#[test]
fn earlier_commit_can_be_deployed_again() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    stage.deploy(&Sketch::of('b')).succeeded();
    let text = stage.run("deploy", &["--commit", &commit('a')]).succeeded();
    // Terraform is not initialised in a fresh checkout.
    assert!(text.contains("successfully initialized"), "{text}");
    assert_eq!(stage.app.commit(), Some(commit('a')));
    stage
        .run("deploy", &["--commit", &commit('c')])
        .failed(&["cannot fetch the package", "BlobNotFound"]);
    stage
        .run("deploy", &["--commit", "../state"])
        .failed(&["not a full commit id"]);
}

#[test]
fn stored_package_with_the_name_of_another_commit_is_not_deployed() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    stage.deploy(&Sketch::of('b')).succeeded();
    let stored = stage.azure(&format!("blobs/ststate/test/packages/{}.zip", commit('a')));
    fs::copy(stage.package(&Sketch::of('c')), stored).unwrap();
    stage
        .run("deploy", &["--commit", &commit('a')])
        .failed(&[&format!("is of {}", commit('c'))]);
    assert_eq!(stage.app.commit(), Some(commit('b')));
}

#[test]
fn dry_run_changes_nothing() {
    let stage = Stage::new();
    stage.deploy(&Sketch::of('a')).succeeded();
    let package = stage.package(&Sketch::of('b'));
    stage
        .run("deploy", &["--package", &package, "--dry-run"])
        .succeeded();
    assert_eq!(stage.app.commit(), Some(commit('a')));
    let stored = format!("blobs/ststate/test/packages/{}.zip", commit('b'));
    assert!(!stage.azure(&stored).exists());
}
