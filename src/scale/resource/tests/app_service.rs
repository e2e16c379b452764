//! Flex Consumption apps and plans.

use super::*;

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
