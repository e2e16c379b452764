//! A node pool of AKS: `count`, or the bounds of its cluster autoscaler.
//!
//! Put whole, with `If-Match`. `count` of an autoscaled pool is sent as it was read. If the lower bound is above
//! it, Azure adds the nodes.

use serde_json::{Value, json};

use super::json::{missing, number, text, without};
use super::{Change, Shape};
use schedule::Size;

pub(super) const SHAPE: Shape = Shape {
    api_version: "2026-06-01",
    size,
    change,
};

/// Members that are never sent.
const NOT_SENT: &[&str] = &[
    // Read-only. The state `Failed` of a failed change would be rejected.
    "/properties/provisioningState",
    "/properties/eTag",
    "/properties/currentOrchestratorVersion",
    "/properties/status",
    "/properties/virtualMachineNodesStatus",
    "/properties/localDNSProfile/state",
    // A request to roll the nodes back to that image.
    "/properties/nodeImageVersion",
    // A request to start or stop the pool.
    "/properties/powerState",
];

/// The pool's own lower bound. Its owner knows the workload, which the author of the schedule may not.
const MINIMUM_TAG: &str = "scale-minimum";

enum Scaling {
    /// Without nodes, whatever its count.
    Stopped,
    Automatic {
        min: u32,
        max: u32,
    },
    /// `member` is the pointer of the count.
    Manual {
        count: u32,
        member: &'static str,
    },
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
                "a node pool of virtual machines can be sized only with one manual scale profile; \
                 split the pool, or remove it from the schedule"
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
        return Err("a system node pool needs at least one node; write 1 or more".to_owned());
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
                "the node pool is stopped; start it (az aks nodepool start), or write the size 0 for as \
                 long as it should be stopped"
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
