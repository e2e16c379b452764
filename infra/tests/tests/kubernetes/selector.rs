//! Label selectors, as Kubernetes understands them.

use serde_json::Value;

/// Whether a label selector chooses these labels. A missing one chooses nothing, an empty one all.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>
///
/// # Panics
///
/// On an operator that Kubernetes does not have.
pub(crate) fn chooses(selector: &Value, labels: &Value) -> bool {
    if selector.is_null() {
        return false;
    }
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten();
    equal
        .into_iter()
        .all(|(key, value)| labels.get(key) == Some(value))
        && expressions
            .into_iter()
            .all(|expression| holds(expression, labels))
}

fn holds(expression: &Value, labels: &Value) -> bool {
    let key = expression["key"].as_str().expect("an expression has a key");
    let value = labels.get(key);
    let values = expression["values"].as_array();
    let listed = value.is_some_and(|value| values.is_some_and(|values| values.contains(value)));
    match expression["operator"].as_str() {
        Some("In") => listed,
        Some("NotIn") => !listed,
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        other => panic!("the operator {other:?} does not exist"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::chooses;

    #[test]
    fn a_selector_chooses_as_kubernetes_does() {
        let labels = json!({ "component": "database", "tier": "data" });
        let chosen = |selector| chooses(&selector, &labels);
        let expression = |operator, values: &[&str]| {
            let expression = json!({ "key": "component", "operator": operator, "values": values });
            json!({ "matchExpressions": [expression] })
        };
        assert!(chosen(json!({})));
        assert!(!chosen(json!(null)));
        assert!(chosen(json!({ "matchLabels": { "tier": "data" } })));
        assert!(!chosen(
            json!({ "matchLabels": { "tier": "data", "component": "cache" } })
        ));
        assert!(chosen(expression("In", &["cache", "database"])));
        assert!(!chosen(expression("In", &["cache"])));
        assert!(chosen(expression("NotIn", &["cache"])));
        assert!(chosen(expression("Exists", &[])));
        assert!(!chosen(expression("DoesNotExist", &[])));
    }
}
