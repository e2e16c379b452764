//! A plan of App Service: `sku.capacity` and, if it scales by itself, the most instances. Put whole.

use serde_json::Value;

use super::app_service::to_send;
use super::json::{missing, number, text};
use super::{Change, Shape};
use schedule::Size;

pub(super) const SHAPE: Shape = Shape {
    api_version: "2025-05-01",
    size,
    change,
};

const CAPACITY: &str = "/sku/capacity";
const MAXIMUM: &str = "/properties/maximumElasticWorkerCount";

/// Read-only members.
const NOT_SENT: &[&str] = &[
    "/properties/status",
    "/properties/subscription",
    "/properties/maximumNumberOfWorkers",
    "/properties/numberOfWorkers",
    "/properties/geoRegion",
    "/properties/numberOfSites",
    "/properties/resourceGroup",
    "/properties/provisioningState",
    "/properties/hostingEnvironmentProfile/name",
    "/properties/hostingEnvironmentProfile/type",
    "/properties/kubeEnvironmentProfile/name",
    "/properties/kubeEnvironmentProfile/type",
];

fn size(body: &Value) -> Result<Size, String> {
    match text(body, "/sku/tier").as_str() {
        "FlexConsumption" => {
            return Err(
                "a Flex Consumption plan has no instances of its own; name its app instead: \
                 …/Microsoft.Web/sites/<app>"
                    .to_owned(),
            );
        }
        "Dynamic" => {
            return Err(
                "a Consumption plan scales by itself and has no size; remove it from the schedule"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let min = number(body, CAPACITY).ok_or_else(|| missing("sku.capacity"))?;
    if !is_elastic(body) {
        return Ok(Size::One(min));
    }
    let max = number(body, MAXIMUM).ok_or_else(|| missing("maximumElasticWorkerCount"))?;
    Ok(Size::Between { min, max })
}

fn change(body: &Value, desired: Size) -> Result<Change, String> {
    let mut body = to_send(body, NOT_SENT);
    let elastic = is_elastic(&body);
    match desired {
        Size::One(count) => {
            let maximum = number(&body, MAXIMUM).filter(|_| elastic);
            if let Some(maximum) = maximum.filter(|maximum| count > *maximum) {
                return Err(format!(
                    "{count} instances are more than the {maximum} that the plan may grow to; write \
                     min and max"
                ));
            }
            body["sku"]["capacity"] = count.into();
        }
        Size::Between { min, max } if elastic => {
            body["sku"]["capacity"] = min.into();
            body["properties"]["maximumElasticWorkerCount"] = max.into();
        }
        Size::Between { .. } => {
            return Err(
                "the plan does not scale by itself, so it has no two bounds; write one number, or switch \
                 its automatic scaling on (az appservice plan update --elastic-scale true)"
                    .to_owned(),
            );
        }
    }
    Ok(Change::whole(body, None))
}

/// Elastic Premium and the workflow plans of Logic Apps always scale by themselves, Premium v2 and later ones
/// only with automatic scaling on.
fn is_elastic(body: &Value) -> bool {
    let tier = text(body, "/sku/tier");
    let always = ["ElasticPremium", "WorkflowStandard"];
    always.iter().any(|it| tier.eq_ignore_ascii_case(it))
        || body["properties"]["elasticScaleEnabled"] == true
}
