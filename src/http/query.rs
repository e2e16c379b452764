//! The query of a request: one parser for all routes.

use super::FieldError;

/// The parameter in which callers of Azure Functions pass a key. The host checks the key and passes it on,
/// so every route ignores it. Its value is a secret: the program neither stores nor returns it.
const KEY: &str = "code";

/// A request's parameters, percent-decoded. Each occurs once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Parses `text`, a query without its question mark, whose parameters are `known`.
    ///
    /// # Errors
    /// A parameter is unknown or occurs twice.
    pub(super) fn parse(text: &str, known: &[&'static str]) -> Result<Query, FieldError> {
        let mut query = Query::default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if name.eq_ignore_ascii_case(KEY) {
                continue;
            }
            let Some(known) = known.iter().find(|known| **known == name) else {
                return Err(FieldError::new(name, unknown(known)));
            };
            if query.get(known).is_some() {
                return Err(FieldError::new(
                    name,
                    "it occurs more than once; send it once",
                ));
            }
            query.0.push((known, value.into_owned()));
        }
        Ok(query)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn unknown(known: &[&str]) -> String {
    match known {
        [] => "unknown parameter; this request has no parameters".to_owned(),
        _ => format!("unknown parameter; the parameters are {}", known.join(", ")),
    }
}
