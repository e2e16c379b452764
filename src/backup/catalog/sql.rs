//! Names and literals in SQL.

pub use localpg::quoted;

pub(in crate::backup) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// A table and its columns, as COPY takes them.
pub fn copied(schema: &str, name: &str, columns: &[String]) -> String {
    let table = qualified(schema, name);
    // COPY cannot name no columns. Without a list, it copies all there are.
    if columns.is_empty() {
        return table;
    }
    format!(
        "{table} ({})",
        quoted_list(columns.iter().map(String::as_str))
    )
}

pub(in crate::backup) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    names.join(", ")
}

/// A literal on one line, so that psql cannot mistake a line of it for a command of its own.
pub(in crate::backup) fn literal(text: &str) -> String {
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

/// SQL for a name in quotes, as [`quoted`] writes it: `%I` of `format` knows the keywords of this server only.
macro_rules! always_quoted {
    ($name:literal) => {
        concat!("'\"' || replace(", $name, ", '\"', '\"\"') || '\"'")
    };
}
pub(super) use always_quoted;

/// SQL for whether an extension created the table `c`.
macro_rules! of_extension {
    () => {
        "EXISTS (SELECT FROM pg_depend e
                  WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')"
    };
}
pub(super) use of_extension;

/// SQL for a statement about the table `c` that does nothing if a row of `pg_catalog` says that it was run: the
/// extension of a table may run the same, `pg_depend` does not tell, and the restoring role may lack the right.
/// A newer version of the extension may lack the table.
macro_rules! once {
    ($statement:literal, $row:literal) => {
        concat!(
            "CASE WHEN ",
            super::sql::of_extension!(),
            "     THEN 'DO ' || quote_literal('BEGIN IF pg_catalog.to_regclass(' || quote_literal(c.oid::regclass::text)
                       || ') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.' || ",
            $row,
            " || ') THEN ' || ",
            $statement,
            " || ' END IF; END') || ';' ELSE ",
            $statement,
            " END"
        )
    };
}
pub(super) use once;

/// SQL for the content of `WITH (…)`, from the arrays of `name=value` of a relation and of its TOAST table; null
/// without any.
macro_rules! storage_options {
    ($own:literal, $toast:literal) => {
        concat!(
            "(SELECT string_agg(format('%s%I=%L', o.prefix, split_part(o.text, '=', 1),
                                       substr(o.text, strpos(o.text, '=') + 1)), ', ' ORDER BY o.place)
                FROM (SELECT '' AS prefix, u.* FROM unnest(",
            $own,
            ") WITH ORDINALITY AS u (text, place)
                       UNION ALL
                      SELECT 'toast.', u.text, u.place + 1000 FROM unnest(",
            $toast,
            ") WITH ORDINALITY AS u (text, place)) AS o)"
        )
    };
}
pub(super) use storage_options;

/// Whether psql would mistake a part of this script for a command of its own, which can run programs: a
/// backslash outside all quotes and comments.
pub(super) fn psql_might_run(text: &str) -> bool {
    let mut rest = text;
    while let Some(place) = rest.find(['\\', '\'', '"', '$', '-', '/']) {
        let (before, from) = rest.split_at(place);
        if from.starts_with('\\') {
            return true;
        }
        rest = &from[quotation(before, from)..];
    }
    false
}

/// The length of the quotation or comment at the start of `text`, or of one letter if there is none. One
/// without an end extends to the end of the text.
fn quotation(before: &str, text: &str) -> usize {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let end_of = |opened: usize, end: &str| {
        let end_at = text[opened..].find(end).map(|it| opened + it + end.len());
        end_at.unwrap_or(text.len())
    };
    match text.as_bytes() {
        [b'\'', ..] => {
            let mut before = before.chars().rev();
            let escapes =
                matches!(before.next(), Some('e' | 'E')) && !before.next().is_some_and(is_word);
            quoted_length(text, '\'', escapes)
        }
        [b'"', ..] => quoted_length(text, '"', false),
        [b'-', b'-', ..] => end_of(2, "\n"),
        [b'/', b'*', ..] => end_of(2, "*/"),
        [b'$', ..] if !before.ends_with(is_word) => {
            let tag = text[1..].find('$').map(|it| &text[..it + 2]);
            let tag = tag.filter(|tag| tag[1..tag.len() - 1].chars().all(is_word));
            tag.map_or(1, |tag| end_of(tag.len(), tag))
        }
        _ => 1,
    }
}

/// A doubled quote ends one quotation and begins the next, which has the same effect.
fn quoted_length(text: &str, quote: char, escapes: bool) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        if letter == quote {
            return place + 1;
        }
        if escapes && letter == '\\' {
            letters.next();
        }
    }
    text.len()
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
    fn a_backslash_outside_quotes_and_comments_is_a_command_of_psql() {
        for text in [
            "a\n  \\! ls",
            "a \\! ls",
            "'it''s' \\! ls",
            "'\\' \\! ls",
            "E'\\'' \\! ls",
            "a$b$ \\! ls $b$",
            "-- a comment\n\\! ls",
        ] {
            assert!(psql_might_run(text), "{text}");
        }
    }

    #[test]
    fn a_backslash_in_quotes_or_a_comment_is_text() {
        for text in [
            "SELECT 'a\n\\! ls'",
            "E'a\\\\ \\'\n\\! ls'",
            "$$ a\n\\! ls $$ AS $b_1$ $$ \\! ls $b_1$",
            "\"a\n\\! ls\"",
            "-- \\! ls",
            "/* a\n\\! ls */",
            "a - b / c $1 'ü'",
        ] {
            assert!(!psql_might_run(text), "{text}");
        }
    }
}
