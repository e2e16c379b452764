//! Flex Consumption apps and plans.

use super::*;

#[test]
fn one_number_changes_the_always_ready_instances_of_a_flex_app() {
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
            "/properties/siteConfig/ftpsState",
            "/properties/siteConfig/functionAppScaleLimit",
            "/properties/siteConfig/functionsRuntimeScaleMonitoringEnabled",
            "/properties/siteConfig/linuxFxVersion",
            "/properties/siteConfig/netFrameworkVersion",
            "/properties/siteConfig/preWarmedInstanceCount",
            "/properties/siteConfig/use32BitWorkerProcess",
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
fn a_range_sets_instances_and_maximum_of_a_flex_app() {
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
fn a_flex_app_may_have_no_always_ready_instances() {
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
    let reason = unfit(&app, Size::One(101));
    assert!(reason.contains("larger max"), "{reason}");
}

#[test]
fn an_app_on_another_plan_is_rejected_with_its_plan() {
    let (resource, body) = flex_app();
    let app = (
        resource,
        with(body, "/properties", &json!({"functionAppConfig": null})),
    );
    let reason = unfit(&app, Size::One(4));
    assert!(
        reason.contains("Microsoft.Web/serverfarms/flex"),
        "{reason}"
    );
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
    let reason = unfit(&elastic_plan(), Size::One(11));
    assert!(reason.contains("write min and max"), "{reason}");
}

#[test]
fn a_plan_of_app_service_takes_one_number() {
    let plan = dedicated_plan();
    assert_eq!(observed(&plan).size, Size::One(1));
    assert_eq!(change(&plan, Size::One(4)).body()["sku"]["capacity"], 4);
    let reason = unfit(&plan, between(1, 4));
    assert!(reason.contains("write one number"), "{reason}");
}

#[test]
fn plans_without_a_size_are_rejected() {
    for (tier, hint) in [
        ("FlexConsumption", "Microsoft.Web/sites"),
        ("Dynamic", "by itself"),
    ] {
        let (resource, body) = elastic_plan();
        let plan = (resource, with(body, "/sku", &json!({"tier": tier})));
        let reason = unfit(&plan, Size::One(4));
        assert!(reason.contains(hint), "{reason}");
    }
}
