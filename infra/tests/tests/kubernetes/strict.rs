//! `CustomResourceDefinition`s as schemas that reject unknown members.
//!
//! The API server drops unknown fields without an error, so a manifest with one has less effect than it states.

use std::collections::BTreeMap;

use boon::{Compiler, Schemas};
use serde_json::{Map, Value, json};

/// Definitions, by `apiVersion` and kind.
#[derive(Default)]
pub(crate) struct Definitions(BTreeMap<(String, String), Value>);

impl Definitions {
    /// Those among `documents`.
    pub(crate) fn add(&mut self, documents: &[Value]) {
        let definitions = documents
            .iter()
            .filter(|it| it["kind"] == "CustomResourceDefinition");
        for definition in definitions {
            let spec = &definition["spec"];
            let [group, kind] =
                [&spec["group"], &spec["names"]["kind"]].map(|it| it.as_str().unwrap_or_default());
            for version in spec["versions"].as_array().into_iter().flatten() {
                let name = version["name"].as_str().unwrap_or_default();
                let mut schema = version["schema"]["openAPIV3Schema"].clone();
                // Names, labels and the like, which no definition describes.
                schema["properties"]["metadata"] = json!({ "type": "object" });
                schema["required"] = json!(["apiVersion", "kind", "metadata"]);
                let key = (format!("{group}/{name}"), kind.to_owned());
                self.0.insert(key, strict(&schema));
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a manifest matches the definition of its kind; `None` where there is no definition.
    pub(crate) fn judge(&self, document: &Value) -> Option<Result<(), String>> {
        let [version, kind] =
            ["apiVersion", "kind"].map(|key| document[key].as_str().unwrap_or_default().to_owned());
        let schema = self.0.get(&(version, kind))?;
        Some(validate(schema, document))
    }
}

/// Whether a manifest matches a JSON Schema.
pub(crate) fn validate(schema: &Value, document: &Value) -> Result<(), String> {
    let mut rules = Compiler::new();
    let mut schemas = Schemas::new();
    let url = "schema.json";
    rules
        .add_resource(url, schema.clone())
        .expect("the schema is a mapping");
    let index = rules.compile(url, &mut schemas);
    let index = index.map_err(|error| format!("the schema is not valid: {error}"))?;
    let validated = schemas.validate(document, index);
    validated.map_err(|error| error.to_string())
}

/// Members that JSON Schema lacks, or that have another meaning there.
const LEFT_OUT: [&str; 4] = ["default", "description", "format", "example"];

/// The same schema, closed: an object with named members takes no others.
fn strict(schema: &Value) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    if members.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        return json!({ "type": ["integer", "string"] });
    }
    let mut closed = Map::new();
    for (key, value) in members {
        let value = match (key.as_str(), value) {
            (key, _) if LEFT_OUT.contains(&key) || key.starts_with("x-kubernetes-") => continue,
            ("properties", Value::Object(named)) => named
                .iter()
                .map(|(name, it)| (name.clone(), strict(it)))
                .collect(),
            ("items" | "additionalProperties", inner) => strict(inner),
            (_, other) => other.clone(),
        };
        closed.insert(key.clone(), value);
    }
    let is_open = members.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
    if members.contains_key("properties") && !is_open {
        closed.insert("additionalProperties".to_owned(), false.into());
    }
    if members.get("nullable") == Some(&json!(true)) {
        return json!({ "anyOf": [{ "type": "null" }, closed] });
    }
    closed.into()
}

#[test]
fn a_definition_rejects_unknown_members() {
    let size = json!({ "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] });
    let spec = json!({
        "type": "object",
        "required": ["instances"],
        "properties": {
            "instances": { "type": "integer", "minimum": 1 },
            "size": size,
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "values": { "type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": true },
        },
    });
    let version = json!({ "name": "v1", "schema": { "openAPIV3Schema": { "type": "object", "properties": {
        "apiVersion": { "type": "string" }, "kind": { "type": "string" }, "metadata": { "type": "object" }, "spec": spec,
    } } } });
    let mut definitions = Definitions::default();
    definitions.add(&[json!({
        "kind": "CustomResourceDefinition",
        "spec": { "group": "example.org", "names": { "kind": "Thing" }, "versions": [version] },
    })]);
    assert_eq!(definitions.len(), 1);
    let judge = |spec: Value| {
        let thing = json!({ "apiVersion": "example.org/v1", "kind": "Thing", "metadata": { "name": "x" }, "spec": spec });
        definitions.judge(&thing).expect("the kind is defined")
    };
    judge(json!({ "instances": 2, "size": "1Gi", "labels": { "any": "thing" }, "values": { "any": 1 } })).unwrap();
    for wrong in [
        json!({ "instances": 2, "instance": 2 }),
        json!({ "instances": 0 }),
        json!({ "size": 1 }),
        json!({ "instances": 2, "labels": { "any": 1 } }),
        json!({ "instances": 2, "size": true }),
    ] {
        assert!(judge(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(
        definitions
            .judge(&json!({ "apiVersion": "v1", "kind": "Pod" }))
            .is_none()
    );
}
