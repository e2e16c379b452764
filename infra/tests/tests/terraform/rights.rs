//! The rights in a whole environment, over all modules.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use crate::plan::{BOOTSTRAP, Plan};

static ENVIRONMENT: LazyLock<Plan> = LazyLock::new(|| {
    let run = "data_is_locked_against_deletion";
    Plan::of("environment", "prod", run)
});

/// The condition on the pipeline's right to assign roles is a list. A missing role stops an apply half-way; an additional
/// one is an unneeded right.
#[test]
fn a_pipeline_may_assign_exactly_the_roles_of_an_environment() {
    let assignments = ENVIRONMENT.resources("azurerm_role_assignment");
    let given = assignments
        .iter()
        .filter_map(|(_, arguments)| arguments.get("role_definition_name")?.as_str());
    let may_be_given = BOOTSTRAP
        .output("assignable_roles")
        .as_array()
        .into_iter()
        .flatten();
    assert_eq!(
        given.collect::<BTreeSet<_>>(),
        may_be_given.filter_map(Value::as_str).collect()
    );
}

#[test]
fn every_role_is_on_one_resource() {
    let wide = ENVIRONMENT
        .resources("azurerm_role_assignment")
        .into_iter()
        .filter(|(_, arguments)| {
            let scope = arguments["scope"].as_str().expect("mocks know every id");
            !scope.contains("/providers/")
        });
    let wide: Vec<_> = wide.map(|(address, _)| address).collect();
    // It finds its zone by listing those of a group that holds nothing else.
    let expected = r#"module.workload["external-dns"].azurerm_role_assignment.this["group"]"#;
    assert_eq!(wide, [expected]);
}

#[test]
fn only_programs_get_roles() {
    for (address, arguments) in ENVIRONMENT.resources("azurerm_role_assignment") {
        assert_eq!(arguments["principal_type"], "ServicePrincipal", "{address}");
    }
}

#[test]
fn storage_accounts_have_no_keys_and_no_public_endpoint() {
    for (address, arguments) in ENVIRONMENT.resources("azurerm_storage_account") {
        for closed in [
            "shared_access_key_enabled",
            "local_user_enabled",
            "public_network_access_enabled",
            "allow_nested_items_to_be_public",
        ] {
            assert_eq!(arguments[closed], false, "{closed} of {address}");
        }
    }
}
