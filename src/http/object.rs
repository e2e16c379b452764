//! The JSON object of a request's body: one reader for all routes, which reports every error at once.

use std::fmt;

use hyper::StatusCode;
use serde::Deserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::{FieldError, Problem, Request};

/// The object that a path accepts.
#[derive(Debug)]
pub struct ObjectFormat {
    /// Maximum size of the body in bytes.
    pub limit: usize,
    /// The names of the members.
    pub members: &'static [&'static str],
    /// An example for the error messages.
    pub example: &'static str,
    /// The last part of the `type` of the 422 problem.
    pub problem: &'static str,
    /// The title of the 422 problem.
    pub title: &'static str,
}

impl ObjectFormat {
    /// Reads the object of a request's body.
    ///
    /// # Errors
    /// 413, 408, 400 and 415 as for every body; 400 for a body that is not JSON; 422 for JSON that is not
    /// an object.
    pub async fn read(&'static self, request: &mut Request) -> Result<Members, Problem> {
        let body = request.json_body(self.limit).await?;
        self.parse(&body)
    }

    fn parse(&'static self, body: &[u8]) -> Result<Members, Problem> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let mut members = Members {
            format: self,
            known: self.members.iter().map(|_| Occurrence::Missing).collect(),
            errors: Vec::new(),
            unknown: Vec::new(),
            unlisted: 0,
        };
        let read = json.deserialize_map(&mut members).and_then(|()| json.end());
        match read {
            Ok(()) => Ok(members),
            Err(error) if error.classify() == Category::Data => {
                let detail = format!("it is not an object; send {}", self.example);
                Err(self.invalid(vec![FieldError::new("", detail)]))
            }
            Err(error) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed-json",
                "The body is not JSON",
                format!("{error}; send {}", self.example),
            )),
        }
    }

    /// 422 with these errors.
    pub fn invalid(&self, errors: Vec<FieldError>) -> Problem {
        let details = errors.iter();
        let details: Vec<String> = details
            .map(|error| format!("{}: {}", error.field, error.detail))
            .collect();
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            self.problem,
            self.title,
            details.join("; "),
        )
        .with_errors(errors)
    }
}

/// The members of an object, as they are in the text: serde's own maps would hide a repeated one.
#[derive(Debug)]
pub struct Members {
    format: &'static ObjectFormat,
    /// In the order of the format's members.
    known: Vec<Occurrence>,
    errors: Vec<FieldError>,
    /// The first of the unknown members.
    unknown: Vec<String>,
    unlisted: usize,
}

#[derive(Debug)]
enum Occurrence {
    Missing,
    Once(Value),
    Repeated,
}

/// Unknown members that a response lists, and the characters of each name that it shows. The response
/// stays short, whatever the body contains.
const LISTED: usize = 20;
const SHOWN: usize = 100;

impl Members {
    /// Removes a member and returns its value. A member that is missing, repeated or invalid becomes an
    /// error of [`Members::finish`].
    ///
    /// # Panics
    /// If the format does not have the member.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let place = self.format.members.iter().position(|it| *it == name);
        let place = place.expect("the format has the member");
        let occurrence = std::mem::replace(&mut self.known[place], Occurrence::Missing);
        let value = match occurrence {
            Occurrence::Missing => Err(format!("it is missing; send {}", self.format.example)),
            Occurrence::Once(value) => {
                let found = type_name(&value);
                T::deserialize(value).map_err(|error| description(found, &error))
            }
            Occurrence::Repeated => Err("it occurs more than once; send it once".to_owned()),
        };
        value
            .map_err(|detail| {
                let error = FieldError::new(format!("/{name}"), detail);
                self.errors.push(error);
            })
            .ok()
    }

    /// Returns the value that was made of the members.
    ///
    /// # Errors
    /// 422 with the errors of all members that were taken, and of all unknown members.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        if !self.unknown.is_empty() {
            self.report_unknown();
        }
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.format.invalid(self.errors)),
        }
    }

    fn report_unknown(&mut self) {
        let known = self.known_names();
        let unknown = self.unknown.iter().map(|name| unknown(name, &known));
        self.errors.extend(unknown);
        if self.unlisted > 0 {
            let detail = format!("{} more unknown members; {known}", self.unlisted);
            self.errors.push(FieldError::new("", detail));
        }
    }

    fn known_names(&self) -> String {
        match self.format.members {
            [one] => format!("the only member is {one}"),
            many => format!("the members are {}", many.join(", ")),
        }
    }
}

/// The error of a value. Where serde names the type of a value, this uses the names of JSON's types.
fn description(found: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let types = text.strip_prefix("invalid type: ");
    match types.and_then(|types| types.rsplit_once(", expected ")) {
        Some((_, expected)) => format!("it is {found}; send {expected}"),
        None => text,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn unknown(member: &str, known: &str) -> FieldError {
    let mut shown: String = member.chars().take(SHOWN).collect();
    if shown.len() < member.len() {
        shown.push('…');
    }
    let pointer = shown.replace('~', "~0").replace('/', "~1");
    FieldError::new(format!("/{pointer}"), format!("unknown member; {known}"))
}

impl<'de> Visitor<'de> for &mut Members {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let Some(place) = self.format.members.iter().position(|it| *it == name) else {
                map.next_value::<IgnoredAny>()?;
                if self.unknown.len() < LISTED {
                    self.unknown.push(name);
                } else {
                    self.unlisted += 1;
                }
                continue;
            };
            let value = map.next_value()?;
            let occurrence = &mut self.known[place];
            *occurrence = match occurrence {
                Occurrence::Missing => Occurrence::Once(value),
                Occurrence::Once(_) | Occurrence::Repeated => Occurrence::Repeated,
            };
        }
        Ok(())
    }
}
