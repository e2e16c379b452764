//! A node pool of AKS: `count`, or the bounds of its cluster autoscaler.
//!
//! Put whole, with `If-Match`. `count` of an autoscaled pool goes back as it was read; Azure lets the
//! lower bound be above it, and then adds the nodes.

use serde_json::{Value, json};

use super::json::{missing, number, text, without};
use super::{Change, Shape};
use schedule::Size;

pub(super) const SHAPE: Shape = Shape {
    api_version: "2026-06-01",
    size,
    change,
};

/// What is read and never sent back.
const NOT_SENT: &[&str] = &[
    // Azure's own. A pool whose change failed says `Failed` there, which would be refused.
    "/properties/provisioningState",
    "/properties/eTag",
    "/properties/currentOrchestratorVersion",
    "/properties/status",
    "/properties/virtualMachineNodesStatus",
    "/properties/localDNSProfile/state",
    // Whoever sends it asks for a rollback of the nodes to that image.
    "/properties/nodeImageVersion",
    // Whoever sends it starts or stops the pool.
    "/properties/powerState",
];

/// The pool's own lower bound: its owner knows what runs on it, and the author of a schedule may not.
const MINIMUM_TAG: &str = "scale-minimum";

/// How a pool is scaled.
enum Scaling {
    /// It runs no nodes, whatever its count.
    Stopped,
    /// Between the bounds.
    Automatic { min: u32, max: u32 },
    /// By the member at this pointer.
    Manual { count: u32, member: &'static str },
}

fn size(body: &Value) -> Result<Size, String> {
    Ok(match scaling(body)? {
        Scaling::Stopped => Size::One(0),
        Scaling::Automatic { min, max } => Size::Between { min, max },
        Scaling::Manual { count, .. } => Size::One(count),
    })
}

fn scaling(body: &Value) -> Result<Scaling, String> {
    let number = |pointer| number(body, pointer).ok_or_else(|| missing(&pointer[1..]));
    if text(body, "/properties/powerState/code") == "Stopped" {
        Ok(Scaling::Stopped)
    } else if body["properties"]["enableAutoScaling"] == true {
        Ok(Scaling::Automatic {
            min: number("/properties/minCount")?,
            max: number("/properties/maxCount")?,
        })
    } else if text(body, "/properties/type") == "VirtualMachines" {
        let profile = &body["properties"]["virtualMachinesProfile"]["scale"];
        if profile["manual"].as_array().is_none_or(|it| it.len() != 1) {
            return Err(
                "a node pool of virtual machines is kept only where it has one manual scale profile; \
                 split the pool, or take it out of the schedule"
                    .to_owned(),
            );
        }
        let member = "/properties/virtualMachinesProfile/scale/manual/0/count";
        let count = number(member)?;
        Ok(Scaling::Manual { count, member })
    } else {
        let member = "/properties/count";
        let count = number(member)?;
        Ok(Scaling::Manual { count, member })
    }
}

/// The smallest size that the pool's tag allows; 0 without the tag.
fn minimum(body: &Value) -> Result<u32, String> {
    let Some(tag) = body["properties"]["tags"][MINIMUM_TAG].as_str() else {
        return Ok(0);
    };
    tag.parse().map_err(|_| {
        format!("the node pool's tag {MINIMUM_TAG} is `{tag}`, which is not a number of nodes; correct the tag")
    })
}

fn change(body: &Value, desired: Size) -> Result<Change, String> {
    let smallest = match desired {
        Size::One(count) => count,
        Size::Between { min, .. } => min,
    };
    if smallest == 0 && text(body, "/properties/mode").eq_ignore_ascii_case("System") {
        return Err("a system node pool needs a node at least; write 1 or more".to_owned());
    }
    let least = minimum(body)?;
    if smallest < least {
        return Err(format!(
            "the node pool's tag {MINIMUM_TAG} is {least}, so the size {smallest} is rejected; write {least} or \
             more, or change the tag"
        ));
    }
    let mut properties = json!({ "properties": body["properties"] });
    let mut set = |pointer: &str, value: u32| {
        let member = properties.pointer_mut(pointer);
        *member.expect("it was read there") = value.into();
    };
    match (scaling(body)?, desired) {
        (Scaling::Stopped, _) => {
            return Err(
                "the node pool is stopped; start it (az aks nodepool start), or write the size 0 for \
                 as long as it is to be stopped"
                    .to_owned(),
            );
        }
        (Scaling::Automatic { .. }, Size::Between { min, max }) => {
            set("/properties/minCount", min);
            set("/properties/maxCount", max);
        }
        (Scaling::Manual { member, .. }, Size::One(count)) => set(member, count),
        (Scaling::Automatic { .. }, Size::One(count)) => {
            return Err(format!(
                "the node pool's cluster autoscaler is on, so {count} cannot be its size; write min \
                 and max, or switch it off (az aks nodepool update --disable-cluster-autoscaler)"
            ));
        }
        (Scaling::Manual { .. }, Size::Between { .. }) => {
            return Err(format!(
                "the node pool's cluster autoscaler is off, so {desired} cannot be its size; write one \
                 number, or switch it on (az aks nodepool update --enable-cluster-autoscaler)"
            ));
        }
    }
    let etag = text(body, "/properties/eTag");
    let etag = Some(etag).filter(|it| !it.is_empty());
    Ok(Change::whole(without(properties, NOT_SENT), etag))
}
