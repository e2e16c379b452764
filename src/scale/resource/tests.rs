//! What is read of each kind and what is sent, without anybody to talk to.

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
    (resource, with(body, "/sku", &sku))
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

/// Why it cannot be of this size, with the resource's id before it.
#[track_caller]
fn unfit(of: &(Resource, Value), desired: Size) -> String {
    let change = of.0.observed(of.1.clone());
    let change = change.and_then(|observed| of.0.change(&observed, desired));
    let unfit = change.expect_err("it does not fit").to_string();
    assert!(unfit.starts_with(of.0.id()), "{unfit}");
    unfit
}

/// The pointers of all members that `sent` lacks, has more, or has otherwise than `read`.
fn differences(read: &Value, sent: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(read, sent, String::new(), &mut found);
    found
}

fn compare(read: &Value, sent: &Value, at: String, found: &mut Vec<String>) {
    let (Value::Object(read), Value::Object(sent)) = (read, sent) else {
        if read != sent {
            found.push(at);
        }
        return;
    };
    let mut names: Vec<&String> = read.keys().chain(sent.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let at = format!("{at}/{name}");
        match (read.get(name), sent.get(name)) {
            (Some(read), Some(sent)) => compare(read, sent, at, found),
            _ => found.push(at),
        }
    }
}

#[test]
fn ids_of_the_four_kinds_are_known_in_any_case() {
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
            assert_eq!((resource.kind(), resource.id()), (kind, id.as_str()));
        }
    }
}

#[test]
fn any_other_id_is_refused_with_the_four_shapes() {
    for rest in [
        "Microsoft.ContainerService/managedClusters/c",
        "Microsoft.Compute/virtualMachines/v",
        "Microsoft.Web/sites/s/slots/staging",
    ] {
        let error = format!("{PREFIX}/{rest}").parse::<Resource>();
        let error = error.expect_err(rest).to_string();
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
fn the_node_pools_of_one_cluster_share_a_lane_and_nothing_else_does() {
    let pool = |cluster, pool| {
        let rest =
            format!("Microsoft.ContainerService/managedClusters/{cluster}/agentPools/{pool}");
        resource(&rest).lane()
    };
    assert_eq!(pool("one", "web"), pool("ONE", "batch"));
    assert_ne!(pool("one", "web"), pool("two", "web"));
    let set = |name| resource(&format!("Microsoft.Compute/virtualMachineScaleSets/{name}")).lane();
    assert_ne!(set("web"), set("batch"));
}

#[test]
fn sizes_that_no_resource_of_the_kind_can_have_are_told_from_the_id() {
    let takes = |of: (Resource, Value), size| of.0.takes(size).map_err(|unfit| unfit.why);
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
    for (of, size, says) in [
        (node_pool(), between(3, 2), "smaller one as min"),
        (node_pool(), between(0, 0), "the size 0"),
        (scale_set(), between(1, 2), "write one number"),
        (dedicated_plan(), Size::One(0), "write 1"),
        (elastic_plan(), between(0, 2), "write 1"),
    ] {
        let why = takes(of, size).expect_err(says);
        assert!(why.contains(says), "{why}");
    }
    let id = "/subscriptions/s/resourceGroups/MC_farm_cluster_westeurope/providers/\
              Microsoft.Compute/virtualMachineScaleSets/aks-web-1-vmss";
    let of_aks: Resource = id.parse().expect("an id");
    let unfit = of_aks.takes(Size::One(2)).expect_err("it is of AKS");
    assert!(unfit.to_string().contains("agentPools"), "{unfit}");
}

#[test]
fn a_node_pool_is_put_whole_with_another_count_and_nothing_of_azures_own() {
    let pool = node_pool();
    assert_eq!(observed(&pool).size, Size::One(1));
    let change = change(&pool, Size::One(4));
    assert_eq!(
        change.if_match(),
        Some("0a1f4c9e-6d1c-4a53-9b0e-3c0f5d6e7a80")
    );
    assert_eq!(change.body()["properties"]["count"], 4);
    assert_eq!(
        differences(&pool.1, change.body()),
        [
            "/id",
            "/name",
            "/properties/count",
            "/properties/currentOrchestratorVersion",
            "/properties/eTag",
            "/properties/localDNSProfile/state",
            "/properties/nodeImageVersion",
            "/properties/powerState",
            "/properties/provisioningState",
            "/properties/status",
            "/type",
        ]
    );
}

#[test]
fn the_bounds_of_an_autoscaled_node_pool_are_changed_and_its_count_is_not() {
    let pool = autoscaled_pool();
    assert_eq!(observed(&pool).size, between(1, 5));
    let change = change(&pool, between(2, 6));
    let properties = &change.body()["properties"];
    assert_eq!(properties["minCount"], 2);
    assert_eq!(properties["maxCount"], 6);
    assert_eq!(properties["count"], 1);
}

#[test]
fn a_node_pool_is_not_switched_between_a_number_and_a_range() {
    let why = unfit(&autoscaled_pool(), Size::One(4));
    assert!(why.contains("min and max") && why.contains("--disable-cluster-autoscaler"));
    let why = unfit(&node_pool(), between(2, 6));
    assert!(why.contains("one number") && why.contains("--enable-cluster-autoscaler"));
}

#[test]
fn a_system_node_pool_keeps_a_node() {
    let system = |(resource, body)| {
        let system = json!({"mode": "System"});
        (resource, with(body, "/properties", &system))
    };
    let why = unfit(&system(node_pool()), Size::One(0));
    assert!(why.contains("write 1 or more"), "{why}");
    unfit(&system(autoscaled_pool()), between(0, 3));
    change(&node_pool(), Size::One(0));
    change(&system(node_pool()), Size::One(2));
}

#[test]
fn a_stopped_node_pool_has_no_nodes_and_is_not_started() {
    let (resource, body) = node_pool();
    let stopped = json!({"powerState": {"code": "Stopped"}, "count": 4});
    let pool = (resource, with(body, "/properties", &stopped));
    assert_eq!(observed(&pool).size, Size::One(0));
    let why = unfit(&pool, Size::One(4));
    assert!(why.contains("nodepool start"), "{why}");
}

#[test]
fn a_node_pool_of_virtual_machines_is_scaled_by_its_one_manual_profile() {
    let of = |manual: Value| {
        let (resource, body) = node_pool();
        let machines = json!({
            "type": "VirtualMachines",
            "count": null,
            "virtualMachinesProfile": {"scale": {"manual": manual}},
            "virtualMachineNodesStatus": [{"size": "Standard_D2s_v5", "count": 3}],
        });
        (resource, with(body, "/properties", &machines))
    };
    let pool = of(json!([{"size": "Standard_D2s_v5", "count": 3}]));
    assert_eq!(observed(&pool).size, Size::One(3));
    let change = change(&pool, Size::One(5));
    let scale = &change.body()["properties"]["virtualMachinesProfile"]["scale"];
    assert_eq!(
        scale["manual"],
        json!([{"size": "Standard_D2s_v5", "count": 5}])
    );
    let nodes = &change.body()["properties"]["virtualMachineNodesStatus"];
    assert_eq!(nodes, &Value::Null);
    for manual in [json!(null), json!([]), json!([{"count": 1}, {"count": 2}])] {
        let why = unfit(&of(manual), Size::One(5));
        assert!(why.contains("split the pool"), "{why}");
    }
}

#[test]
fn a_scale_set_is_patched_with_its_sku() {
    let set = scale_set();
    assert_eq!(observed(&set).size, Size::One(1));
    let change = change(&set, Size::One(4));
    assert_eq!(change.if_match(), Some("\"3\""));
    let sku = json!({"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 4});
    assert_eq!(change.body(), &json!({ "sku": sku }));
}

#[test]
fn a_scale_set_of_aks_is_refused_and_its_node_pool_named() {
    let (resource, body) = scale_set();
    let tags = json!({"tags": {"aks-managed-poolName": "web", "aks-managed-orchestrator": "k"}});
    let why = unfit(&(resource, with(body, "", &tags)), Size::One(4));
    assert!(why.contains("agentPools/web"), "{why}");
}

#[test]
fn the_always_ready_instances_of_a_flex_app_are_changed_and_the_maximum_is_not() {
    let app = flex_app();
    assert_eq!(observed(&app).size, between(1, 100));
    let change = change(&app, Size::One(4));
    let pointer = "/properties/functionAppConfig/scaleAndConcurrency/alwaysReady";
    assert_eq!(
        change.body().pointer(pointer),
        Some(&json!([
            {"name": "durable", "instanceCount": 1}, {"name": "http", "instanceCount": 4}
        ]))
    );
    assert_eq!(change.if_match(), None);
    let mut found = differences(&app.1, change.body());
    found.retain(|pointer| !pointer.starts_with("/identity/userAssignedIdentities/"));
    assert_eq!(
        found,
        [
            "/id",
            "/identity/principalId",
            "/identity/tenantId",
            "/name",
            "/properties/availabilityState",
            "/properties/defaultHostName",
            "/properties/enabledHostNames",
            "/properties/functionAppConfig/scaleAndConcurrency/alwaysReady",
            "/properties/hostNames",
            "/properties/inProgressOperationId",
            "/properties/lastModifiedTimeUtc",
            "/properties/outboundIpAddresses",
            "/properties/possibleOutboundIpAddresses",
            "/properties/repositorySiteName",
            "/properties/resourceGroup",
            "/properties/sku",
            "/properties/slotSwapStatus",
            "/properties/state",
            "/properties/suspendedTill",
            "/properties/targetSwapSlot",
            "/properties/trafficManagerHostNames",
            "/properties/usageState",
            "/type",
        ]
    );
    let assigned = &change.body()["identity"]["userAssignedIdentities"];
    let assigned = assigned.as_object().expect("they are kept");
    assert!(assigned.len() == 1 && assigned.values().all(|it| it == &json!({})));
}

#[test]
fn a_range_sets_both_of_a_flex_app() {
    let change = change(&flex_app(), between(0, 40));
    let scale = &change.body()["properties"]["functionAppConfig"]["scaleAndConcurrency"];
    assert_eq!(
        scale,
        &json!({
            "alwaysReady": [{"name": "durable", "instanceCount": 1}],
            "instanceMemoryMB": 2048,
            "maximumInstanceCount": 40,
            "triggers": {"http": {"perInstanceConcurrency": 16}},
        })
    );
}

#[test]
fn a_flex_app_without_always_ready_instances_has_none() {
    let (resource, body) = flex_app();
    let none = json!({"alwaysReady": null});
    let pointer = "/properties/functionAppConfig/scaleAndConcurrency";
    let app = (resource, with(body, pointer, &none));
    assert_eq!(observed(&app).size, between(0, 100));
    let change = change(&app, Size::One(2));
    let ready = &change.body()["properties"]["functionAppConfig"]["scaleAndConcurrency"];
    assert_eq!(
        ready["alwaysReady"],
        json!([{"name": "http", "instanceCount": 2}])
    );
    let why = unfit(&app, Size::One(101));
    assert!(why.contains("write min and max"), "{why}");
}

#[test]
fn an_app_on_another_plan_is_refused_and_its_plan_named() {
    let (resource, body) = flex_app();
    let app = (
        resource,
        with(body, "/properties", &json!({"functionAppConfig": null})),
    );
    let why = unfit(&app, Size::One(4));
    assert!(why.contains("Microsoft.Web/serverfarms/flex"), "{why}");
}

#[test]
fn a_plan_is_put_whole_with_another_capacity() {
    let plan = elastic_plan();
    assert_eq!(observed(&plan).size, between(1, 10));
    let change = change(&plan, between(2, 20));
    assert_eq!(change.body()["sku"]["capacity"], 2);
    assert_eq!(
        differences(&plan.1, change.body()),
        [
            "/id",
            "/name",
            "/properties/geoRegion",
            "/properties/maximumElasticWorkerCount",
            "/properties/maximumNumberOfWorkers",
            "/properties/numberOfSites",
            "/properties/numberOfWorkers",
            "/properties/provisioningState",
            "/properties/resourceGroup",
            "/properties/status",
            "/properties/subscription",
            "/sku/capacity",
            "/type",
        ]
    );
}

#[test]
fn one_number_leaves_the_burst_of_an_elastic_plan() {
    let change = change(&elastic_plan(), Size::One(3));
    assert_eq!(change.body()["sku"]["capacity"], 3);
    assert_eq!(change.body()["properties"]["maximumElasticWorkerCount"], 10);
    let why = unfit(&elastic_plan(), Size::One(11));
    assert!(why.contains("write min and max"), "{why}");
}

#[test]
fn a_plan_of_app_service_takes_one_number() {
    let plan = dedicated_plan();
    assert_eq!(observed(&plan).size, Size::One(1));
    assert_eq!(change(&plan, Size::One(4)).body()["sku"]["capacity"], 4);
    let why = unfit(&plan, between(1, 4));
    assert!(why.contains("write one number"), "{why}");
}

#[test]
fn plans_without_a_size_are_refused() {
    for (tier, says) in [
        ("FlexConsumption", "Microsoft.Web/sites"),
        ("Dynamic", "by itself"),
    ] {
        let (resource, body) = elastic_plan();
        let plan = (resource, with(body, "/sku", &json!({"tier": tier})));
        let why = unfit(&plan, Size::One(4));
        assert!(why.contains(says), "{why}");
    }
}

#[test]
fn an_answer_without_a_size_is_no_size() {
    for (resource, _) in [node_pool(), scale_set(), elastic_plan()] {
        for body in [
            json!({}),
            Value::Null,
            json!({"sku": null, "properties": null}),
        ] {
            let unfit = resource.observed(body).expect_err("there is no size");
            assert!(unfit.why.contains("az resource show"), "{unfit}");
        }
    }
}

#[test]
fn one_number_is_the_lower_bound_of_apps_and_plans_and_of_nothing_else() {
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
fn the_provisioning_state_says_whether_azure_works_on_it() {
    let state = |properties: Value| {
        let (resource, body) = node_pool();
        observed(&(resource, with(body, "/properties", &properties))).state
    };
    let updating = state(json!({"provisioningState": "Updating"}));
    assert_eq!(updating, State::Changing("Updating".to_owned()));
    let failed = state(json!({
        "provisioningState": "Failed",
        "status": {"provisioningError": {"code": "QuotaExceeded"}},
    }));
    assert_eq!(failed, State::Failed("Failed: QuotaExceeded".to_owned()));
    assert_eq!(observed(&node_pool()).state, State::Settled);
    assert_eq!(observed(&flex_app()).state, State::Settled);
}
