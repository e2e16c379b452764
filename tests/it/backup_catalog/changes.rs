//! Changes between the snapshot and the last read of the catalogue.

use std::time::Duration;

use magnusapi::backup::catalog::{self, Catalog, CatalogError};

use super::{BEGIN, execute, with};
use crate::harness::{Database, run};

const LIMIT: Duration = Duration::from_secs(5);

const OBJECTS: &str = "
    CREATE TABLE base (id integer PRIMARY KEY, v text, w text, CONSTRAINT positive CHECK (id > 0));
    CREATE TABLE other (id integer CONSTRAINT up REFERENCES base);
    CREATE INDEX base_v ON base (v);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION plain() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE TRIGGER touched BEFORE INSERT ON base FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE STATISTICS of_base ON v, w FROM base;
    CREATE RULE quiet AS ON DELETE TO other DO INSTEAD NOTHING;
    CREATE VIEW above AS SELECT id FROM base;";

/// The catalogue of a snapshot that `change` is made after, read and then compared.
async fn read_after(change: &str) -> Result<Catalog, CatalogError> {
    let database = with(OBJECTS).await;
    let reader = database.connect().await;
    reader.batch_execute(BEGIN).await.expect("a transaction");
    let seen = reader.query("SELECT 1", &[]).await;
    seen.expect("the snapshot is taken");
    execute(&database, change).await;
    let catalog = catalog::read(&reader, LIMIT).await?;
    compared(&database, &catalog).await?;
    Ok(catalog)
}

async fn compared(database: &Database, catalog: &Catalog) -> Result<(), CatalogError> {
    let client = database.connect().await;
    client.batch_execute(BEGIN).await.expect("a transaction");
    catalog.unchanged(&client, LIMIT).await
}

/// All but those of the database itself, whose name differs.
fn definitions(catalog: &Catalog) -> Vec<(String, String)> {
    let entries = catalog.entries.iter().filter(|it| it.kind != "DATABASE");
    entries
        .map(|it| (it.tag.clone(), it.definition.clone()))
        .collect()
}

#[test]
fn definitions_are_those_of_the_snapshot_or_a_change_is_noticed() {
    run(async {
        let unchanged = read_after("SELECT 1").await.expect("nothing changed");
        let unchanged = definitions(&unchanged);
        for change in [
            "DROP INDEX base_v",
            "ALTER INDEX base_v RENAME TO renamed",
            "DROP TRIGGER touched ON base",
            "ALTER TRIGGER touched ON base RENAME TO renamed",
            "DROP STATISTICS of_base",
            "ALTER STATISTICS of_base RENAME TO renamed",
            "DROP RULE quiet ON other",
            "ALTER TABLE other DROP CONSTRAINT up",
            "ALTER TABLE other RENAME CONSTRAINT up TO renamed",
            "ALTER TABLE other DROP CONSTRAINT up; ALTER TABLE base DROP CONSTRAINT base_pkey",
            "ALTER TABLE base DROP CONSTRAINT positive",
            "ALTER TABLE base RENAME COLUMN w TO renamed",
            "ALTER TABLE base DROP COLUMN w CASCADE",
            "ALTER TABLE base ALTER COLUMN w TYPE varchar(9)",
            "ALTER TABLE base RENAME TO renamed",
            "DROP TABLE other",
            "DROP TABLE other; CREATE TABLE other (id integer)",
            "DROP VIEW above",
            "ALTER VIEW above RENAME TO renamed",
            "ALTER VIEW above RENAME COLUMN id TO renamed",
            "CREATE OR REPLACE VIEW above AS SELECT id FROM base WHERE id > 5",
            "DROP FUNCTION plain()",
            "ALTER FUNCTION plain() RENAME TO renamed",
        ] {
            match read_after(change).await {
                Err(CatalogError::Changed(_)) => {}
                Err(error) => panic!("{change}: {error}"),
                // The server read its own tables as of the snapshot.
                Ok(catalog) => assert_eq!(definitions(&catalog), unchanged, "{change}"),
            }
        }
    });
}

#[test]
fn a_new_object_and_new_rows_are_no_change() {
    run(async {
        let change = "CREATE TABLE newer (id serial); INSERT INTO base VALUES (1);
                      CREATE INDEX newer_index ON base (w)";
        let catalog = read_after(change).await.expect("nothing it holds changed");
        assert!(catalog.tables.iter().all(|table| table.name != "newer"));
    });
}
