//! A Functions app on the Flex Consumption plan: the always-ready instances of the group `http`, and the most
//! instances.
//!
//! Put whole. The always-ready instances of other groups and functions stay as they are. Azure keeps an app's
//! settings apart, so they are neither read nor sent. A GET returns members that a PUT may not have.

use serde_json::{Value, json};

use super::app_service::to_send;
use super::json::{missing, number, text, without};
use super::{Change, Shape};
use schedule::Size;

pub(super) const SHAPE: Shape = Shape {
    api_version: "2025-05-01",
    size,
    change,
};

/// The group that is sized: all functions with an HTTP trigger.
const GROUP: &str = "http";

const SCALE: &str = "/properties/functionAppConfig/scaleAndConcurrency";
const ALWAYS_READY: &str = "/properties/functionAppConfig/scaleAndConcurrency/alwaysReady";
const MAXIMUM: &str = "/properties/functionAppConfig/scaleAndConcurrency/maximumInstanceCount";

/// Read-only members.
const NOT_SENT: &[&str] = &[
    "/properties/state",
    "/properties/hostNames",
    "/properties/repositorySiteName",
    "/properties/usageState",
    "/properties/enabledHostNames",
    "/properties/availabilityState",
    "/properties/lastModifiedTimeUtc",
    "/properties/trafficManagerHostNames",
    "/properties/targetSwapSlot",
    "/properties/outboundIpAddresses",
    "/properties/possibleOutboundIpAddresses",
    "/properties/suspendedTill",
    "/properties/maxNumberOfWorkers",
    "/properties/resourceGroup",
    "/properties/isDefaultContainer",
    "/properties/defaultHostName",
    "/properties/slotSwapStatus",
    "/properties/inProgressOperationId",
    "/properties/sku",
    "/properties/dnsConfiguration/dnsLegacySortOrder",
    "/properties/hostingEnvironmentProfile/name",
    "/properties/hostingEnvironmentProfile/type",
    "/properties/siteConfig/azureStorageAccounts/*/state",
    "/properties/siteConfig/machineKey",
    "/properties/siteConfig/push/id",
    "/properties/siteConfig/push/name",
    "/properties/siteConfig/push/type",
];

/// Settings of Windows and of other plans. Regions that check them reject the whole app (error 51021), even if
/// they are null; other regions ignore them.
const REJECTED: &[&str] = &[
    "/properties/siteConfig/ftpsState",
    "/properties/siteConfig/functionAppScaleLimit",
    "/properties/siteConfig/functionsRuntimeScaleMonitoringEnabled",
    "/properties/siteConfig/linuxFxVersion",
    "/properties/siteConfig/netFrameworkVersion",
    "/properties/siteConfig/preWarmedInstanceCount",
    "/properties/siteConfig/use32BitWorkerProcess",
];

fn size(body: &Value) -> Result<Size, String> {
    if body.pointer(SCALE).is_none_or(|it| !it.is_object()) {
        let plan = text(body, "/properties/serverFarmId");
        return Err(format!(
            "the app is not on a Flex Consumption plan, so it has no instances of its own; name its plan \
             instead: {plan}"
        ));
    }
    let max = number(body, MAXIMUM).ok_or_else(|| missing("maximumInstanceCount"))?;
    let own = groups(body).find(|group| is_own(group));
    let min = own.and_then(|group| number(group, "/instanceCount"));
    Ok(Size::Between {
        min: min.unwrap_or(0),
        max,
    })
}

fn change(body: &Value, desired: Size) -> Result<Change, String> {
    let (ready, maximum) = match desired {
        Size::One(ready) => (
            ready,
            number(body, MAXIMUM).ok_or_else(|| missing("maximumInstanceCount"))?,
        ),
        Size::Between { min, max } => (min, max),
    };
    let mut always_ready: Vec<Value> = groups(body)
        .filter(|group| !is_own(group))
        .cloned()
        .collect();
    if ready > 0 {
        always_ready.push(json!({ "name": GROUP, "instanceCount": ready }));
    }
    fits(&always_ready, maximum)?;
    let mut body = without(to_send(body, NOT_SENT), REJECTED);
    let scale = body.pointer_mut(SCALE).expect("it was read there");
    scale["alwaysReady"] = always_ready.into();
    scale["maximumInstanceCount"] = maximum.into();
    Ok(Change::whole(body, None))
}

/// Azure compares the instances of all groups together with the maximum.
fn fits(always_ready: &[Value], maximum: u32) -> Result<(), String> {
    let count = |group| number(group, "/instanceCount").unwrap_or(0);
    let sum: u64 = always_ready
        .iter()
        .map(|group| u64::from(count(group)))
        .sum();
    if sum <= u64::from(maximum) {
        return Ok(());
    }
    let each = always_ready.iter();
    let each = each.map(|group| format!("{} {}", text(group, "/name"), count(group)));
    let each: Vec<String> = each.collect();
    Err(format!(
        "{sum} always-ready instances ({}) are more than the {maximum} instances that the app may have; \
         write min and a larger max, or give the other groups fewer",
        each.join(", ")
    ))
}

/// `alwaysReady` can be null.
fn groups(body: &Value) -> impl Iterator<Item = &Value> {
    let groups = body.pointer(ALWAYS_READY).and_then(Value::as_array);
    groups.into_iter().flatten()
}

fn is_own(group: &Value) -> bool {
    text(group, "/name").eq_ignore_ascii_case(GROUP)
}
