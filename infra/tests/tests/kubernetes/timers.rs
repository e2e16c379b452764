//! `CronJobs` of timer functions: the function app's functions, settings and secrets.

use std::fs;

use infra_tests::checkout;
use serde_json::{Value, json};

use crate::helmfile::{ENVIRONMENTS, Environment, azure_sample};
use crate::rendered::{Object, Rendered, all};

const FUNCTIONS: [&str; 2] = ["postfacto_backup", "postfacto_restore_drill"];

fn job<'a>(rendered: &'a Rendered, function: &str) -> &'a Object {
    rendered.one("CronJob", "magnusapi", &function.replace('_', "-"))
}

fn pod(job: &Object) -> &Value {
    &job.spec()["jobTemplate"]["spec"]["template"]
}

#[test]
fn timers_run_in_the_function_app_by_default() {
    for name in ENVIRONMENTS {
        let state = Environment::load(name).state().expect("it evaluates");
        let timers = state.releases.iter().find(|it| it.name == "timers");
        assert!(!timers.expect("the release").installed, "{name}");
    }
}

#[test]
fn each_job_runs_a_function_of_the_app_at_its_time_and_alone() {
    for rendered in all() {
        for function in FUNCTIONS {
            let folder = checkout().join("functions").join(function);
            assert!(folder.join("function.json").is_file(), "{function}");
            let job = job(rendered, function);
            let schedule = &azure_sample()["appTimers"]["schedules"][function];
            assert_eq!(&job.spec()["schedule"], schedule);
            assert_eq!(job.spec()["timeZone"], "Etc/UTC");
            assert_eq!(job.spec()["concurrencyPolicy"], "Forbid");
            let container = &pod(job)["spec"]["containers"][0];
            assert_eq!(container["args"], json!(["run", function, "--limit", "12"]));
            let longest = job.spec()["jobTemplate"]["spec"]["activeDeadlineSeconds"].as_u64();
            assert!(longest > Some(12 * 3600), "the program ends first");
        }
    }
}

#[test]
fn the_image_has_the_version_of_the_workspace() {
    for rendered in all() {
        let image = &pod(job(rendered, FUNCTIONS[0]))["spec"]["containers"][0]["image"];
        let expected = concat!("registry.example.org/magnusapi:", env!("CARGO_PKG_VERSION"));
        assert_eq!(image, expected);
    }
}

#[test]
fn settings_and_secrets_are_those_of_the_app() {
    let timers = &azure_sample()["appTimers"];
    for rendered in all() {
        let settings = rendered.one("ConfigMap", "magnusapi", "timers");
        assert_eq!(settings.value["data"], timers["settings"]);
        let class = rendered.one("SecretProviderClass", "magnusapi", "timers");
        let parameters = &class.spec()["parameters"];
        assert_eq!(parameters["keyvaultName"], timers["keyVaultName"]);
        let secret = &class.spec()["secretObjects"][0];
        for (setting, name) in timers["secrets"].as_object().expect("secrets") {
            let entry = json!({ "key": setting, "objectName": name });
            let data = secret["data"].as_array().expect("a list");
            assert!(data.contains(&entry), "{data:?}");
            let objects = parameters["objects"].as_str().expect("a list");
            let object = format!("objectName: {}\n", name.as_str().expect("a name"));
            assert!(objects.contains(&object), "{objects}");
        }
        let pod = pod(job(rendered, FUNCTIONS[0]));
        assert_eq!(
            pod["spec"]["containers"][0]["envFrom"],
            json!([
                { "configMapRef": { "name": "timers" } },
                { "secretRef": { "name": secret["secretName"] } },
            ])
        );
        assert_eq!(
            pod["metadata"]["labels"]["azure.workload.identity/use"],
            "true"
        );
    }
}

/// A Job is not repeated for these exit codes.
#[test]
fn exit_codes_of_the_policy_are_documented() {
    let settings = fs::read_to_string(checkout().join("docs/settings.md")).expect("a text");
    let policy = |job: &Object| {
        let spec = &job.spec()["jobTemplate"]["spec"];
        spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"].clone()
    };
    for rendered in all() {
        assert_eq!(policy(job(rendered, FUNCTIONS[0])), json!([2, 5]));
    }
    for row in ["| 2 | wrong usage |", "| 5 | refused |"] {
        assert!(settings.contains(row), "{row}");
    }
}
