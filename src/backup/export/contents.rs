//! The archive's table of contents, and the same as SQL.

use crate::backup::catalog::{Table, copied};
use pgarchive::{Algorithm, Entry, Kind, Packed, Section, manifest};

use super::row_count_check;

impl Table {
    /// For messages.
    pub(super) fn title(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The name of the file with the rows, before it is encrypted.
    pub(super) fn file(&self, algorithm: Algorithm) -> String {
        format!("{}{}", self.file_in_contents(), algorithm.suffix())
    }

    /// `pg_restore` appends the suffix of the compression itself.
    fn file_in_contents(&self) -> String {
        format!("{}.dat", self.data)
    }

    /// The table's line in the manifest.
    pub(super) fn listed(&self, packed: &Packed) -> manifest::Table {
        manifest::Table {
            schema: self.schema.clone(),
            name: self.name.clone(),
            columns: self.columns.clone(),
            file: packed.file.name.clone(),
            rows: packed.rows,
            row_sum: packed.row_sum.to_string(),
        }
    }

    fn rows_entry(&self) -> Entry {
        let copied = copied(&self.schema, &self.name, &self.columns);
        Entry {
            id: self.data,
            copy: Some(format!("COPY {copied} FROM stdin;\n")),
            namespace: Some(self.schema.clone()),
            owner: self.owner.clone(),
            dependencies: vec![self.entry],
            file: Some(self.file_in_contents()),
            ..Entry::new(Kind::TableData, &self.name)
        }
    }
}

/// The entries of the catalogue and of the rows. Rows come before the other data, and the check of their
/// counts after it.
pub(super) fn entries(catalog: &[Entry], counted: &[(&Table, u64)]) -> Vec<Entry> {
    let is_data = |entry: &Entry| entry.section == Section::Data;
    let after_data = |entry: &Entry| entry.section == Section::PostData;
    let first = catalog.iter().position(|it| is_data(it) || after_data(it));
    let (before, rest) = catalog.split_at(first.unwrap_or(catalog.len()));
    let (state, after) = rest.split_at(rest.iter().rposition(is_data).map_or(0, |it| it + 1));
    let ids = counted.iter().map(|(table, _)| table.data);
    let last = ids.clone().chain(catalog.iter().map(|it| it.id));
    let check_id = last.max().unwrap_or(0) + 1;
    let mut entries = before.to_vec();
    entries.extend(counted.iter().map(|(table, _)| table.rows_entry()));
    entries.extend_from_slice(state);
    entries.push(row_count_check::entry(check_id, counted, ids.collect()));
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

    fn table(name: &str, data: i32) -> Table {
        Table {
            entry: 1,
            data,
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
        let tables = [table("one", 7), table("two", 8)];
        let entries = entries(&catalog, &tables.each_ref().map(|it| (it, 3)));
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
        let entries = entries(&catalog, &[(&table("one", 3), 3)]);
        let ids: Vec<i32> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [1, 3, 4, 2]);
    }

    #[test]
    fn the_schema_is_sql_for_all_names() {
        let sql = schema(&[entry(1, Section::PreData), entry(2, Section::Data)]);
        assert_eq!(sql, "-- RULE - t 1\nSELECT 1;\n");
    }
}
