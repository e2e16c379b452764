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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_keys_are_ignored() {
        for text in [
            "limit=50&after=7",
            "&limit=%350&%61fter=7&",
            "code=secret&limit=50&after=7",
            "CODE=1&limit=50&c%6Fde=2&after=7&Code",
        ] {
            let query = Query::parse(text, &["limit", "after"]).expect(text);
            assert_eq!(query.get("limit"), Some("50"), "{text}");
            assert_eq!(query.get("after"), Some("7"), "{text}");
        }
        assert_eq!(Query::parse("", &[]), Ok(Query::default()));
    }

    #[test]
    fn unknown_and_repeated_parameters_are_rejected_by_name() {
        for (text, name) in [
            ("page=2", "page"),
            ("Limit=2", "Limit"),
            ("limit=1&limit=2", "limit"),
            ("limit=1&%6Cimit=1", "limit"),
            ("%FF=1", "\u{FFFD}"),
            ("=", ""),
        ] {
            let error = Query::parse(text, &["limit"]).expect_err(text);
            assert_eq!(error.field, name, "{text}");
        }
    }
}
