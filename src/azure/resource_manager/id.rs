//! Ids of resources.

use std::fmt;

/// The id of a resource in a resource group:
/// `/subscriptions/…/resourceGroups/…/providers/<namespace>/<type>/<name>`, with more pairs of types and
/// names for nested resources. Ids are case-insensitive.
#[derive(Clone, Debug)]
pub struct ResourceId {
    text: String,
    resource_type: String,
    names: Vec<String>,
    group: String,
}

/// Whether it can be a name in Azure. Such names have no characters with a meaning in a URL.
fn is_segment(segment: &str) -> bool {
    let allowed = |it: char| it.is_alphanumeric() || "-_.()".contains(it);
    !segment.is_empty() && !segment.ends_with('.') && segment.chars().all(allowed)
}

impl ResourceId {
    /// The id that is written so.
    pub fn parse(text: &str) -> Option<ResourceId> {
        let segments: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
        if !segments.iter().all(|segment| is_segment(segment)) {
            return None;
        }
        let [first, _, second, group, third, namespace, rest @ ..] = segments.as_slice() else {
            return None;
        };
        let fixed = first.eq_ignore_ascii_case("subscriptions")
            && second.eq_ignore_ascii_case("resourceGroups")
            && third.eq_ignore_ascii_case("providers");
        if !fixed || rest.is_empty() || !rest.len().is_multiple_of(2) {
            return None;
        }
        let mut resource_type = (*namespace).to_owned();
        let mut names = Vec::new();
        for pair in rest.chunks(2) {
            resource_type = format!("{resource_type}/{}", pair[0]);
            names.push(pair[1].to_owned());
        }
        Some(ResourceId {
            text: text.to_owned(),
            resource_type,
            names,
            group: (*group).to_owned(),
        })
    }

    /// The id as the operator wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Such as `Microsoft.Compute/virtualMachineScaleSets`, as the operator wrote it.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The name of the resource group.
    pub fn group(&self) -> &str {
        &self.group
    }

    pub fn name(&self) -> &str {
        self.names.last().expect("an id has a name at least")
    }

    /// The id of the outermost resource that contains this one, in lower case; its own if it is not nested.
    pub fn root(&self) -> String {
        let own = self.names.len().saturating_sub(1) * 2;
        let segments: Vec<&str> = self.text.split('/').collect();
        segments[..segments.len() - own]
            .join("/")
            .to_ascii_lowercase()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &ResourceId) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for ResourceId {}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "/subscriptions/s1/resourceGroups/rg (1)/providers/\
                        Microsoft.ContainerService/managedClusters/c1/agentPools/p1";

    #[test]
    fn an_id_has_a_type_a_name_and_a_group() {
        let text = POOL.replace(' ', "-");
        let id = ResourceId::parse(&text).expect("an id");
        assert_eq!(
            id.resource_type(),
            "Microsoft.ContainerService/managedClusters/agentPools"
        );
        assert_eq!((id.name(), id.group()), ("p1", "rg-(1)"));
        assert_eq!(
            id.root(),
            "/subscriptions/s1/resourcegroups/rg-(1)/providers/microsoft.containerservice/\
             managedclusters/c1"
        );
        assert_eq!(Some(id), ResourceId::parse(&text.to_uppercase()));
    }

    #[test]
    fn malformed_ids_are_rejected() {
        let good = "/subscriptions/s/resourceGroups/g/providers/N/t/n";
        assert!(ResourceId::parse(good).is_some());
        for bad in [
            "",
            "web",
            POOL,
            &good[1..],
            &format!("{good}/"),
            &format!("{good}/more"),
            &good.replace("/n", "/.."),
            &good.replace("/n", "/a?b"),
            &good.replace("/n", "/a#b"),
            &good.replace("/n", "/%2e%2e"),
            &good.replace("providers", "provider"),
            &good.replace("/t/n", ""),
        ] {
            assert_eq!(ResourceId::parse(bad), None, "{bad}");
        }
    }
}
