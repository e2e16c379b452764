//! SQL's own words: names and literals.

use std::fmt::Write;

/// A name as SQL takes it. Always with quotes: what is a keyword differs from server to server.
pub fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A name with its schema.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// Names, with commas.
pub(super) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    names.join(", ")
}

/// A text as SQL takes it, on one line, whatever it holds: no line of it can be one that psql
/// would take for a command of its own.
pub(super) fn literal(text: &str) -> String {
    if !text.contains(['\\', '\n', '\r']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut literal = String::from("E'");
    for letter in text.chars() {
        match letter {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// `WITH (…)`'s content from a catalogue's array of `name=value`.
pub(super) fn options(array: &[String]) -> String {
    let mut options = String::new();
    for option in array {
        let (name, value) = option.split_once('=').unwrap_or((option, "true"));
        if !options.is_empty() {
            options.push_str(", ");
        }
        // `toast.` is no part of the name.
        let (prefix, name) = match name.strip_prefix("toast.") {
            Some(name) => ("toast.", name),
            None => ("", name),
        };
        write!(options, "{prefix}{}={}", quoted(name), literal(value)).expect("a String takes all");
    }
    options
}

/// Whether psql, given this text as part of a script, might take a line of it for a command of
/// its own, which can run programs.
pub(super) fn psql_might_run(text: &str) -> bool {
    text.split(['\n', '\r'])
        .any(|line| line.trim_start().starts_with('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_is_doubled() {
        assert_eq!(qualified("a", "b\"c"), "\"a\".\"b\"\"c\"");
    }

    #[test]
    fn a_literal_has_one_line() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b\n\\! ls\r'"), "E'a\\\\b\\n\\\\! ls\\r'''");
        assert!(!psql_might_run(&literal("\n\\! ls")));
    }

    #[test]
    fn options_are_quoted_one_by_one() {
        let array = ["fillfactor=70".to_owned(), "toast.x=a=b".to_owned()];
        assert_eq!(options(&array), "\"fillfactor\"='70', toast.\"x\"='a=b'");
    }

    #[test]
    fn a_command_of_psql_is_seen_behind_spaces_and_any_line_end() {
        assert!(psql_might_run("a\n  \\! ls"));
        assert!(psql_might_run("a\r\\! ls"));
        assert!(!psql_might_run("a \\! ls"));
    }
}
