//! A large table is read in ranges by several sessions.

use futures_util::TryStreamExt;
use magnusapi::backup::export::Options;

use super::{exported, options, store};
use crate::backup_archive::stock;
use crate::harness::{Database, run};

/// Some 40 MiB, with pages that updates and deletions emptied, long values, and a partition.
const TABLES: &str = "
    CREATE TABLE large (id bigint PRIMARY KEY, text text, long text, twice bigint GENERATED ALWAYS AS (id * 2) STORED)
      PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF large FOR VALUES FROM (0) TO (1000000) WITH (autovacuum_enabled = off);
    INSERT INTO part (id, text, long)
      SELECT i, repeat(md5(i::text), 10), CASE WHEN i % 5000 = 0 THEN repeat(md5(i::text), 3000) END
        FROM generate_series(1, 100000) i;
    DELETE FROM part WHERE id BETWEEN 20000 AND 50000;
    UPDATE part SET text = 'changed' WHERE id % 7 = 0;
    CREATE TABLE child (more int) INHERITS (other);
    INSERT INTO child SELECT i, i FROM generate_series(1, 300000) i;
    INSERT INTO other SELECT -i FROM generate_series(1, 300000) i";

#[test]
fn the_rows_of_all_ranges_are_those_of_the_table_in_its_order() {
    run(async {
        let (database, store) = (Database::empty(), store());
        let client = database.connect().await;
        let tables = format!("CREATE TABLE other (id int); {TABLES}");
        client.batch_execute(&tables).await.expect("tables");
        // The database turns scans of ranges off.
        let without = "DO $$ BEGIN EXECUTE format(
            'ALTER DATABASE %I SET enable_tidscan = off', current_database()); END $$";
        client.batch_execute(without).await.expect("a setting");
        for (jobs, compression) in [(1, "gzip"), (3, "zstd"), (3, "gzip")] {
            let options = Options {
                jobs,
                compression: compression.parse().expect("a compression"),
                ..options()
            };
            let manifest = exported(&database, &store, &options).await;
            let manifest = manifest.expect("a backup");
            for (name, columns) in [
                ("part", "(id, text, long)"),
                ("other", ""),
                ("child", "(id, more)"),
            ] {
                let copy = format!("COPY {name} {columns} TO STDOUT");
                let copy = client.copy_out(&copy).await.expect("it begins");
                let rows: Vec<_> = copy.try_collect().await.expect("it ends");
                let table = manifest.tables.iter().find(|table| table.name == name);
                let table = table.expect("it is listed");
                assert_eq!(table.rows, rows.len() as u64, "{name}");
                let folder = store.folder.path().join("postfacto");
                let file = folder.join(manifest.id.as_str()).join(&table.file);
                let file = file.display().to_string();
                let text = stock(compression, &["--decompress", "--stdout", &file]).stdout;
                let expected = [rows.concat(), b"\\.\n\n\n".to_vec()].concat();
                assert!(
                    text == expected,
                    "{name} with {jobs} sessions and {compression}"
                );
            }
        }
    });
}
