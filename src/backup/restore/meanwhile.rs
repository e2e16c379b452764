//! What others write to the old tables while a replacement is loaded.
//!
//! They may write until the old tables are locked, and the backup knows nothing of it. A row says
//! which transaction wrote it, so that what came after the beginning can be counted; and what is
//! missing then was removed.

use std::fmt;

use tokio_postgres::Client;

use super::aside::Aside;
use super::error::{RestoreError, at};
use crate::backup::catalog::quoted;

/// The old tables, as they were when the replacement began.
pub(super) struct Meanwhile(Vec<Old>);

/// An old table, under its new name.
struct Old {
    quoted: String,
    /// Its full name before.
    name: String,
    snapshot: Snapshot,
    count: Count,
}

/// Rows, and those of them that are newer than a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    all: i64,
    newer: i64,
}

/// What others wrote to a table. A changed row counts as written and as removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    table: String,
    written: i64,
    removed: i64,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change {
            table,
            written,
            removed,
        } = self;
        write!(
            formatter,
            "{table}: {written} written, {removed} removed (rows; a changed one is both)"
        )
    }
}

impl Meanwhile {
    /// Counts what is in the tables that were set aside.
    pub(super) async fn begin(client: &Client, aside: &Aside) -> Result<Meanwhile, RestoreError> {
        let failed = || at("counting the rows that are there");
        let mut old = Vec::new();
        for (schema, renamed) in &aside.renamed {
            let tables = client.query(TABLES, &[renamed]).await.map_err(failed())?;
            for table in tables {
                let table: &str = table.get(0);
                let quoted = format!("{}.{}", quoted(renamed), quoted(table));
                let now = client.query_one(NOW, &[]).await.map_err(failed())?;
                let snapshot = Snapshot::parse(now.get(0));
                let count = count(client, &quoted, &snapshot);
                old.push(Old {
                    count: count.await.map_err(failed())?,
                    name: format!("{schema}.{table}"),
                    quoted,
                    snapshot,
                });
            }
        }
        Ok(Meanwhile(old))
    }

    /// What was written since. Nobody may be writing now.
    pub(super) async fn changes(&self, client: &Client) -> Result<Vec<Change>, RestoreError> {
        let mut changes = Vec::new();
        for old in &self.0 {
            let count = count(client, &old.quoted, &old.snapshot).await;
            let count = count.map_err(at("counting what was written meanwhile"))?;
            changes.extend(change(&old.name, old.count, count));
        }
        Ok(changes)
    }
}

fn change(table: &str, before: Count, after: Count) -> Option<Change> {
    let written = after.newer - before.newer;
    let removed = before.all + written - after.all;
    (written != 0 || removed != 0).then(|| Change {
        table: table.to_owned(),
        written,
        removed,
    })
}

async fn count(
    client: &Client,
    table: &str,
    snapshot: &Snapshot,
) -> Result<Count, tokio_postgres::Error> {
    let newer = snapshot.excludes_writer();
    let count = format!("SELECT count(*), count(*) FILTER (WHERE {newer}) FROM ONLY {table}");
    let row = client.query_one(&count, &[]).await?;
    Ok(Count {
        all: row.get(0),
        newer: row.get(1),
    })
}

/// The transactions whose rows can be seen: all before `next` but for those under way.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    next: u64,
    under_way: Vec<u64>,
}

/// A row keeps the lower half of its transaction's number.
const LOWER: u64 = 1 << 32;

impl Snapshot {
    /// From PostgreSQL's text: `xmin:xmax:xip,xip`.
    fn parse(text: &str) -> Snapshot {
        let mut parts = text.splitn(3, ':').skip(1);
        let next = parts.next().and_then(|it| it.parse().ok());
        let under_way = parts.next().unwrap_or_default();
        Snapshot {
            next: next.expect("PostgreSQL writes its snapshots so"),
            under_way: under_way
                .split(',')
                .filter_map(|it| it.parse().ok())
                .collect(),
        }
    }

    /// Whether a row's writer is none of those. Numbers go round: half of them are later. In very
    /// old rows they may seem so, which is why these are counted before, too.
    fn excludes_writer(&self) -> String {
        let next = self.next % LOWER;
        let writer = "xmin::text::bigint";
        let later = format!("({writer} - {next} + {LOWER}) % {LOWER} < {}", LOWER / 2);
        let under_way: Vec<String> = self
            .under_way
            .iter()
            .map(|it| (it % LOWER).to_string())
            .collect();
        if under_way.is_empty() {
            return later;
        }
        format!("{later} OR {writer} IN ({})", under_way.join(", "))
    }
}

/// Each statement has a snapshot of its own, so the count's is this one's or a later one: what was
/// committed in between is counted as there before, and as newer both times.
const NOW: &str = "SELECT txid_current_snapshot()::text";

const TABLES: &str = "\
    SELECT c.relname::text
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'r'
     ORDER BY 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_read_as_postgresql_writes_it() {
        let snapshot = Snapshot::parse("10:20:10,14,15");
        assert_eq!((snapshot.next, snapshot.under_way), (20, vec![10, 14, 15]));
        assert_eq!(Snapshot::parse("20:20:").under_way, [0; 0]);
    }

    #[test]
    fn a_number_beyond_the_first_round_is_compared_by_its_lower_half() {
        let round = LOWER;
        let sql = Snapshot {
            next: round + 20,
            under_way: vec![round + 14],
        }
        .excludes_writer();
        assert_eq!(
            sql,
            "(xmin::text::bigint - 20 + 4294967296) % 4294967296 < 2147483648 \
             OR xmin::text::bigint IN (14)"
        );
    }

    #[test]
    fn written_removed_and_changed_rows_are_told_apart_and_none_is_no_change() {
        let before = Count { all: 10, newer: 0 };
        let after = |all, newer| change("t", before, Count { all, newer });
        let expected = |written, removed| {
            Some(Change {
                table: "t".into(),
                written,
                removed,
            })
        };
        assert_eq!(after(10, 0), None);
        assert_eq!(after(11, 1), expected(1, 0));
        assert_eq!(after(9, 0), expected(0, 1));
        assert_eq!(after(10, 1), expected(1, 1));
    }
}
