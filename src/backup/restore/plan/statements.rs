//! Takes statements about roles and the database apart. Pure.
//!
//! Exports write them: names in double quotes and texts in single quotes, both with the quote doubled inside,
//! and no comments. A name may contain anything, also a line break or a semicolon.

use crate::backup::catalog::quoted;

/// A word, a name or a text with its quotes, or another character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    start: usize,
}

impl Token<'_> {
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    /// The name that this token is, as the server reads it.
    pub(super) fn name(&self) -> String {
        let inner = self.text.strip_prefix('"');
        match inner.and_then(|inner| inner.strip_suffix('"')) {
            Some(name) => name.replace("\"\"", "\""),
            None => self.text.to_lowercase(),
        }
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

pub(super) fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + (sql[at..].len() - sql[at..].trim_start().len());
        let length = length(&sql[start..])?;
        at = start + length;
        Some(Token {
            text: &sql[start..at],
            start,
        })
    })
}

/// The length of the token at the start; `None` at the end.
fn length(sql: &str) -> Option<usize> {
    let first = sql.chars().next()?;
    let is_of_a_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    if matches!(first, '"' | '\'') {
        // A doubled quote ends one part and begins the next.
        let mut inside = false;
        let end = sql.char_indices().find(|(at, letter)| {
            inside ^= *letter == first;
            !inside && !sql[at + 1..].starts_with(first)
        });
        return Some(end.map_or(sql.len(), |(at, _)| at + 1));
    }
    if is_of_a_word(first) {
        return Some(
            sql.find(|letter| !is_of_a_word(letter))
                .unwrap_or(sql.len()),
        );
    }
    Some(first.len_utf8())
}

/// Each statement, without its semicolon.
pub(super) fn statements(sql: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut start = 0;
    for token in tokens(sql).filter(|token| token.text == ";") {
        statements.push(sql[start..token.start].trim());
        start = token.end();
    }
    statements
}

/// A statement about a database, for the database of this name.
pub(in super::super) fn about(database: &str, statement: &str) -> String {
    let mut tokens = tokens(statement).skip_while(|token| !token.is("DATABASE"));
    match tokens.nth(1) {
        Some(name) => {
            let (before, after) = (&statement[..name.start], &statement[name.end()..]);
            format!("{before}{}{after}", quoted(database))
        }
        None => statement.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_may_contain_separators() {
        let grant = "GRANT CONNECT ON DATABASE \"a;\" TO \"x\ny;\"\"z\"";
        let set = "ALTER ROLE \"DATABASE \"\"a;\"\"\" IN DATABASE \"a;\" SET \"b\" TO E'it''s;\\n'";
        let sql = format!("{grant};\n{set};\n");
        assert_eq!(statements(&sql), [grant, set]);
        let role = tokens(grant).last().expect("the role");
        assert_eq!(role.name(), "x\ny;\"z");
        assert_eq!(about("b", grant), grant.replace("\"a;\" TO", "\"b\" TO"));
        assert_eq!(
            about("b", set),
            set.replace("IN DATABASE \"a;\"", "IN DATABASE \"b\"")
        );
    }
}
