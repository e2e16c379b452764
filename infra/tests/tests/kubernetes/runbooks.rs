//! The runbooks: a command that acts on a cluster names it.

use std::path::PathBuf;
use std::process::Command;

use infra_tests::checkout;

use crate::helmfile::{files_in, folder, read};

/// Programs that act on the cluster which a machine points at, and how each is told of another one.
const PROGRAMS: [(&str, &str); 2] = [("kubectl", "--context"), ("velero", "--kubecontext")];

fn runbooks() -> Vec<PathBuf> {
    let named = [
        "docs/operations.md",
        "docs/restore.md",
        "infra/README.md",
        "infra/helmfile/README.md",
    ];
    let mut files = named.map(|file| checkout().join(file)).to_vec();
    for chart in files_in(&folder().join("charts")) {
        files.extend(["README.md", "templates/NOTES.txt"].map(|file| chart.join(file)));
    }
    files
}

/// What follows each call of `program`, to the end of its line. A verb in lower case follows; in prose, the
/// program's name stands alone.
fn calls<'a>(text: &'a str, program: &str) -> Vec<&'a str> {
    let lines = text
        .lines()
        .flat_map(|line| line.match_indices(program).map(move |(at, _)| (line, at)));
    let calls = lines.filter_map(|(line, at)| {
        let before = line[..at].chars().next_back();
        let starts = before.is_none_or(|it| !it.is_alphanumeric() && !"-/.".contains(it));
        let rest = line[at + program.len()..].strip_prefix(' ')?;
        let is_call = rest.starts_with(|it: char| it == '-' || it.is_ascii_lowercase());
        (starts && is_call).then_some(rest)
    });
    calls.collect()
}

#[test]
fn every_command_on_a_cluster_names_its_context() {
    let mut count = 0;
    for file in runbooks() {
        let text = read(&file);
        for (program, option) in PROGRAMS {
            for call in calls(&text, program) {
                assert!(
                    call.starts_with(option),
                    "{}: {program} {call}",
                    file.display()
                );
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} commands were found");
}

#[test]
fn a_command_without_a_context_is_found() {
    let text = "kubectl, az, psql\n    } | kubectl exec --stdin psql\n`kubectl delete secret x`, namespace-velero default";
    assert_eq!(
        calls(text, "kubectl"),
        [
            "exec --stdin psql",
            "delete secret x`, namespace-velero default"
        ]
    );
    assert!(calls(text, "velero").is_empty());
}

/// Commands that a person copies: a quote or a `done` that is missing shows here.
#[test]
fn every_block_of_commands_is_shell() {
    let mut count = 0;
    for file in runbooks() {
        for block in blocks(&read(&file)) {
            let mut shell = Command::new("bash");
            let output = shell
                .args(["-n", "-c", &block])
                .output()
                .expect("bash starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{}:\n{block}\n{said}",
                file.display()
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count} blocks were found");
}

/// Indented blocks and those in `sh` fences that begin with one of the programs of the runbooks. What a reader
/// puts in, `<account>`, is one word.
fn blocks(text: &str) -> Vec<String> {
    const PROGRAMS: [&str; 13] = [
        "az ",
        "azd ",
        "cargo ",
        "curl ",
        "for ",
        "gh ",
        "git ",
        "helmfile ",
        "kubectl ",
        "(cd ",
        "export ",
        "terraform ",
        "velero ",
    ];
    let mut blocks: Vec<String> = Vec::new();
    // Of the block that is open; the end of a here-document stands at the beginning of its line.
    let mut indent = None;
    for line in text.lines() {
        let width = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            continue;
        }
        match (indent, width) {
            (Some(open), 4..) => {
                let block = blocks.last_mut().expect("it is open");
                *block = format!(
                    "{block}\n{}",
                    placed(line.get(open..).unwrap_or(line.trim_start()))
                );
            }
            (None, 4..) if PROGRAMS.iter().any(|it| line.trim_start().starts_with(it)) => {
                blocks.push(placed(line.trim_start()));
                indent = Some(width);
            }
            _ => indent = None,
        }
    }
    blocks
}

fn placed(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        let end = after
            .find('>')
            .filter(|_| after.starts_with(|it: char| it.is_ascii_lowercase()));
        text.push_str(before);
        rest = if let Some(end) = end {
            text.push_str("placed");
            &after[end + 1..]
        } else {
            text.push('<');
            after
        };
    }
    text + rest
}
