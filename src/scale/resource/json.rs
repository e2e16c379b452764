//! Members of JSON by their pointers (RFC 6901).

use serde_json::Value;

/// A whole number that fits an instance count.
pub(super) fn number(body: &Value, pointer: &str) -> Option<u32> {
    let number = body.pointer(pointer)?.as_u64()?;
    number.try_into().ok()
}

/// A text; empty if there is none.
pub(super) fn text(body: &Value, pointer: &str) -> String {
    let text = body.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// Without the members at these pointers, in which `*` matches every name.
pub(super) fn without(mut body: Value, pointers: &[&str]) -> Value {
    for pointer in pointers {
        let path = pointer.strip_prefix('/');
        remove(&mut body, path.expect("a pointer begins with a /"));
    }
    body
}

fn remove(value: &mut Value, path: &str) {
    let Value::Object(members) = value else {
        return;
    };
    match path.split_once('/') {
        None => {
            members.remove(path);
        }
        Some(("*", rest)) => members.values_mut().for_each(|member| remove(member, rest)),
        Some((name, rest)) => {
            if let Some(member) = members.get_mut(name) {
                remove(member, rest);
            }
        }
    }
}

/// The error of a response without a size.
pub(super) fn missing(member: &str) -> String {
    format!(
        "Azure's response has no {member}; look at the resource with `az resource show`, and remove it \
         from the schedule if it is of another kind"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_members_at_the_pointers_are_removed() {
        let body = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": null});
        let rest = without(body, &["/a", "/b/c", "/b/x", "/e/f", "/x/y"]);
        assert_eq!(rest, json!({"b": {"d": 3}, "e": null}));
    }

    #[test]
    fn a_star_matches_every_name() {
        let body = json!({"all": {"/id/1": {"a": 1, "b": 2}, "2": {"a": 1}, "3": null}, "a": 1});
        let rest = without(body, &["/all/*/a"]);
        assert_eq!(
            rest,
            json!({"all": {"/id/1": {"b": 2}, "2": {}, "3": null}, "a": 1})
        );
    }

    #[test]
    fn only_counts_are_numbers() {
        let body = json!({"a": 4, "b": -1, "c": "4", "d": 1.5, "e": 5_000_000_000_u64});
        assert_eq!(number(&body, "/a"), Some(4));
        for pointer in ["/b", "/c", "/d", "/e", "/f"] {
            assert_eq!(number(&body, pointer), None);
        }
    }
}
