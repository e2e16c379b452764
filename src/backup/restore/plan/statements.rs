//! Takes statements about roles and the database apart. Pure.
//!
//! Exports write them: names in double quotes and texts in single quotes, both with the quote doubled inside,
//! and no comments. A name may contain anything, also a line break or a semicolon.

use crate::backup::catalog::quoted;

/// Each word, name or text with its quotes, or other character; with its place.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = sql.len() - sql[at..].trim_start().len();
        at = start + length(&sql[start..])?;
        Some((start, &sql[start..at]))
    })
}

/// The length of the token at the start; `None` at the end.
fn length(sql: &str) -> Option<usize> {
    let first = sql.chars().next()?;
    let is_of_a_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let end = if matches!(first, '"' | '\'') {
        // A doubled quote ends one part and begins the next.
        let mut inside = false;
        let mut letters = sql.char_indices();
        let end = letters.find(|(at, letter)| {
            inside ^= *letter == first;
            !inside && !sql[at + 1..].starts_with(first)
        });
        end.map(|(at, _)| at + 1)
    } else if is_of_a_word(first) {
        sql.find(|letter| !is_of_a_word(letter))
    } else {
        Some(first.len_utf8())
    };
    Some(end.unwrap_or(sql.len()))
}

pub(super) fn is(token: &str, keyword: &str) -> bool {
    token.eq_ignore_ascii_case(keyword)
}

/// The name that a token is, as the server reads it.
pub(super) fn name(token: &str) -> String {
    let inner = token.strip_prefix('"');
    match inner.and_then(|inner| inner.strip_suffix('"')) {
        Some(name) => name.replace("\"\"", "\""),
        None => token.to_lowercase(),
    }
}

/// Each statement, without its semicolon.
pub(super) fn statements(sql: &str) -> impl Iterator<Item = &str> {
    let ends = tokens(sql).filter(|(_, token)| *token == ";");
    ends.scan(0, move |start, (end, _)| {
        let statement = sql[*start..end].trim();
        *start = end + 1;
        Some(statement)
    })
}

/// A statement about a database, for the database of this name.
pub(in super::super) fn about(database: &str, statement: &str) -> String {
    let mut tokens = tokens(statement).skip_while(|(_, token)| !is(token, "DATABASE"));
    match tokens.nth(1) {
        Some((at, name)) => {
            let (before, after) = (&statement[..at], &statement[at + name.len()..]);
            format!("{before}{}{after}", quoted(database))
        }
        None => statement.to_owned(),
    }
}

/// A definition without the option `pg_attver` of columns, which only servers of late 2026 know. They keep a number
/// of their own in it, and some backups of them have it.
pub(super) fn without_server_options(definition: &str) -> String {
    const OPTION: &str = "pg_attver=";
    if !definition.contains(OPTION) {
        return definition.to_owned();
    }
    let kept = statements(definition).filter_map(|statement| {
        let set = statement
            .strip_prefix("ALTER ")
            .and(statement.strip_suffix(')'));
        let Some((column, options)) = set.and_then(|set| set.rsplit_once(" SET (")) else {
            return Some(format!("{statement};\n"));
        };
        let options = options.split(", ").filter(|it| !it.starts_with(OPTION));
        let options: Vec<&str> = options.collect();
        (!options.is_empty()).then(|| format!("{column} SET ({});\n", options.join(", ")))
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_server_alone_are_left_out_of_columns_and_of_nothing_else() {
        let kept = "CREATE TABLE t (\n    a text DEFAULT '; SET (pg_attver=1)',\n    b int\n);\n\
                    ALTER TABLE ONLY t ALTER COLUMN a SET (n_distinct=5);\n\
                    ALTER TABLE ONLY t ALTER COLUMN \"; SET (pg_attver=1)\" SET STORAGE PLAIN;\n";
        let own = "ALTER TABLE ONLY t ALTER COLUMN b SET (pg_attver=7);\n";
        let both = kept.replace("(n_distinct=5)", "(n_distinct=5, pg_attver=12)") + own;
        assert_eq!(without_server_options(&both), kept);
        assert_eq!(without_server_options("DO $$ a;b $$"), "DO $$ a;b $$");
    }

    #[test]
    fn names_and_texts_may_contain_separators() {
        let grant = "GRANT CONNECT ON DATABASE \"a;\" TO \"x\ny;\"\"z\"";
        let set = "ALTER ROLE \"DATABASE \"\"a;\"\"\" IN DATABASE \"a;\" SET \"b\" TO E'it''s;\\n'";
        let sql = format!("{grant};\n{set};\n");
        assert!(statements(&sql).eq([grant, set]));
        let (_, role) = tokens(grant).last().expect("the role");
        assert_eq!(name(role), "x\ny;\"z");
        assert_eq!(about("b", grant), grant.replace("\"a;\" TO", "\"b\" TO"));
        assert_eq!(
            about("b", set),
            set.replace("IN DATABASE \"a;\"", "IN DATABASE \"b\"")
        );
    }
}
