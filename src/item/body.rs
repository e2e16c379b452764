//! The body of a creation or renaming: `{"name": "…"}` and nothing else.

use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use warp::http::StatusCode;

use super::ItemName;
use crate::http::{FieldError, Problem};

/// The longest name is some 3 KB when each of its characters is escaped.
pub(super) const LIMIT: usize = 64 * 1024;

/// Reads the name.
///
/// # Errors
/// 400 for what is no JSON; 422 for JSON that says something else, with everything that is wrong
/// at once.
pub(super) fn parse(body: &[u8]) -> Result<ItemName, Problem> {
    let body: Body = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    match body {
        Body::Object(members) => members.name().map_err(invalid),
        Body::Other => Err(invalid(vec![FieldError::new(
            "",
            "it is not an object; send {\"name\": \"…\"}",
        )])),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed-json",
        "The body is not JSON",
        format!("{error}; send {{\"name\": \"…\"}}"),
    )
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-item",
        "The body does not describe an item",
        errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.detail))
            .collect::<Vec<_>>()
            .join("; "),
    )
    .with_errors(errors)
}

enum Body {
    Object(Members),
    Other,
}

/// The members as they stand in the text: serde's own maps would hide a second `name`.
#[derive(Default)]
struct Members {
    names: Vec<Value>,
    /// The first of the members that are not known.
    unknown: Vec<String>,
    unlisted: usize,
}

/// Unknown members that an answer lists, and how much of each name. It stays short, however many there
/// are.
const LISTED: usize = 20;
const SHOWN: usize = 100;

impl Members {
    fn name(self) -> Result<ItemName, Vec<FieldError>> {
        let mut errors: Vec<FieldError> = self.unknown.iter().map(|it| unknown(it)).collect();
        if self.unlisted > 0 {
            let detail = format!(
                "{} more unknown members; the only member is name",
                self.unlisted
            );
            errors.push(FieldError::new("", detail));
        }
        let name = match &self.names[..] {
            [] => Err("it is missing; give a string of 1 to 255 characters".to_owned()),
            [Value::String(text)] => ItemName::parse(text).map_err(|error| error.to_string()),
            [other] => Err(format!("it is {}; give a string", kind(other))),
            _ => Err("it is there more than once; give it once".to_owned()),
        };
        match name {
            Ok(name) if errors.is_empty() => Ok(name),
            Ok(_) => Err(errors),
            Err(detail) => {
                errors.insert(0, FieldError::new("/name", detail));
                Err(errors)
            }
        }
    }
}

fn unknown(member: &str) -> FieldError {
    let mut shown: String = member.chars().take(SHOWN).collect();
    if shown.len() < member.len() {
        shown.push('…');
    }
    let pointer = shown.replace('~', "~0").replace('/', "~1");
    FieldError::new(
        format!("/{pointer}"),
        "unknown member; the only member is name",
    )
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut members = Members::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "name" {
                members.names.push(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                if members.unknown.len() < LISTED {
                    members.unknown.push(key);
                } else {
                    members.unlisted += 1;
                }
            }
        }
        Ok(Body::Object(members))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Body, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Body::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_unit<E>(self) -> Result<Body, E> {
        Ok(Body::Other)
    }
}
