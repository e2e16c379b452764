//! Members of JSON by their pointers (RFC 6901).

use serde_json::Value;

/// A whole number that an instance count can be.
pub(super) fn number(body: &Value, pointer: &str) -> Option<u32> {
    let number = body.pointer(pointer)?.as_u64()?;
    number.try_into().ok()
}

/// A text; empty where there is none.
pub(super) fn text(body: &Value, pointer: &str) -> String {
    let text = body.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// Without these members.
pub(super) fn without(mut body: Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer begins with a /");
        if let Some(Value::Object(members)) = body.pointer_mut(parent) {
            members.remove(name);
        }
    }
    body
}

/// Why a size cannot be read: Azure's answer is not of the form that is known.
pub(super) fn missing(what: &str) -> String {
    format!(
        "Azure's answer has no {what}; look at the resource with `az resource show`, and take it out \
         of the schedule if it is of another sort"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_taken_out_where_they_are_and_nothing_else_is() {
        let body = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": null});
        let rest = without(body, &["/a", "/b/c", "/b/x", "/e/f", "/x/y"]);
        assert_eq!(rest, json!({"b": {"d": 3}, "e": null}));
    }

    #[test]
    fn numbers_are_counts() {
        let body = json!({"a": 4, "b": -1, "c": "4", "d": 1.5, "e": 5_000_000_000_u64});
        assert_eq!(number(&body, "/a"), Some(4));
        for pointer in ["/b", "/c", "/d", "/e", "/f"] {
            assert_eq!(number(&body, pointer), None);
        }
    }
}
