//! Sizes and bodies that are rejected, without HTTP. `tests/it/resource_manager` changes each kind.

mod app_service;
mod node_pool;

use serde_json::{Value, json};

use super::*;

const PREFIX: &str = "/subscriptions/s/resourceGroups/farm/providers";

fn resource(rest: &str) -> Resource {
    format!("{PREFIX}/{rest}").parse().expect("an id")
}

fn node_pool() -> (Resource, Value) {
    let resource = resource("Microsoft.ContainerService/managedClusters/cluster/agentPools/web");
    (resource, sample(include_str!("samples/node_pool.json")))
}

fn autoscaled_pool() -> (Resource, Value) {
    let (resource, body) = node_pool();
    let bounds = json!({"enableAutoScaling": true, "minCount": 1, "maxCount": 5});
    (resource, with(body, "/properties", &bounds))
}

fn scale_set() -> (Resource, Value) {
    let resource = resource("Microsoft.Compute/virtualMachineScaleSets/web");
    (resource, sample(include_str!("samples/scale_set.json")))
}

fn flex_app() -> (Resource, Value) {
    let resource = resource("Microsoft.Web/sites/web");
    (resource, sample(include_str!("samples/flex_app.json")))
}

fn elastic_plan() -> (Resource, Value) {
    let resource = resource("Microsoft.Web/serverfarms/web");
    (resource, sample(include_str!("samples/plan.json")))
}

fn dedicated_plan() -> (Resource, Value) {
    let (resource, body) = elastic_plan();
    let sku = json!({"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3"});
    let body = with(body, "/sku", &sku);
    let manual = json!({"elasticScaleEnabled": false});
    (resource, with(body, "/properties", &manual))
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// With these members at this place.
fn with(mut body: Value, pointer: &str, members: &Value) -> Value {
    let place = body.pointer_mut(pointer).expect("it is there");
    for (name, member) in members.as_object().expect("members") {
        place[name] = member.clone();
    }
    body
}

fn between(min: u32, max: u32) -> Size {
    Size::Between { min, max }
}

#[track_caller]
fn observed((resource, body): &(Resource, Value)) -> Observed {
    resource.observed(body.clone()).expect("it fits")
}

#[track_caller]
fn change(of: &(Resource, Value), desired: Size) -> Change {
    of.0.change(&observed(of), desired).expect("it fits")
}

/// The error of this size, which begins with the resource's id.
#[track_caller]
fn unfit(of: &(Resource, Value), desired: Size) -> String {
    let change = of.0.observed(of.1.clone());
    let change = change.and_then(|observed| of.0.change(&observed, desired));
    let unfit = change.expect_err("it does not fit").to_string();
    assert!(unfit.starts_with(of.0.id()), "{unfit}");
    unfit
}

#[test]
fn ids_of_the_four_kinds_are_case_insensitive() {
    for (rest, kind) in [
        (
            "Microsoft.ContainerService/managedClusters/c/agentPools/p",
            Kind::NodePool,
        ),
        (
            "Microsoft.Compute/virtualMachineScaleSets/v",
            Kind::ScaleSet,
        ),
        ("Microsoft.Web/sites/s", Kind::FlexApp),
        ("Microsoft.Web/serverfarms/f", Kind::Plan),
    ] {
        let id = format!("{PREFIX}/{rest}");
        for id in [id.clone(), id.to_lowercase(), id.to_uppercase()] {
            let resource: Resource = id.parse().expect("an id");
            assert_eq!((resource.kind, resource.id()), (kind, id.as_str()));
        }
    }
}

#[test]
fn other_ids_are_rejected_with_the_four_forms() {
    for rest in [
        "Microsoft.ContainerService/managedClusters/c",
        "Microsoft.Compute/virtualMachines/v",
        "Microsoft.Web/sites/s/slots/staging",
    ] {
        let error = format!("{PREFIX}/{rest}").parse::<Resource>();
        let error = error.expect_err(rest);
        for shape in [
            "agentPools",
            "virtualMachineScaleSets",
            "sites",
            "serverfarms",
        ] {
            assert!(error.contains(shape), "{error}");
        }
    }
    "web".parse::<Resource>().expect_err("no id");
}

#[test]
fn only_the_node_pools_of_one_cluster_share_a_concurrency_group() {
    let pool = |cluster, pool| {
        let rest =
            format!("Microsoft.ContainerService/managedClusters/{cluster}/agentPools/{pool}");
        resource(&rest).concurrency_group()
    };
    assert_eq!(pool("one", "web"), pool("ONE", "batch"));
    assert_ne!(pool("one", "web"), pool("two", "web"));
    let set = |name| {
        let rest = format!("Microsoft.Compute/virtualMachineScaleSets/{name}");
        resource(&rest).concurrency_group()
    };
    assert_ne!(set("web"), set("batch"));
}

#[test]
fn impossible_sizes_of_a_kind_are_rejected_by_the_id() {
    let takes = |of: (Resource, Value), size| of.0.takes(size).map_err(|unfit| unfit.reason);
    for (of, size) in [
        (node_pool(), Size::One(0)),
        (node_pool(), between(0, 3)),
        (scale_set(), Size::One(0)),
        (flex_app(), Size::One(0)),
        (flex_app(), between(2, 2)),
        (dedicated_plan(), Size::One(1)),
        (elastic_plan(), between(1, 9)),
    ] {
        assert_eq!(takes(of, size), Ok(()), "{size}");
    }
    for (of, size, hint) in [
        (node_pool(), between(3, 2), "smaller one as min"),
        (node_pool(), between(0, 0), "the size 0"),
        (scale_set(), between(1, 2), "write one number"),
        (dedicated_plan(), Size::One(0), "write 1"),
        (elastic_plan(), between(0, 2), "write 1"),
    ] {
        let reason = takes(of, size).expect_err(hint);
        assert!(reason.contains(hint), "{reason}");
    }
    let id = "/subscriptions/s/resourceGroups/MC_farm_cluster_westeurope/providers/\
              Microsoft.Compute/virtualMachineScaleSets/aks-web-1-vmss";
    let of_aks: Resource = id.parse().expect("an id");
    let unfit = of_aks.takes(Size::One(2)).expect_err("it is of AKS");
    assert!(unfit.to_string().contains("agentPools"), "{unfit}");
}

#[test]
fn a_response_without_a_size_is_an_error() {
    for (resource, _) in [node_pool(), scale_set(), elastic_plan()] {
        for body in [
            json!({}),
            Value::Null,
            json!({"sku": null, "properties": null}),
        ] {
            let unfit = resource.observed(body).expect_err("there is no size");
            assert!(unfit.reason.contains("az resource show"), "{unfit}");
        }
    }
}

#[test]
fn one_number_is_the_lower_bound_of_apps_and_plans_only() {
    for of in [flex_app(), elastic_plan()] {
        assert!(observed(&of).has(Size::One(1)));
        assert!(!observed(&of).has(Size::One(2)));
    }
    assert!(observed(&flex_app()).has(between(1, 100)));
    assert!(!observed(&flex_app()).has(between(1, 99)));
    assert!(!observed(&autoscaled_pool()).has(Size::One(1)));
    assert!(observed(&node_pool()).has(Size::One(1)));
}

#[test]
fn the_state_is_the_provisioning_state() {
    let state = |properties: Value| {
        let (resource, body) = node_pool();
        observed(&(resource, with(body, "/properties", &properties))).state
    };
    let failed = state(json!({
        "provisioningState": "Failed",
        "status": {"provisioningError": {"code": "QuotaExceeded"}},
    }));
    assert_eq!(failed, State::Failed("Failed: QuotaExceeded".to_owned()));
    assert_eq!(observed(&flex_app()).state, State::Settled);
}
