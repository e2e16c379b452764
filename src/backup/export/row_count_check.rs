//! The archive's last data entry, which makes even stock `pg_restore` fail on a short restore.
//!
//! A file that was cut between two members is a valid file, and `pg_restore` loads the rest. So the
//! last entry of the data is a block that counts the rows and raises an error. Its kind is that of a
//! sequence's state, because this is the one kind that `pg_restore` runs as a statement along with the data:
//! also with `-a`, not with `-s`, and with `-j` after all its dependencies.

use std::fmt::Write;

use crate::backup::catalog::{Table, qualified};
use pgarchive::{Entry, Kind};

/// The check of the tables' row counts. `data` are the ids of the entries with the rows.
pub(super) fn entry(id: i32, counted: &[(&Table, u64)], data: Vec<i32>) -> Entry {
    Entry {
        id,
        definition: definition(counted),
        dependencies: data,
        ..Entry::new(Kind::SequenceSet, "row_count_check")
    }
}

fn definition(counted: &[(&Table, u64)]) -> String {
    let mut body = String::new();
    for (table, rows) in counted {
        let name = qualified(&table.schema, &table.name);
        let literal = name.replace('\'', "''");
        write!(
            body,
            "  SELECT count(*) INTO n FROM ONLY {name};
  IF n <> {rows} THEN
    RAISE EXCEPTION 'incomplete restore: % has % rows, the backup has %', '{literal}', n, {rows};
  END IF;\n"
        )
        .expect("a String takes all");
    }
    let mut tag = "$check$".to_owned();
    while body.contains(&tag) {
        tag.insert(1, '_');
    }
    format!("DO {tag} DECLARE n bigint; BEGIN\n{body}END {tag};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_quoted() {
        let table = Table {
            entry: 1,
            data: 2,
            schema: "a\"b".into(),
            name: "it's $check$".into(),
            owner: "o".into(),
            columns: Vec::new(),
            pages: 0,
        };
        let sql = definition(&[(&table, 7)]);
        assert!(sql.starts_with("DO $_check$ "), "{sql}");
        assert!(
            sql.contains("FROM ONLY \"a\"\"b\".\"it's $check$\";"),
            "{sql}"
        );
        assert!(
            sql.contains("'\"a\"\"b\".\"it''s $check$\"', n, 7;"),
            "{sql}"
        );
    }
}
