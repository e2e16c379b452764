//! The archive's table of contents, and the same as SQL.

use crate::backup::catalog::{Table, copied};
use pgarchive::{Algorithm, Entry, Kind, Packed, Section, manifest};

use super::ranges::Range;
use super::row_count_check;

/// A table of the archive, and where its rows are.
pub(super) struct Data<'a> {
    pub(super) table: &'a Table,
    /// The id of the entry with its rows.
    pub(super) id: i32,
}

impl Data<'_> {
    /// The tables, in the order in which they are restored.
    pub(super) fn of<'a>(entries: &[Entry], tables: &'a [Table]) -> Vec<Data<'a>> {
        let last = entries.iter().map(|entry| entry.id).max().unwrap_or(0);
        let ids = last + 1..;
        let numbered = tables.iter().zip(ids);
        numbered.map(|(table, id)| Data { table, id }).collect()
    }

    /// For messages.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table.schema, self.table.name)
    }

    /// The file's name, before it is encrypted.
    pub(super) fn file(&self, algorithm: Algorithm) -> String {
        format!("{}{}", self.file_in_contents(), algorithm.suffix())
    }

    /// `pg_restore` appends the suffix of the compression itself.
    fn file_in_contents(&self) -> String {
        format!("{}.dat", self.id)
    }

    /// The COPY of a range of the table.
    pub(super) fn copy_out(&self, range: Range) -> String {
        let Table {
            schema,
            name,
            columns,
            ..
        } = self.table;
        range.copy_out(schema, name, columns)
    }

    fn copied(&self) -> String {
        let Table { schema, name, .. } = self.table;
        copied(schema, name, &self.table.columns)
    }

    /// The table's line in the manifest.
    pub(super) fn listed(&self, packed: &Packed) -> manifest::Table {
        manifest::Table {
            schema: self.table.schema.clone(),
            name: self.table.name.clone(),
            columns: self.table.columns.clone(),
            file: packed.file.name.clone(),
            rows: packed.rows,
            row_sum: packed.row_sum.to_string(),
        }
    }

    fn entry(&self) -> Entry {
        Entry {
            id: self.id,
            copy: Some(format!("COPY {} FROM stdin;\n", self.copied())),
            namespace: Some(self.table.schema.clone()),
            owner: self.table.owner.clone(),
            dependencies: vec![self.table.entry],
            file: Some(self.file_in_contents()),
            ..Entry::new(Kind::TableData, &self.table.name)
        }
    }
}

/// The entries of the catalogue and of the rows. Rows come before the other data, and the check of their
/// counts after it.
pub(super) fn entries(catalog: &[Entry], data: &[(Data<'_>, u64)]) -> Vec<Entry> {
    let is_data = |entry: &Entry| entry.section == Section::Data;
    let after_data = |entry: &Entry| entry.section == Section::PostData;
    let first = catalog.iter().position(|it| is_data(it) || after_data(it));
    let (before, rest) = catalog.split_at(first.unwrap_or(catalog.len()));
    let (state, after) = rest.split_at(rest.iter().rposition(is_data).map_or(0, |it| it + 1));
    let ids: Vec<i32> = data.iter().map(|(data, _)| data.id).collect();
    let last = ids.iter().copied().chain(catalog.iter().map(|it| it.id));
    let check_id = last.max().unwrap_or(0) + 1;
    let counts = data.iter().map(|(data, rows)| (data.table, *rows));
    let mut entries = before.to_vec();
    entries.extend(data.iter().map(|(data, _)| data.entry()));
    entries.extend_from_slice(state);
    entries.push(row_count_check::entry(check_id, counts, ids));
    entries.extend_from_slice(after);
    entries
}

/// Everything but the rows, as SQL to read, like the output of `pg_restore --schema-only`.
pub(super) fn schema(entries: &[Entry]) -> String {
    let defined = entries
        .iter()
        .filter(|it| it.section != Section::Data && it.kind != Kind::Database);
    let texts = defined.map(|entry| {
        let schema = entry.namespace.as_deref().unwrap_or("-");
        let Entry { kind, tag, .. } = entry;
        // The rest of a name after a newline would be SQL.
        let title = format!("{kind} {schema} {tag}").replace(['\n', '\r'], " ");
        format!("-- {title}\n{}\n", entry.definition.trim_end())
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: i32, section: Section) -> Entry {
        Entry {
            id,
            section,
            definition: format!("SELECT {id};\n"),
            ..Entry::new(Kind::Rule, format!("t\n{id}"))
        }
    }

    fn table(name: &str) -> Table {
        Table {
            entry: 1,
            schema: "public".into(),
            name: name.into(),
            owner: "o".into(),
            columns: vec!["a".into(), "B c".into()],
            pages: 1,
        }
    }

    #[test]
    fn rows_precede_sequences_and_the_check_follows_both() {
        use Section::{Data as Rows, None, PostData, PreData};
        let sections = [PreData, None, Rows, None, Rows, PostData];
        let catalog: Vec<Entry> = (1..).zip(sections).map(|(i, it)| entry(i, it)).collect();
        let tables = [table("one"), table("two")];
        let data = Data::of(&catalog, &tables).into_iter().map(|it| (it, 3));
        let entries = entries(&catalog, &data.collect::<Vec<_>>());
        let ids: Vec<i32> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [1, 2, 7, 8, 3, 4, 5, 9, 6]);
        assert_eq!(entries[7].dependencies, [7, 8]);
        let copy = entries[2].copy.as_deref();
        assert_eq!(
            copy,
            Some("COPY \"public\".\"one\" (\"a\", \"B c\") FROM stdin;\n")
        );
        assert_eq!(entries[2].file.as_deref(), Some("7.dat"));
    }

    #[test]
    fn without_sequences_rows_and_check_precede_the_keys() {
        let catalog = [entry(1, Section::PreData), entry(2, Section::PostData)];
        let tables = [table("one")];
        let data = Data::of(&catalog, &tables).into_iter().map(|it| (it, 3));
        let entries = entries(&catalog, &data.collect::<Vec<_>>());
        let ids: Vec<i32> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [1, 3, 4, 2]);
    }

    #[test]
    fn the_schema_is_sql_for_all_names() {
        let sql = schema(&[entry(1, Section::PreData), entry(2, Section::Data)]);
        assert_eq!(sql, "-- RULE - t 1\nSELECT 1;\n");
    }
}
