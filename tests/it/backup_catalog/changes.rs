//! Changes between the snapshot and the last read of the catalogue.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use magnusapi::backup::catalog::{self, Catalog, CatalogError};
use pgarchive::Kind;

use super::{BEGIN, execute, with};
use crate::harness::{Database, run};

const LIMIT: Duration = Duration::from_secs(5);

const OBJECTS: &str = "
    CREATE TABLE base (id integer PRIMARY KEY, v text, w text, CONSTRAINT positive CHECK (id > 0));
    CREATE TABLE other (id integer CONSTRAINT up REFERENCES base, d integer DEFAULT 7);
    CREATE INDEX base_v ON base (v);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION plain() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE PROCEDURE done() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer);
    CREATE OPERATOR ### (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl);
    CREATE TRIGGER touched BEFORE INSERT ON base FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE STATISTICS of_base ON v, w FROM base;
    CREATE RULE quiet AS ON DELETE TO other DO INSTEAD NOTHING;
    CREATE POLICY few ON base USING (id > 3);
    CREATE VIEW above AS SELECT id FROM base;
    CREATE MATERIALIZED VIEW filled AS SELECT v FROM base;
    CREATE SEQUENCE counter;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TYPE pair AS (a integer, b text);
    CREATE TYPE span AS RANGE (SUBTYPE = integer);
    CREATE DOMAIN small AS integer CONSTRAINT is_small CHECK (VALUE < 9);
    CREATE COLLATION plainly (LOCALE = 'C');
    CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
    CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
    CREATE TEXT SEARCH CONFIGURATION searched (COPY = simple);
    CREATE FOREIGN DATA WRAPPER wrapper;
    CREATE SERVER far FOREIGN DATA WRAPPER wrapper;
    CREATE FOREIGN TABLE there (id integer) SERVER far;
    CREATE PUBLICATION published FOR TABLE base;
    CREATE EVENT TRIGGER event ON ddl_command_end WHEN TAG IN ('CREATE CAST')
        EXECUTE FUNCTION tell();
    CREATE TABLE whole (id integer) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF whole FOR VALUES FROM (1) TO (9);
    CREATE SCHEMA office CREATE TABLE chair (id integer);";

/// How each kind of object is named where it is dropped and renamed.
const KINDS: [&str; 27] = [
    "INDEX base_v",
    "TRIGGER touched ON base",
    "STATISTICS of_base",
    "RULE quiet ON other",
    "POLICY few ON base",
    "VIEW above",
    "MATERIALIZED VIEW filled",
    "SEQUENCE counter",
    "FUNCTION plain()",
    "PROCEDURE done()",
    "AGGREGATE total (integer)",
    "TYPE mood",
    "TYPE pair",
    "TYPE span",
    "DOMAIN small",
    "COLLATION plainly",
    "CONVERSION latin",
    "TEXT SEARCH DICTIONARY words",
    "TEXT SEARCH CONFIGURATION searched",
    "FOREIGN DATA WRAPPER wrapper",
    "SERVER far",
    "FOREIGN TABLE there",
    "PUBLICATION published",
    "EVENT TRIGGER event",
    "TABLE other",
    "TABLE part",
    "SCHEMA office",
];

/// Changes of a part of an object, and those that are neither a drop nor a new name.
const OTHER_CHANGES: [&str; 23] = [
    "ALTER TABLE other DROP CONSTRAINT up",
    "ALTER TABLE other RENAME CONSTRAINT up TO renamed",
    "ALTER TABLE other DROP CONSTRAINT up; ALTER TABLE base DROP CONSTRAINT base_pkey",
    "ALTER TABLE other ALTER COLUMN d DROP DEFAULT",
    "ALTER TABLE base DROP CONSTRAINT positive",
    "ALTER TABLE base RENAME COLUMN w TO renamed",
    "ALTER TABLE base DROP COLUMN w CASCADE",
    "ALTER TABLE base ALTER COLUMN w TYPE varchar(9)",
    "ALTER TABLE base SET SCHEMA office",
    "ALTER TABLE whole DETACH PARTITION part",
    "DROP TABLE other; CREATE TABLE other (id integer)",
    "DROP OPERATOR ### (integer, integer)",
    "CREATE OR REPLACE VIEW above AS SELECT id FROM base WHERE id > 5",
    "ALTER VIEW above RENAME COLUMN id TO renamed",
    "ALTER FUNCTION plain() SET SCHEMA office",
    "ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'",
    "ALTER TYPE pair RENAME ATTRIBUTE a TO renamed",
    "ALTER DOMAIN small DROP CONSTRAINT is_small",
    "ALTER DOMAIN small RENAME CONSTRAINT is_small TO renamed",
    "ALTER POLICY few ON base USING (id > 4)",
    "ALTER TEXT SEARCH CONFIGURATION searched DROP MAPPING FOR word",
    "ALTER PUBLICATION published SET TABLE other",
    "ALTER SEQUENCE counter INCREMENT 5",
];

/// The same with `RENAME TO` and with DROP, where the server has it.
fn drops_and_new_names() -> impl Iterator<Item = String> {
    let renamed = KINDS.iter().filter(|kind| !kind.starts_with("RULE"));
    let renamed = renamed.map(|kind| format!("ALTER {kind} RENAME TO renamed"));
    let dropped = KINDS.iter().map(|kind| match kind.split(' ').next() {
        Some("TRIGGER" | "RULE" | "POLICY") => format!("DROP {kind}"),
        _ => format!("DROP {kind} CASCADE"),
    });
    renamed
        .chain(["ALTER RULE quiet ON other RENAME TO renamed".to_owned()])
        .chain(dropped)
}

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
    let entries = catalog
        .entries
        .iter()
        .filter(|it| it.kind != Kind::Database);
    entries
        .map(|it| (it.tag.clone(), it.definition.clone()))
        .collect()
}

#[test]
fn definitions_are_those_of_the_snapshot_or_a_change_is_detected() {
    run(async {
        let unchanged = read_after("SELECT 1").await.expect("nothing changed");
        let unchanged = definitions(&unchanged);
        let changes = OTHER_CHANGES.map(str::to_owned).into_iter();
        let changes = changes.chain(drops_and_new_names()).map(async |change| {
            match read_after(&change).await {
                Err(CatalogError::Changed(_)) => None,
                Err(error) => Some(format!("{change}: {error}")),
                // The server read its own tables as of the snapshot.
                Ok(catalog) if definitions(&catalog) == unchanged => None,
                Ok(_) => Some(format!("{change}: a mixture")),
            }
        });
        let all = stream::iter(changes).buffer_unordered(AT_A_TIME);
        let wrong: Vec<Option<String>> = all.collect().await;
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

const AT_A_TIME: usize = 4;

#[test]
fn new_objects_and_new_rows_are_not_a_change() {
    run(async {
        let change = "CREATE TABLE newer (id serial); INSERT INTO base VALUES (1);
                      CREATE INDEX newer_index ON base (w)";
        let catalog = read_after(change).await.expect("nothing it holds changed");
        assert!(catalog.tables.iter().all(|table| table.name != "newer"));
    });
}
