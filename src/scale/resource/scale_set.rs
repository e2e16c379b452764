//! A virtual machine scale set: `sku.capacity`.
//!
//! Patched with its `sku` only, which must contain name and tier.

use serde_json::{Value, json};

use super::json::{missing, number, text};
use super::{Change, Shape};
use schedule::Size;

pub(super) const SHAPE: Shape = Shape {
    api_version: "2026-04-01",
    size,
    change,
};

fn size(body: &Value) -> Result<Size, String> {
    if let Some(pool) = pool_of_aks(body) {
        return Err(name_the_pool(Some(&pool)));
    }
    let capacity = number(body, "/sku/capacity");
    capacity
        .map(Size::One)
        .ok_or_else(|| missing("sku.capacity"))
}

fn change(body: &Value, desired: Size) -> Result<Change, String> {
    let Size::One(capacity) = desired else {
        return Err("a scale set has one size; write one number".to_owned());
    };
    let mut sku = json!({ "name": body["sku"]["name"], "capacity": capacity });
    if let Some(tier) = body["sku"].get("tier") {
        sku["tier"] = tier.clone();
    }
    let etag = text(body, "/etag");
    let etag = Some(etag).filter(|it| !it.is_empty());
    Ok(Change::part(json!({ "sku": sku }), etag))
}

/// Whether it is the default name of the resource group that AKS creates for a cluster's nodes.
pub(super) fn is_of_aks(group: &str) -> bool {
    group
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("MC_"))
}

/// The node pool of the scale set by the tags that AKS sets, also in a group with another name.
fn pool_of_aks(body: &Value) -> Option<String> {
    let tags = body["tags"].as_object()?;
    let of_aks = |key: &String| key.to_ascii_lowercase().starts_with("aks-managed-");
    tags.keys().any(of_aks).then(|| {
        let pool = tags.get("aks-managed-poolName").and_then(Value::as_str);
        pool.unwrap_or_default().to_owned()
    })
}

pub(super) fn name_the_pool(pool: Option<&str>) -> String {
    let pool = pool.filter(|it| !it.is_empty()).unwrap_or("<pool>");
    format!(
        "the scale set belongs to an AKS cluster, which would undo a change of it; name its node pool \
         instead: …/Microsoft.ContainerService/managedClusters/<cluster>/agentPools/{pool}"
    )
}
