//! Every kind is read and changed, and keeps all its other members.

use magnusapi::scale::resource::Unfit;
use serde_json::json;

use super::*;

/// Changes the size, and checks that nothing else changes.
async fn changes(azure: &ResourceManagerFake, name: &str, id: &str, from: Size, to: Size) {
    let before = azure.body_of(name);
    let observed = observe(azure, id).await.expect("it can be read");
    assert_eq!((observed.size, &observed.state), (from, &State::Settled));
    let applied = resize(azure, id, to, later()).await;
    assert_eq!(applied, Ok(Applied::Settled));
    let observed = observe(azure, id).await.expect("it can be read");
    assert!(observed.has(to), "{observed:?}");
    assert_eq!(azure.writes().len(), 1);
    // With the old size, only the `ETag` differs.
    azure.set_size(name, from);
    let mut after = azure.body_of(name);
    for etag in ["/properties/eTag", "/etag"] {
        if let Some(place) = after.pointer_mut(etag) {
            *place = before.pointer(etag).expect("it had one").clone();
        }
    }
    assert_eq!(after, before);
}

#[test]
fn a_node_pool_is_changed_by_count() {
    with_azure(async |azure| {
        let id = azure.node_pool("web", 1);
        changes(&azure, "web", &id, Size::One(1), Size::One(4)).await;
        let write = &azure.writes()[0];
        assert_eq!((write.method.as_str(), &write.path), ("PUT", &id));
        assert!(write.if_match.is_some());
    });
}

#[test]
fn an_autoscaled_node_pool_is_changed_by_its_bounds() {
    with_azure(async |azure| {
        let id = azure.pool_of("cluster", "web", between(1, 3));
        changes(&azure, "web", &id, between(1, 3), between(2, 6)).await;
    });
}

#[test]
fn a_scale_set_is_changed_by_a_patch_of_its_sku() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        changes(&azure, "web", &id, Size::One(1), Size::One(4)).await;
        let write = &azure.writes()[0];
        assert_eq!(write.method, "PATCH");
        let sku = json!({"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 4});
        assert_eq!(write.body, json!({ "sku": sku }));
    });
}

#[test]
fn a_flex_app_is_changed_by_its_always_ready_instances_and_its_maximum() {
    with_azure(async |azure| {
        let id = azure.flex_app("web", 1, 100);
        changes(&azure, "web", &id, between(1, 100), between(4, 60)).await;
    });
}

#[test]
fn one_number_leaves_the_maximum_of_a_flex_app() {
    with_azure(async |azure| {
        let id = azure.flex_app("web", 1, 100);
        changes(&azure, "web", &id, between(1, 100), Size::One(4)).await;
        let scale = "/properties/functionAppConfig/scaleAndConcurrency/maximumInstanceCount";
        assert_eq!(azure.writes()[0].body.pointer(scale), Some(&json!(100)));
    });
}

#[test]
fn an_elastic_plan_is_changed_by_both_of_its_counts() {
    with_azure(async |azure| {
        let id = azure.elastic_plan("web", 1, 10);
        changes(&azure, "web", &id, between(1, 10), between(3, 20)).await;
    });
}

#[test]
fn a_plan_of_app_service_is_changed_by_its_capacity() {
    with_azure(async |azure| {
        let id = azure.plan("web", 1);
        changes(&azure, "web", &id, Size::One(1), Size::One(4)).await;
    });
}

#[test]
fn every_plan_that_scales_by_itself_is_changed_by_both_of_its_counts() {
    with_azure(async |azure| {
        for (number, tier) in ["PremiumV2", "PremiumV3", "WorkflowStandard"]
            .iter()
            .enumerate()
        {
            let id = azure.elastic_plan_of(tier, tier, (1, 10));
            let applied = resize(&azure, &id, between(3, 20), later()).await;
            assert_eq!(applied, Ok(Applied::Settled), "{tier}");
            assert_eq!(azure.size_of(tier), between(3, 20));
            assert_eq!(azure.writes().len(), number + 1);
        }
    });
}

#[test]
fn read_only_members_within_an_app_are_not_sent_back() {
    with_azure(async |azure| {
        let of_environment = json!({"id": "/e", "name": "e", "type": "t"});
        let id = azure.flex_app("app", 1, 100);
        azure.edit("app", |body| {
            body["extendedLocation"] = json!({"name": "edge", "type": "CustomLocation"});
            let properties = &mut body["properties"];
            properties["dnsConfiguration"] =
                json!({"dnsServers": ["10.0.0.4"], "dnsLegacySortOrder": false});
            properties["hostingEnvironmentProfile"] = of_environment.clone();
            let config = &mut properties["siteConfig"];
            config["push"] = json!({
                "id": "/p", "name": "p", "type": "t", "kind": "k", "properties": {"isPushEnabled": true}
            });
            config["azureStorageAccounts"] = json!({
                "docs": {"type": "AzureFiles", "accountName": "farm", "state": "Ok"},
                "more": {"type": "AzureBlob", "accountName": "farm", "state": "InvalidShare"},
            });
        });
        changes(&azure, "app", &id, between(1, 100), between(4, 60)).await;
        let sent = &azure.writes()[0].body;
        assert_eq!(sent["extendedLocation"], json!({"name": "edge"}));
        assert_eq!(
            sent["properties"]["siteConfig"]["azureStorageAccounts"]["docs"],
            json!({"type": "AzureFiles", "accountName": "farm"})
        );
    });
}

#[test]
fn read_only_members_within_a_plan_are_not_sent_back() {
    with_azure(async |azure| {
        let id = azure.plan("plan", 1);
        azure.edit("plan", |body| {
            body["extendedLocation"] = json!({"name": "edge", "type": "CustomLocation"});
            for profile in ["hostingEnvironmentProfile", "kubeEnvironmentProfile"] {
                body["properties"][profile] = json!({"id": "/e", "name": "e", "type": "t"});
            }
        });
        changes(&azure, "plan", &id, Size::One(1), Size::One(4)).await;
    });
}

#[test]
fn members_that_flex_consumption_rejects_are_not_sent() {
    with_azure(async |azure| {
        let id = azure.flex_app("web", 1, 100);
        let read = azure.body_of("web")["properties"]["siteConfig"].clone();
        assert_eq!(read["ftpsState"], "FtpsOnly");
        changes(&azure, "web", &id, between(1, 100), between(4, 60)).await;
        assert_eq!(
            azure.writes()[0].body["properties"]["siteConfig"],
            json!({
                "appSettings": null, "http20Enabled": true, "minTlsVersion": "1.2", "numberOfWorkers": 1
            })
        );
    });
}

#[test]
fn the_always_ready_instances_of_all_groups_fit_under_the_maximum() {
    with_azure(async |azure| {
        // The group `durable` has one, too.
        let id = azure.flex_app("web", 1, 40);
        let observed = observe(&azure, &id).await.expect("it can be read");
        for too_many in [Size::One(40), between(40, 40)] {
            let unfit = resource(&id).change(&observed, too_many);
            let unfit = unfit.expect_err("41 are more than 40").to_string();
            assert!(
                unfit.contains("41 always-ready instances") && unfit.contains("durable 1"),
                "{unfit}"
            );
        }
        let applied = resize(&azure, &id, Size::One(39), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
    });
}

#[test]
fn ids_are_case_insensitive() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 2).to_lowercase();
        let observed = observe(&azure, &id).await.expect("it can be read");
        assert_eq!(observed.size, Size::One(2));
    });
}

#[test]
fn a_change_in_progress_is_visible() {
    with_azure(async |azure| {
        let id = azure.node_pool("web", 1);
        azure.hold_changes();
        let applied = resize(&azure, &id, Size::One(4), soon()).await;
        assert_under_way(&applied);
        let observed = observe(&azure, &id).await.expect("it can be read");
        assert_eq!(observed.state, State::Changing("Updating".to_owned()));
        assert!(observed.has(Size::One(4)));
        azure.finish_changes();
        let observed = observe(&azure, &id).await.expect("it can be read");
        assert_eq!(observed.state, State::Settled);
    });
}

#[test]
fn a_resource_that_cannot_be_sized_is_unfit() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        azure.edit("web", |body| {
            body["tags"] = json!({"aks-managed-poolName": "batch"});
        });
        let observed = resource(&id).observe(&azure.manager(), later()).await;
        let error = observed.expect_err("it belongs to AKS");
        let expected = matches!(&error, ObserveError::Unfit(Unfit { reason, .. })
            if reason.contains("agentPools/batch"));
        assert!(expected, "{error}");
    });
}
