//! The check itself: what it finds and what it accepts.

use crate::passage::{Kind, Passage};
use crate::passages;
use crate::rules::Rules;

/// The findings in a file, as `line: words`.
fn findings(file: &str, text: &str) -> Vec<String> {
    let rules = Rules::compiled();
    let passages = passages(file, text);
    let found = passages.iter().flat_map(|passage| rules.judge(passage));
    found
        .map(|it| format!("{}: {}", it.line, it.words))
        .collect()
}

fn is_accepted(kind: Kind, text: &str) -> bool {
    Rules::compiled()
        .judge(&Passage::of(kind, text, 1))
        .is_empty()
}

#[test]
fn banned_sentences_are_found() {
    let banned = [
        "A backup is no archive.",
        "It waits for whoever holds the lock.",
        "The caller is told.",
        "The row is left alone.",
        "The file is held against the manifest.",
        "The change is taken back.",
        "The host answers 200.",
        "It waits. What is not known is refused.",
        "That the sums match is checked. That a row is missing too.",
        "It stops if the restore does not do.",
    ];
    for text in banned {
        assert!(!is_accepted(Kind::Prose, text), "{text}");
    }
}

#[test]
fn plain_sentences_are_accepted() {
    let plain = [
        "There is no row, and the lock is no longer held.",
        "The table is no larger than before, and no more than 3 are left out.",
        "What is Postfacto?",
        "That file is not read.",
        "It states what failed, and who may change it.",
        "Hand-held.",
    ];
    for text in plain {
        assert!(is_accepted(Kind::Prose, text), "{text}");
    }
}

#[test]
fn comments_docs_messages_and_names_of_rust_are_judged() {
    let source = r#"
//! The crate is no
//! program.

/// Is it open?
pub(crate) fn what_is_open(it: &str) {
    // It answers
    // at once.
    let message = "the caller \
                   is told";
}
"#;
    let expected = ["2: is no", "5: ?", "6: what is", "7: answers", "10: told"];
    assert_eq!(findings("a.rs", source), expected);
}

#[test]
fn code_is_not_prose() {
    let source = r#"
/// Calls `answers`.
///
/// ```text
/// nobody answers
/// ```
fn call(answers: u8, nobody: char) {
    let told = "see `answers`";
}
"#;
    assert!(findings("a.rs", source).is_empty());
    assert!(findings("a.md", "Use `answers`.\n\n```sh\nwhoever\n```\n").is_empty());
}

#[test]
fn docs_that_repeat_a_name_are_found() {
    let source = "
/// The port.
#[serde(default)]
pub(crate) port: u16,
/// The schedule's name.
pub(crate) struct ScheduleName;
/// In seconds.
timeout: u64,
";
    let expected = ["2: The port.", "5: The schedule's name."];
    assert_eq!(findings("a.rs", source), expected);
}

#[test]
fn comments_of_other_files_are_judged() {
    let terraform = "\
# The vault is no
# store.
name = \"nobody # answers\" # whoever reads
description = \"It is told.\"
";
    let expected = ["1: is no", "3: whoever", "4: told"];
    assert_eq!(findings("a.tf", terraform), expected);
    assert_eq!(
        findings("a.sql", "-- It answers.\nSELECT 1;"),
        ["1: answers"]
    );
    assert_eq!(findings("a", "#!/bin/sh\n# nobody\n"), ["2: nobody"]);
    let schema = "{\n  \"description\": \"For whoever reads.\"\n}";
    assert_eq!(findings("openapi.json", schema), ["2: whoever"]);
}

#[test]
fn markdown_is_judged_by_paragraph() {
    let text =
        "# Title\n\nThe host\nanswers.\n\n- What it does\n\n| a | b |\n|---|---|\n| is no | x |\n";
    let expected = ["4: answers", "6: What it does", "10: is no"];
    assert_eq!(findings("a.md", text), expected);
}
