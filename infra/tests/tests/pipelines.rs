//! The pipelines on GitHub and Azure: order, gates, identities.

use std::fs;

use infra_tests::checkout;
use serde_json::{Value, json};

const WORKFLOWS: [&str; 7] = [
    "check",
    "deploy",
    "drift",
    "environment",
    "helmfile",
    "release",
    "second-clock",
];

fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(checkout().join(path));
    let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn workflow(name: &str) -> Value {
    yaml(&format!(".github/workflows/{name}.yml"))
}

fn jobs(workflow: &Value) -> Vec<(&String, &Value)> {
    workflow["jobs"]
        .as_object()
        .expect("a workflow has jobs")
        .iter()
        .collect()
}

/// Each step as one line: the command that it runs, or the action that it uses.
fn steps(job: &Value) -> Vec<String> {
    let steps = job["steps"].as_array().into_iter().flatten();
    let lines = steps.map(|step| step["run"].as_str().or(step["uses"].as_str()));
    lines
        .map(|line| line.unwrap_or_default().to_owned())
        .collect()
}

/// The position of the step that begins with `start`.
fn position(steps: &[String], start: &str) -> usize {
    let found = steps.iter().position(|step| step.starts_with(start));
    found.unwrap_or_else(|| panic!("no step `{start}` in {steps:#?}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A branch runs its own code, so a pull request must not act as an identity of prod.
#[test]
fn pull_requests_do_not_use_identities_of_prod() {
    let mut count = 0;
    for name in WORKFLOWS {
        let workflow = workflow(name);
        if workflow["on"].get("pull_request").is_none() {
            continue;
        }
        for (job, body) in jobs(&workflow) {
            let runs_on_pull_requests = !text(&body["if"]).contains("event_name != 'pull_request'");
            if runs_on_pull_requests && !body["environment"].is_null() {
                // `-diff` has reviewers, who read the change first.
                let environment = text(&body["environment"]);
                let is_safe = environment == "test-plan" || environment.ends_with("-diff");
                assert!(is_safe, "{name}: {job} uses {environment}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 2);
}

/// A plan from before another apply is stale.
#[test]
fn plan_and_apply_share_a_concurrency_group() {
    let deploy = workflow("deploy");
    for environment in ["test", "prod"] {
        let job = &deploy["jobs"][environment];
        assert_eq!(job["uses"], "$/.github/workflows/environment.yml");
        assert_eq!(
            job["concurrency"]["group"],
            format!("environment-{environment}")
        );
        assert_eq!(job["concurrency"]["cancel-in-progress"], false);
    }
    let environment = workflow("environment");
    let plan = &environment["jobs"]["plan"];
    assert_eq!(plan["environment"], "${{ inputs.environment }}-plan");
    position(&steps(plan), "cargo xtask infra plan");
    let apply = &environment["jobs"]["deploy"];
    assert_eq!(apply["needs"], "plan");
    assert_eq!(apply["environment"], "${{ inputs.environment }}");
    position(&steps(apply), "cargo xtask infra apply");
}

#[test]
fn a_merge_is_checked_and_deployed_to_test_before_prod() {
    let deploy = workflow("deploy");
    let needs = |job: &str| deploy["jobs"][job]["needs"].to_string();
    assert_eq!(needs("test"), r#"["check","build"]"#);
    assert_eq!(needs("prod"), r#""test""#);
    assert_eq!(needs("helmfile-test"), r#""test""#);
    assert_eq!(needs("helmfile-prod"), r#"["prod","helmfile-test"]"#);
    // Without reviewers of the environment, each merge would deploy to prod.
    assert_eq!(
        deploy["jobs"]["prod"]["if"],
        "vars.PROD_REVIEWERS == 'true'"
    );
}

#[test]
fn only_attested_packages_are_deployed() {
    for (name, job) in [("environment", "deploy"), ("deploy", "again")] {
        let steps = steps(&workflow(name)["jobs"][job]);
        let verified = position(&steps, "gh attestation verify");
        let deployed = steps
            .iter()
            .rposition(|step| step.starts_with("cargo xtask deploy"));
        assert!(Some(verified) < deployed, "{name}: {steps:#?}");
        assert!(
            steps[verified].contains("--source-ref refs/heads/main"),
            "{name}"
        );
    }
    let build = steps(&workflow("deploy")["jobs"]["build"]);
    position(&build, "actions/attest@");
}

#[test]
fn only_checked_tags_of_main_are_released() {
    let release = workflow("release");
    assert_eq!(
        release["jobs"]["check"]["uses"],
        "$/.github/workflows/check.yml"
    );
    let job = &release["jobs"]["release"];
    assert_eq!(job["needs"], "check");
    let steps = steps(job);
    let ancestor = position(
        &steps,
        "git merge-base --is-ancestor \"$GITHUB_SHA\" origin/main",
    );
    assert!(
        ancestor < position(&steps, "cargo xtask package"),
        "{steps:#?}"
    );
    assert!(position(&steps, "actions/attest@") < position(&steps, "gh release create"));
}

/// GitHub's assertion is valid for five minutes, which the installation of programs may take.
#[test]
fn jobs_on_the_cluster_log_in_last_and_use_a_runner_that_reaches_it() {
    const TOOLS: &str = "$/.github/actions/cluster-tools";
    let tools = steps(&yaml(".github/actions/cluster-tools/action.yml")["runs"]);
    assert_eq!(position(&tools, "Azure/login@") + 1, tools.len());
    let helmfile = workflow("helmfile");
    assert!(helmfile["on"].get("workflow_dispatch").is_some());
    for (name, job) in jobs(&helmfile) {
        assert_eq!(job["runs-on"], "${{ vars.CLUSTER_RUNNER }}", "{name}");
        let steps = steps(job);
        assert_eq!(position(&steps, TOOLS) + 2, steps.len(), "{name}");
        assert!(
            steps[steps.len() - 1].starts_with("cargo xtask helmfile"),
            "{name}"
        );
    }
    let [difference, apply] = ["difference", "apply"].map(|job| &helmfile["jobs"][job]);
    assert_eq!(difference["environment"], "${{ matrix.environment }}-diff");
    assert_eq!(apply["needs"], "difference");
    assert!(text(&apply["if"]).contains("needs.difference.result == 'success'"));
    let last = |job: &Value| steps(job).pop().unwrap_or_default();
    assert!(last(difference).ends_with("--dry-run") && !last(apply).contains("--dry-run"));
}

#[test]
fn second_clock_is_off_without_its_variable_and_has_no_rights() {
    let workflow = workflow("second-clock");
    assert_eq!(workflow["permissions"], json!({}));
    let job = &workflow["jobs"]["run-due"];
    assert_eq!(job["if"], "vars.RUN_DUE_URL != ''");
    let steps = steps(job);
    let request = &steps[position(&steps, "printf 'x-functions-key: %s'")];
    // Without a body, Front Door wants a length; the list of processes shows arguments.
    assert!(request.contains("--data ''") && request.contains("--header @-"));
}

/// An approval before the plan would approve an unknown change.
#[test]
fn azure_pipelines_plan_before_the_approval() {
    let template = yaml(".azure-pipelines/environment.yml");
    let [plan, apply] = template["stages"].as_array().expect("stages").as_slice() else {
        panic!("the template has the stages plan and apply");
    };
    assert_eq!(
        plan["variables"][0]["group"],
        "magnus-${{ parameters.environment }}-plan"
    );
    assert!(
        plan["jobs"][0].get("deployment").is_none(),
        "a deployment waits for approval"
    );
    assert!(
        plan["jobs"][0]
            .to_string()
            .contains("cargo xtask infra plan")
    );
    assert_eq!(apply["dependsOn"], plan["stage"]);
    assert_eq!(
        apply["jobs"][0]["environment"],
        "magnus-${{ parameters.environment }}"
    );
    assert!(
        apply["jobs"][0]
            .to_string()
            .contains("cargo xtask infra apply")
    );
    let pipeline = yaml("azure-pipelines.yml");
    let templates = pipeline["stages"].as_array().expect("stages").iter();
    let templates: Vec<_> = templates
        .filter(|it| it.get("template").is_some())
        .collect();
    let order: Vec<_> = templates.iter().map(|it| &it["parameters"]).collect();
    let test = json!({ "environment": "test", "dependsOn": ["check", "build"] });
    let prod = json!({ "environment": "prod", "dependsOn": ["test"] });
    assert_eq!(order, [&test, &prod]);
}

#[test]
fn azd_packages_like_the_pipeline() {
    let api = &yaml("azure.yaml")["services"]["api"];
    assert_eq!(api["host"], "function");
    assert_eq!(api["dist"], "target/app");
    assert_eq!(api["hooks"]["prepackage"]["run"], "cargo xtask package");
}
