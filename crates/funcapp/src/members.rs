//! JSON objects with their file and path, for errors.
//!
//! Names compare without case when no exact one is there, as .NET's configuration and its JSON
//! reader do.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{error::Error, json::parse_json, timespan};

/// A JSON object inside a file.
#[derive(Clone)]
pub(crate) struct Members<'a> {
    file: &'a str,
    path: String,
    map: &'a Map<String, Value>,
}

pub(crate) fn document(file: &str, bytes: &[u8]) -> Result<Value, Error> {
    parse_json(bytes).map_err(|error| Error(format!("{file}: the document is not JSON: {error}")))
}

impl<'a> Members<'a> {
    /// The object that is the whole of `file`.
    pub(crate) fn root(file: &'a str, value: &'a Value) -> Result<Self, Error> {
        let map = value.as_object().ok_or_else(|| {
            Error(format!(
                "{file}: the document is not a JSON object; begin it with `{{`"
            ))
        })?;
        Ok(Self {
            file,
            path: String::new(),
            map,
        })
    }

    /// The error that `name`, a member of this object, has `problem`, which is the end of a sentence.
    pub(crate) fn error(&self, name: &str, problem: impl std::fmt::Display) -> Error {
        Error(format!("{}: {} {problem}", self.file, self.path_of(name)))
    }

    /// The value of `name`; a JSON `null` counts as absent.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.map
            .get(name)
            .or_else(|| {
                self.map
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, v)| v)
            })
            .filter(|value| !value.is_null())
    }

    /// Whether there is a member called exactly `name`: a few names do not compare without case.
    pub(crate) fn has_exactly(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Members<'a>>, Error> {
        let map = self.read(name, "is not an object", Value::as_object)?;
        Ok(map.map(|map| Members {
            file: self.file,
            path: self.path_of(name),
            map,
        }))
    }

    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Members<'a>>, Error> {
        let Some(values) = self.array(name)? else {
            return Ok(Vec::new());
        };
        values
            .iter()
            .enumerate()
            .map(|(index, value)| match value {
                Value::Object(map) => Ok(Members {
                    file: self.file,
                    path: format!("{}[{index}]", self.path_of(name)),
                    map,
                }),
                _ => Err(self.error(&format!("{name}[{index}]"), "is not an object")),
            })
            .collect()
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.read(name, "is not a string", Value::as_str)
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        let Some(values) = self.array(name)? else {
            return Ok(None);
        };
        values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map(Some)
            .ok_or_else(|| self.error(name, "holds something that is not a string"))
    }

    /// Every member of this object, which must all be strings.
    pub(crate) fn all_texts(&self) -> Result<Vec<(String, String)>, Error> {
        self.map
            .iter()
            .map(|(name, value)| {
                value
                    .as_str()
                    .map(|text| (name.clone(), text.to_owned()))
                    .ok_or_else(|| self.error(name, "is not a string; put it in quotes"))
            })
            .collect()
    }

    /// A boolean; the strings `"true"` and `"false"` count, as they do in .NET's configuration.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.read(name, "is neither true nor false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Error> {
        self.read(name, "is not a whole number", |value| {
            let number = value.as_str().and_then(|text| text.parse().ok());
            value.as_i64().or(number)
        })
    }

    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, Error> {
        self.text(name)?
            .map(|text| {
                timespan::parse(text).ok_or_else(|| {
                    let problem = format!("is `{text}`; write a length of time as `hh:mm:ss`");
                    self.error(name, problem)
                })
            })
            .transpose()
    }

    fn array(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Error> {
        self.read(name, "is not an array", Value::as_array)
    }

    /// Converts the value of `name` with `read`. The error has `problem` if the value is of another kind.
    fn read<T>(
        &self,
        name: &str,
        problem: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let value = self.value(name);
        value
            .map(|value| read(value).ok_or_else(|| self.error(name, problem)))
            .transpose()
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_names_the_file_and_the_whole_path_of_the_member() {
        let document = json!({"bindings": [{"name": "a"}, {"name": 7}]});
        let root = Members::root("Scale/function.json", &document).expect("an object");
        let bindings = root.objects("bindings").expect("an array of objects");
        let error = bindings[1].text("name").expect_err("7 is not a name");
        assert_eq!(
            error.to_string(),
            "Scale/function.json: bindings[1].name is not a string"
        );
    }

    #[test]
    fn names_are_found_without_case_but_an_exact_one_goes_first() {
        let document = json!({"UseMonitor": true, "usemonitor": false});
        let root = Members::root("f", &document).expect("an object");
        assert_eq!(root.flag("usemonitor"), Ok(Some(false)));
        assert_eq!(root.flag("USEMONITOR"), Ok(Some(true)));
        assert_eq!(root.flag("other"), Ok(None));
    }
}
