//! Node pools.

use super::*;

#[test]
fn a_node_pool_is_not_switched_between_a_number_and_a_range() {
    let reason = unfit(&autoscaled_pool(), Size::One(4));
    assert!(reason.contains("min and max") && reason.contains("--disable-cluster-autoscaler"));
    let reason = unfit(&node_pool(), between(2, 6));
    assert!(reason.contains("one number") && reason.contains("--enable-cluster-autoscaler"));
}

#[test]
fn a_system_node_pool_keeps_a_node() {
    let system = |(resource, body)| {
        let system = json!({"mode": "System"});
        (resource, with(body, "/properties", &system))
    };
    let reason = unfit(&system(node_pool()), Size::One(0));
    assert!(reason.contains("write 1 or more"), "{reason}");
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
    let reason = unfit(&pool, Size::One(4));
    assert!(reason.contains("nodepool start"), "{reason}");
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
        let reason = unfit(&of(manual), Size::One(5));
        assert!(reason.contains("split the pool"), "{reason}");
    }
}

#[test]
fn a_size_below_the_minimum_of_a_node_pools_tag_is_rejected() {
    let (resource, body) = node_pool();
    let tagged = |minimum| {
        let tags = json!({ "scale-minimum": minimum });
        (
            resource.clone(),
            with(body.clone(), "/properties/tags", &tags),
        )
    };
    let reason = unfit(&tagged("1"), Size::One(0));
    assert!(
        reason.contains("scale-minimum is 1") && reason.contains("write 1 or more"),
        "{reason}"
    );
    assert_eq!(
        change(&tagged("1"), Size::One(4)).body()["properties"]["count"],
        4
    );
    let reason = unfit(&tagged("one"), Size::One(4));
    assert!(
        reason.contains("scale-minimum") && reason.contains("one"),
        "{reason}"
    );
}
