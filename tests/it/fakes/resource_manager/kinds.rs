//! Azure's rules for each kind of resource: its version, its sizes, its members.

use schedule::Size;
use serde_json::{Map, Value, json};

use super::members::{
    APP_SERVICE, NODE_POOL, PLAN, PLAN_OWNED, REJECTED_BY_FLEX, SITE, SITE_OWNED,
};
use super::reply::Reply;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NodePool,
    ScaleSet,
    FlexApp,
    Plan,
}

const READY: &str = "/properties/functionAppConfig/scaleAndConcurrency/alwaysReady";

impl Kind {
    /// A response of Azure.
    pub(super) fn sample(self) -> Value {
        let text = match self {
            Kind::NodePool => include_str!("../../../../src/scale/resource/samples/node_pool.json"),
            Kind::ScaleSet => include_str!("../../../../src/scale/resource/samples/scale_set.json"),
            Kind::FlexApp => include_str!("../../../../src/scale/resource/samples/flex_app.json"),
            Kind::Plan => include_str!("../../../../src/scale/resource/samples/plan.json"),
        };
        serde_json::from_str(text).expect("JSON")
    }

    pub(super) fn namespace(self) -> &'static str {
        match self {
            Kind::NodePool => "Microsoft.ContainerService",
            Kind::ScaleSet => "Microsoft.Compute",
            Kind::FlexApp | Kind::Plan => "Microsoft.Web",
        }
    }

    pub(super) fn api_version(self) -> &'static str {
        match self {
            Kind::NodePool => "2026-06-01",
            Kind::ScaleSet => "2026-04-01",
            Kind::FlexApp | Kind::Plan => "2025-05-01",
        }
    }

    pub(super) fn method(self) -> &'static str {
        match self {
            Kind::ScaleSet => "PATCH",
            _ => "PUT",
        }
    }

    /// The pointer of the `ETag`.
    pub(super) fn etag(self) -> Option<&'static str> {
        match self {
            Kind::NodePool => Some("/properties/eTag"),
            Kind::ScaleSet => Some("/etag"),
            Kind::FlexApp | Kind::Plan => None,
        }
    }

    pub(super) fn has_state(self) -> bool {
        self != Kind::FlexApp
    }

    /// Its state during a change.
    pub(super) fn word_for_changing(self) -> &'static str {
        match self {
            Kind::Plan => "InProgress",
            _ => "Updating",
        }
    }

    pub(super) fn size(self, body: &Value) -> Size {
        let number = |pointer: &str| {
            let number = body.pointer(pointer).and_then(Value::as_u64);
            let number = number.and_then(|number| number.try_into().ok());
            number.unwrap_or_else(|| panic!("{pointer} of {body}"))
        };
        match self {
            Kind::NodePool if is_automatic(body) => Size::Between {
                min: number("/properties/minCount"),
                max: number("/properties/maxCount"),
            },
            Kind::NodePool => Size::One(number("/properties/count")),
            Kind::Plan if is_elastic(body) => Size::Between {
                min: number("/sku/capacity"),
                max: number("/properties/maximumElasticWorkerCount"),
            },
            Kind::ScaleSet | Kind::Plan => Size::One(number("/sku/capacity")),
            Kind::FlexApp => {
                let groups = body.pointer(READY).and_then(Value::as_array);
                let http = groups.into_iter().flatten();
                let mut http = http.filter(|group| group["name"] == "http");
                let min = http
                    .next()
                    .and_then(|group| group["instanceCount"].as_u64());
                let scale = &body["properties"]["functionAppConfig"]["scaleAndConcurrency"];
                Size::Between {
                    min: min.unwrap_or(0).try_into().expect("a count"),
                    max: scale["maximumInstanceCount"]
                        .as_u64()
                        .and_then(|max| max.try_into().ok())
                        .expect("a count"),
                }
            }
        }
    }

    pub(super) fn set_size(self, body: &mut Value, size: Size) {
        match (self, size) {
            (Kind::NodePool, Size::One(count)) => body["properties"]["count"] = count.into(),
            (Kind::NodePool, Size::Between { min, max }) => {
                body["properties"]["minCount"] = min.into();
                body["properties"]["maxCount"] = max.into();
            }
            (Kind::ScaleSet | Kind::Plan, Size::One(count)) => {
                body["sku"]["capacity"] = count.into();
            }
            (Kind::Plan, Size::Between { min, max }) => {
                body["sku"]["capacity"] = min.into();
                body["properties"]["maximumElasticWorkerCount"] = max.into();
            }
            (Kind::FlexApp, Size::Between { min, max }) => {
                let scale = &mut body["properties"]["functionAppConfig"]["scaleAndConcurrency"];
                scale["alwaysReady"] = json!([
                    {"name": "durable", "instanceCount": 1}, {"name": "http", "instanceCount": min}
                ]);
                scale["maximumInstanceCount"] = max.into();
            }
            (kind, size) => panic!("{kind:?} has no size {size}"),
        }
    }

    /// The error of a body that Azure would reject, or should not receive.
    pub(super) fn rejection(self, old: &Value, sent: &Value) -> Option<Reply> {
        let refuse = |code: &str, words: String| Some(Reply::error(400, code, &words));
        let unknown =
            foreign(sent, self.tops()).or_else(|| foreign(&sent["properties"], self.members()));
        if let Some(member) = unknown {
            let words =
                format!("Could not find member '{member}' on the object, or it is read-only.");
            return refuse("InvalidRequestContent", words);
        }
        let mut owned = self.owned().iter();
        if let Some(place) = owned.find_map(|pattern| places(sent, pattern).pop()) {
            let words = format!("'{place}' is read-only.");
            return refuse("InvalidRequestContent", words);
        }
        if self == Kind::FlexApp
            && let Some(rejection) = rejected_by_flex(sent)
        {
            return Some(rejection);
        }
        let merged = self.merged(old, sent);
        let counts = self.counts(&merged);
        if let Some((member, _)) = counts.iter().find(|(_, count)| !is_count(count)) {
            let words = format!("The value of parameter {member} is invalid.");
            return refuse("InvalidParameter", words);
        }
        let system = merged["properties"]["mode"] == "System";
        if system && counts.iter().any(|(_, count)| *count == 0) {
            let words = "A system node pool must have at least 1 node.";
            return refuse("InvalidParameter", words.to_owned());
        }
        if sent["sku"].is_object() && sent["sku"]["name"] != old["sku"]["name"] {
            return refuse("PropertyChangeNotAllowed", "sku.name".to_owned());
        }
        None
    }

    /// The members that a request may have.
    fn tops(self) -> &'static [&'static str] {
        match self {
            Kind::NodePool => &["properties"],
            Kind::ScaleSet => &["sku"],
            Kind::FlexApp => &APP_SERVICE[1..],
            Kind::Plan => APP_SERVICE,
        }
    }

    /// The read-only members within those.
    fn owned(self) -> &'static [&'static str] {
        match self {
            Kind::NodePool => &["/properties/localDNSProfile/state"],
            Kind::ScaleSet => &[],
            Kind::FlexApp => SITE_OWNED,
            Kind::Plan => PLAN_OWNED,
        }
    }

    /// The counts that its size is made of.
    fn counts(self, body: &Value) -> Vec<(&'static str, Value)> {
        let pointers: &[&str] = match self {
            Kind::NodePool if is_automatic(body) => &[
                "/properties/count",
                "/properties/minCount",
                "/properties/maxCount",
            ],
            Kind::NodePool => &["/properties/count"],
            Kind::ScaleSet => &["/sku/capacity"],
            Kind::Plan => &["/sku/capacity", "/properties/maximumElasticWorkerCount"],
            Kind::FlexApp => {
                &["/properties/functionAppConfig/scaleAndConcurrency/maximumInstanceCount"]
            }
        };
        let count = |pointer: &&'static str| {
            let count = body.pointer(pointer).cloned();
            (*pointer, count.unwrap_or_default())
        };
        pointers.iter().map(count).collect()
    }

    /// The members of `properties` that a request may have.
    fn members(self) -> &'static [&'static str] {
        match self {
            Kind::NodePool => NODE_POOL,
            Kind::ScaleSet => &[],
            Kind::FlexApp => SITE,
            Kind::Plan => PLAN,
        }
    }

    /// The resource after a change. A PUT keeps only the read-only members, so a member that was not sent is
    /// lost.
    pub(super) fn merged(self, old: &Value, sent: &Value) -> Value {
        let mut merged = sent.clone();
        if self == Kind::ScaleSet {
            merged = old.clone();
            merged["sku"] = sent["sku"].clone();
            return merged;
        }
        let own = |name: &str, all: &[&str]| !all.contains(&name);
        keep(&mut merged, old, |name| own(name, APP_SERVICE));
        keep(&mut merged["properties"], &old["properties"], |name| {
            own(name, self.members())
        });
        let rejected = REJECTED_BY_FLEX.map(|name| format!("/properties/siteConfig/{name}"));
        let owned = self.owned().iter().copied();
        for pattern in owned.chain(rejected.iter().map(String::as_str)) {
            for place in places(old, pattern) {
                let (parent, name) = place.rsplit_once('/').expect("a pointer");
                if let Some(Value::Object(members)) = merged.pointer_mut(parent) {
                    members.insert(
                        name.to_owned(),
                        old.pointer(&place).cloned().unwrap_or_default(),
                    );
                }
            }
        }
        if merged["identity"].is_object() {
            merged["identity"] = old["identity"].clone();
        }
        merged
    }
}

/// Copies the members of `old` with these names.
fn keep(new: &mut Value, old: &Value, named: impl Fn(&str) -> bool) {
    let empty = Map::new();
    for (name, member) in old.as_object().unwrap_or(&empty) {
        if named(name) {
            new[name] = member.clone();
        }
    }
}

/// A member that is not one of these.
fn foreign(body: &Value, known: &[&str]) -> Option<String> {
    let names = body.as_object().into_iter().flat_map(Map::keys);
    let mut foreign = names.filter(|name| !known.contains(&name.as_str()));
    foreign.next().cloned()
}

/// The pointers of members that a pattern matches, in which `*` matches every name.
fn places(body: &Value, pattern: &str) -> Vec<String> {
    let mut places = vec![String::new()];
    for part in pattern.split('/').skip(1) {
        let inner = |place: &String| {
            let names = match (part, body.pointer(place)) {
                ("*", Some(Value::Object(members))) => members.keys().cloned().collect(),
                _ => vec![part.to_owned()],
            };
            let names = names
                .iter()
                .map(|name| name.replace('~', "~0").replace('/', "~1"));
            let inner = names.map(|name| format!("{place}/{name}"));
            inner.collect::<Vec<String>>()
        };
        places = places.iter().flat_map(inner).collect();
    }
    places.retain(|place| body.pointer(place).is_some());
    places
}

/// Some regions reject members of Windows and of other plans, even if they are null. All reject an app with more
/// always-ready instances than its maximum.
fn rejected_by_flex(sent: &Value) -> Option<Reply> {
    let config = &sent["properties"]["siteConfig"];
    let mut rejected = REJECTED_BY_FLEX.iter();
    if let Some(name) = rejected.find(|name| config.get(name).is_some()) {
        let words = format!(
            "The following site configuration property (Site.SiteConfig.{name}) for Flex Consumption \
             sites is invalid.  Please remove or rename it before retrying."
        );
        let entity = json!({ "ExtendedCode": "51021", "Code": "BadRequest", "Message": words });
        let body = json!({
            "Code": "BadRequest", "Message": words, "Details": [{ "ErrorEntity": entity }]
        });
        return Some(Reply::new(400, body));
    }
    let ready = sent.pointer(READY).and_then(Value::as_array);
    let counts = ready.into_iter().flatten();
    let sum: u64 = counts.filter_map(|it| it["instanceCount"].as_u64()).sum();
    let scale = &sent["properties"]["functionAppConfig"]["scaleAndConcurrency"];
    let maximum = scale["maximumInstanceCount"].as_u64();
    maximum.is_some_and(|maximum| sum > maximum).then(|| {
        let words = "The sum of alwaysReady instances must not exceed maximumInstanceCount.";
        Reply::error(400, "BadRequest", words)
    })
}

fn is_count(value: &Value) -> bool {
    value.as_u64().is_some_and(|count| count <= 1000)
}

fn is_automatic(body: &Value) -> bool {
    body["properties"]["enableAutoScaling"] == true
}

fn is_elastic(body: &Value) -> bool {
    let tier = body["sku"]["tier"].as_str().unwrap_or_default();
    ["ElasticPremium", "WorkflowStandard"].contains(&tier)
        || body["properties"]["elasticScaleEnabled"] == true
}
