//! The plan of a run of a configuration's own tests, evaluated.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::configuration::{Configuration, filter};

/// Bootstrap's plan for both environments.
pub(crate) static BOOTSTRAP: LazyLock<Plan> = LazyLock::new(|| {
    let run = "each_environment_gets_its_values";
    Plan::of("bootstrap", "bootstrap", run)
});

/// A plan, as Terraform writes it for programs.
/// <https://developer.hashicorp.com/terraform/internals/json-format>
pub(crate) struct Plan(Value);

impl Plan {
    /// The plan of the run called `run` in the test file `file` of the folder `folder`.
    pub(crate) fn of(folder: &str, file: &str, run: &str) -> Plan {
        let filter = filter(file);
        let configuration = Configuration::initialised(folder, run);
        let values = configuration.values_of(file);
        let words = ["test", "-json", "-verbose", &filter].into_iter();
        let words: Vec<_> = words.chain(values.as_deref()).collect();
        let message = configuration.succeed(&words);
        let lines = message
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut plans = lines.filter(|line| line["type"] == "test_plan" && line["@testrun"] == run);
        let plan = plans
            .next()
            .unwrap_or_else(|| panic!("{folder}/tests/{file}.tftest.hcl plans no run {run}"));
        Plan(plan["test_plan"].clone())
    }

    /// The value of an output.
    pub(crate) fn output(&self, name: &str) -> &Value {
        &self.0["output_changes"][name]["after"]
    }

    /// All resources of a type, in all modules: address, and arguments.
    pub(crate) fn resources(&self, kind: &str) -> Vec<(&str, &Map<String, Value>)> {
        let all = self.0["resource_changes"].as_array().into_iter().flatten();
        let found = all.filter_map(|resource| {
            let arguments = resource["change"]["after"].as_object()?;
            Some((resource["address"].as_str()?, arguments)).filter(|_| resource["type"] == kind)
        });
        let found: Vec<_> = found.collect();
        assert!(!found.is_empty(), "the plan has no {kind}");
        found
    }
}
