//! A scan by checkov: the checks that fail, and the reasons for skipped ones.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;

/// Runs `checkov` with JSON output, and prints the skipped checks. A failed check and an unreadable file are
/// errors that name it.
pub(super) fn scan(checkov: &mut Command) -> anyhow::Result<()> {
    checkov.args(["--compact", "--output", "json"]);
    let output = checkov
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| process::not_started(checkov, &error))?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("`{}` wrote no report", process::line(checkov)))?;
    let Findings { failed, skipped } = Findings::of(&report)?;
    for skip in skipped {
        println!("    skipped {skip}");
    }
    if !failed.is_empty() {
        bail!(
            "{failed}repair these, or skip them with a reason: by `# checkov:skip=<id>: <reason>` above a \
             resource of Terraform, in infra/helmfile/checkov.yaml for manifests"
        );
    }
    process::succeeded(checkov, output.status)
}

/// The failed and the skipped checks of a report.
#[derive(Debug, PartialEq)]
struct Findings {
    /// One line for each check that failed.
    failed: String,
    /// Check, resource and reason.
    skipped: BTreeSet<String>,
}

impl Findings {
    fn of(report: &Value) -> anyhow::Result<Findings> {
        let results = &report["results"];
        let unread = results["parsing_errors"].as_array();
        if let Some(unread) = unread.filter(|files| !files.is_empty()) {
            bail!("checkov cannot read {unread:?}");
        }
        // A scan without checks proves nothing.
        if report["summary"]["passed"].as_u64().unwrap_or(0) == 0 {
            bail!("checkov found nothing to check");
        }
        let mut failed = String::new();
        for check in list(&results["failed_checks"]) {
            let [id, name, file, resource] =
                ["check_id", "check_name", "file_path", "resource"].map(|key| text(&check[key]));
            writeln!(failed, "{id} {resource} in {file}: {name}")?;
        }
        let skipped = list(&results["skipped_checks"]).map(|check| {
            let reason = text(&check["check_result"]["suppress_comment"]);
            let resource = text(&check["resource"]);
            // A module that is used twice is listed once.
            let resource = resource.rsplit("module.").next().unwrap_or(resource);
            format!("{} {resource}: {}", text(&check["check_id"]), reason.trim())
        });
        Ok(Findings {
            skipped: skipped.collect(),
            failed,
        })
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(resource: &str) -> Value {
        json!({"check_id": "CKV_1", "check_name": "Ensure something", "file_path": "/main.tf",
               "resource": resource, "check_result": {"suppress_comment": " no queues"}})
    }

    #[test]
    fn report_has_failed_checks_and_the_reasons_of_skipped_ones() {
        let report = json!({"summary": {"passed": 1}, "results": {
            "failed_checks": [check("module.a.x.this")],
            "skipped_checks": [check("module.a.module.b.y.this"), check("module.c.module.b.y.this")]}});
        let findings = Findings::of(&report).unwrap();
        assert_eq!(
            findings.failed,
            "CKV_1 module.a.x.this in /main.tf: Ensure something\n"
        );
        let skipped = BTreeSet::from(["CKV_1 b.y.this: no queues".to_owned()]);
        assert_eq!(findings.skipped, skipped);
    }

    #[test]
    fn unreadable_files_and_empty_scans_are_errors() {
        let unread = json!({"summary": {"passed": 1}, "results": {"parsing_errors": ["/main.tf"]}});
        assert!(
            Findings::of(&unread)
                .unwrap_err()
                .to_string()
                .contains("/main.tf")
        );
        let nothing = json!({"summary": {"passed": 0}, "results": {}});
        Findings::of(&nothing).unwrap_err();
    }
}
