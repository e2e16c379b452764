//! `cargo xtask release`: changelog, tag and version agree.

use crate::checkout::Checkout;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn checkout(version: &str) -> Checkout {
    let changelog = format!(
        "# Changelog\n\n## [Unreleased]\n\n## [{version}] - 2026-11-24\n\n### Added\n\n- Everything.\n"
    );
    Checkout::of(&[("CHANGELOG.md", &changelog)])
}

#[test]
fn section_is_printed_when_changelog_tag_and_version_agree() {
    let checkout = checkout(VERSION);
    checkout.git(&["tag", &format!("v{VERSION}")]);
    let text = checkout.run(&["release", "--check"]).succeeded();
    assert_eq!(text, "### Added\n\n- Everything.\n");
}

#[test]
fn changelog_of_another_version_is_refused() {
    let ended = checkout("99.0.0").run(&["release", "--check"]);
    ended.failed(&["[99.0.0] - 2026-11-24", &format!("says {VERSION}")]);
}

#[test]
fn tag_of_another_version_is_refused() {
    let checkout = checkout(VERSION);
    checkout.git(&["tag", "v99.0.0"]);
    checkout
        .run(&["release", "--check"])
        .failed(&["tagged v99.0.0", "git tag --delete v99.0.0"]);
}

#[test]
fn release_tags_the_commit_and_pushes_the_tag() {
    let origin = tempfile::tempdir().unwrap();
    let checkout = checkout(VERSION);
    let tag = format!("v{VERSION}");
    let address = origin.path().to_string_lossy().into_owned();
    checkout.git(&["init", "--quiet", "--bare", &address]);
    checkout.git(&["remote", "add", "origin", &address]);
    let text = checkout.run(&["release", "--dry-run"]).succeeded();
    assert!(text.contains(&format!("would run `git push origin {tag}`")));
    assert_eq!(checkout.git(&["tag"]), "", "nothing was done");
    checkout.run(&["release"]).succeeded();
    let pushed = checkout.git(&["ls-remote", "--tags", "origin"]);
    assert!(pushed.contains(&format!("refs/tags/{tag}")), "{pushed}");
    checkout.run(&["release"]).failed(&["tagged", "already"]);
}

#[test]
fn release_refuses_uncommitted_changes() {
    let checkout = checkout(VERSION);
    checkout.write("stray", "");
    checkout
        .run(&["release"])
        .failed(&["commit these changes first", "stray"]);
}
