//! Settings named `AzureFunctionsJobHost__…` replace members of host.json.
//!
//! Source: Azure/azure-functions-host, `HostJsonFileConfigurationSource.cs` and .NET's
//! configuration: `__` in a variable's name separates levels, and names compare without case.

use serde_json::{Map, Value, json};

use crate::settings::Settings;

const PREFIX: &str = "AzureFunctionsJobHost__";

/// Puts every override of `settings` into `document`, the contents of host.json.
pub(crate) fn apply(document: &mut Value, settings: &Settings) {
    for (name, value) in settings.iter() {
        let path = name.get(..PREFIX.len()).zip(name.get(PREFIX.len()..));
        if let Some((prefix, path)) = path
            && prefix.eq_ignore_ascii_case(PREFIX)
        {
            set(document, path, value);
        }
    }
}

fn set(target: &mut Value, path: &str, value: &str) {
    let (name, rest) = path
        .split_once("__")
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let member = member(target, name);
    match rest {
        Some(rest) => set(member, rest, value),
        None => *member = json!(value),
    }
}

/// The member or element `name` of `target`, made if missing. A value that has no members becomes
/// an object or an array: the override wins.
fn member<'a>(target: &'a mut Value, name: &str) -> &'a mut Value {
    let index = name.parse::<usize>().ok();
    if !(target.is_object() || (target.is_array() && index.is_some())) {
        *target = match index {
            Some(_) => Value::Array(Vec::new()),
            None => Value::Object(Map::new()),
        };
    }
    match target {
        Value::Array(elements) => {
            let index = index.unwrap_or_default().min(elements.len());
            if index == elements.len() {
                elements.push(Value::Null);
            }
            &mut elements[index]
        }
        Value::Object(members) => {
            let known = members.keys().find(|key| key.eq_ignore_ascii_case(name));
            let name = known.cloned().unwrap_or_else(|| name.to_owned());
            members.entry(name).or_insert(Value::Null)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_replaces_a_member_an_element_or_makes_one() {
        let mut document = json!({"functionTimeout": "00:05:00", "a": {"list": ["x", "y"]}});
        let settings = Settings::default().overlaid([
            ("AzureFunctionsJobHost__FUNCTIONTIMEOUT", "00:00:02"),
            ("azurefunctionsjobhost__a__list__0", "zero"),
            ("AzureFunctionsJobHost__functions__0", "scale"),
            ("AzureFunctionsJobHost__functions__1", "item"),
            ("AzureFunctionsJobHost__b__c", "d"),
            ("Other__a", "e"),
        ]);
        apply(&mut document, &settings);
        let expected = json!({
            "functionTimeout": "00:00:02", "a": {"list": ["zero", "y"]},
            "functions": ["scale", "item"], "b": {"c": "d"},
        });
        assert_eq!(document, expected);
    }
}
