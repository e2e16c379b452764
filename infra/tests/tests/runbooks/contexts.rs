//! A command that acts on a cluster names it.

use std::fs;
use std::path::PathBuf;

use infra_tests::checkout;

use crate::read;

/// Programs that act on the current cluster, and the option of each that names another one.
const PROGRAMS: [(&str, &str); 2] = [("kubectl", "--context"), ("velero", "--kubecontext")];

/// Every file with commands for a person.
pub(crate) fn runbooks() -> Vec<PathBuf> {
    let named = [
        "docs/operations.md",
        "docs/restore.md",
        "infra/README.md",
        "infra/helmfile/README.md",
    ];
    let mut files = named.map(|file| checkout().join(file)).to_vec();
    let charts =
        fs::read_dir(checkout().join("infra/helmfile/charts")).expect("charts can be read");
    for chart in charts {
        let chart = chart.expect("a chart can be read").path();
        files.extend(["README.md", "templates/NOTES.txt"].map(|file| chart.join(file)));
    }
    files
}

/// The arguments of each call of `program`, to the end of its line. A verb in lower case follows; in prose, the
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
fn a_command_without_a_context_is_detected() {
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
