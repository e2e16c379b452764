//! Types of custom resources as schemas that reject unknown members.
//!
//! The crates `kcr_*` are generated from the definitions that the operators install. Their types state members,
//! required members, types and enumerations; they do not state bounds and patterns.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use infra_tests::fetched_folder;
use serde_json::{Map, Value, json};
use syn::{Attribute, Fields, GenericArgument, Ident, Item, LitStr, PathArguments, Type};

/// Schemas of all kinds, by `apiVersion` and kind.
pub(crate) fn schemas() -> BTreeMap<(String, String), Value> {
    let mut schemas = BTreeMap::new();
    for source in sources(&fetched_folder("CUSTOM_RESOURCES")) {
        schemas.extend(kind(&source));
    }
    schemas
}

/// `<crate>/src/<version>/<kind>.rs`.
fn sources(vendor: &Path) -> Vec<String> {
    let below = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry can be read").path())
    };
    let versions = below(vendor).flat_map(|name| below(&name.join("src")).collect::<Vec<_>>());
    let files = versions.flat_map(|version| below(&version).collect::<Vec<_>>());
    let files = files.filter(|file| file.extension().is_some_and(|it| it == "rs"));
    files
        .map(|file| fs::read_to_string(file).expect("a source can be read"))
        .collect()
}

/// The kind that a source defines. Types of other items of the file are referred to by name.
fn kind(source: &str) -> Option<((String, String), Value)> {
    let file = syn::parse_file(source).expect("a generated source is Rust");
    let mut kind = None;
    let mut types = Map::new();
    for item in &file.items {
        match item {
            Item::Struct(item) => {
                if let Some(attributes) = resource(&item.attrs) {
                    kind = Some((attributes, item.ident.to_string()));
                }
                types.insert(item.ident.to_string(), object(&item.fields));
            }
            Item::Enum(item) => {
                let values = item.variants.iter();
                let values = values.map(|it| name(&it.attrs, &it.ident));
                types.insert(
                    item.ident.to_string(),
                    json!({ "enum": values.collect::<Vec<_>>() }),
                );
            }
            _ => {}
        }
    }
    let ((version, kind), spec) = kind?;
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": { "const": version },
            "kind": { "const": kind },
            "metadata": { "type": "object" },
            "spec": { "$ref": format!("#/$defs/{spec}") },
        },
        "$defs": types,
    });
    Some(((version, kind), schema))
}

/// `apiVersion` and kind, of the attribute `#[kube(group = …, version = …, kind = …)]`.
fn resource(attributes: &[Attribute]) -> Option<(String, String)> {
    let values = values(attributes, "kube");
    let value = |key: &str| values.get(key).cloned();
    Some((
        format!("{}/{}", value("group")?, value("version")?),
        value("kind")?,
    ))
}

fn object(fields: &Fields) -> Value {
    let mut required = Vec::new();
    let mut properties = Map::new();
    for field in fields {
        let ident = field.ident.as_ref().expect("a member has a name");
        let name = name(&field.attrs, ident);
        let inner = inner(&field.ty, "Option");
        if inner.is_none() {
            required.push(name.clone());
        }
        properties.insert(name, schema(inner.unwrap_or(&field.ty)));
    }
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn schema(of: &Type) -> Value {
    if let Some(items) = inner(of, "Vec") {
        return json!({ "type": "array", "items": schema(items) });
    }
    if let Some(values) = inner(of, "BTreeMap") {
        return json!({ "type": "object", "additionalProperties": schema(values) });
    }
    let Type::Path(path) = of else {
        panic!("a member has a type with a name");
    };
    let name = &path.path.segments.last().expect("a path has a name").ident;
    match name.to_string().as_str() {
        "String" => json!({ "type": "string" }),
        "bool" => json!({ "type": "boolean" }),
        "i32" | "i64" => json!({ "type": "integer" }),
        "f64" => json!({ "type": "number" }),
        "IntOrString" => json!({ "type": ["integer", "string"] }),
        // Of a status, which no manifest has.
        "Condition" => json!({ "type": "object" }),
        // A definition may leave a member open.
        "Value" => json!({}),
        other => json!({ "$ref": format!("#/$defs/{other}") }),
    }
}

/// The last argument of a generic type with this name.
fn inner<'a>(of: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = of else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.last()? {
        GenericArgument::Type(argument) if segment.ident == name => Some(argument),
        _ => None,
    }
}

/// The name in a manifest: `rename` of serde's attribute, else the identifier.
fn name(attributes: &[Attribute], ident: &Ident) -> String {
    let renamed = values(attributes, "serde").remove("rename");
    renamed.unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned())
}

/// The text values of the attributes called `name`.
fn values(attributes: &[Attribute], name: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for attribute in attributes.iter().filter(|it| it.path().is_ident(name)) {
        let parsed = attribute.parse_nested_meta(|meta| {
            if let Ok(value) = meta.value() {
                let key = meta.path.require_ident()?.to_string();
                values.insert(key, value.parse::<LitStr>()?.value());
            }
            Ok(())
        });
        parsed.expect("an attribute has text values");
    }
    values
}

#[test]
fn types_reject_unknown_members_and_wrong_types() {
    let source = r#"
        #[kube(group = "example.org", version = "v1", kind = "Thing", plural = "things")]
        #[kube(namespaced)]
        pub struct ThingSpec {
            #[serde(default, rename = "instanceCount")]
            pub instance_count: i64,
            pub mode: Option<ThingMode>,
            pub labels: Option<BTreeMap<String, Vec<String>>>,
        }
        pub enum ThingMode { #[serde(rename = "fast")] Fast, Slow }
    "#;
    let ((version, kind), schema) = kind(source).expect("the source defines a kind");
    assert_eq!(
        (version.as_str(), kind.as_str()),
        ("example.org/v1", "Thing")
    );
    let judge = |spec: Value| {
        let thing = json!({ "apiVersion": version, "kind": kind, "metadata": {}, "spec": spec });
        crate::strict::validate(&schema, &thing)
    };
    judge(json!({ "instanceCount": 1, "mode": "fast", "labels": { "a": ["b"] } })).unwrap();
    for wrong in [
        json!({}),
        json!({ "instanceCount": "1" }),
        json!({ "instanceCount": 1, "instances": 2 }),
        json!({ "instanceCount": 1, "mode": "Fast" }),
        json!({ "instanceCount": 1, "labels": { "a": "b" } }),
    ] {
        assert!(judge(wrong.clone()).is_err(), "{wrong}");
    }
}
