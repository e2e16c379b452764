//! The rules: additive only, and what an older program writes can still be written. So programs
//! of two versions can run side by side, and the older one can come back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_postgres::Client;

use crate::harness::{Database, run};

/// Version and SQL of each file in `migrations/`, in order.
pub(super) fn files() -> Vec<(i32, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let entries = std::fs::read_dir(folder).expect("there is a folder of migrations");
    let mut files: Vec<(i32, String)> = entries
        .map(|entry| {
            let path = entry.expect("it can be listed").path();
            let version = version(&path)
                .unwrap_or_else(|| panic!("{} is not named like V1__name.sql", path.display()));
            (
                version,
                std::fs::read_to_string(path).expect("it can be read"),
            )
        })
        .collect();
    files.sort();
    files
}

fn version(path: &Path) -> Option<i32> {
    let name = path.file_name()?.to_str()?.strip_suffix(".sql")?;
    let (version, _) = name.strip_prefix('V')?.split_once("__")?;
    version.parse().ok()
}

/// The data that a program of this version writes: one row or more for each table that it knows. It is
/// written again after every later migration, so its values must be new each time.
fn sample_data(version: i32) -> String {
    let file = format!("tests/it/sample_data/V{version}.sql");
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    std::fs::read_to_string(path).unwrap_or_else(|error| {
        panic!("migration {version} has no sample data ({error}): write what it makes possible into {file}")
    })
}

#[derive(Clone, Debug, PartialEq)]
struct Column {
    data_type: String,
    optional: bool,
}

/// The columns of a schema by table and name.
type Schema = BTreeMap<String, BTreeMap<String, Column>>;

async fn schema(client: &Client) -> Schema {
    let rows = client
        .query(
            "SELECT table_name::text, column_name::text,
                    concat_ws(' ', data_type, character_maximum_length, numeric_precision),
                    is_nullable = 'YES' OR column_default IS NOT NULL
                        OR is_identity = 'YES' OR is_generated = 'ALWAYS'
               FROM information_schema.columns
              WHERE table_schema = 'public'",
            &[],
        )
        .await
        .expect("the catalogue can be read");
    let mut schema = Schema::new();
    for row in rows {
        let column = Column {
            data_type: row.get(2),
            optional: row.get(3),
        };
        schema
            .entry(row.get(0))
            .or_default()
            .insert(row.get(1), column);
    }
    schema
}

/// The changes in `after` that an older program fails on.
fn violations(before: &Schema, after: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    for (table, columns) in before {
        let Some(now) = after.get(table) else {
            found.push(format!("table {table} is gone: never drop or rename one"));
            continue;
        };
        for (name, column) in columns {
            match now.get(name) {
                None => found.push(format!("{table}.{name} is gone: never drop or rename one")),
                Some(now) if now.data_type != column.data_type => {
                    found.push(format!("{table}.{name} has another type: add a new column"));
                }
                Some(now) if column.optional && !now.optional => {
                    found.push(format!(
                        "{table}.{name} must be given now: keep its default"
                    ));
                }
                Some(_) => {}
            }
        }
        for (name, column) in now {
            if !columns.contains_key(name) && !column.optional {
                found.push(format!("{table}.{name} is NOT NULL: give it a DEFAULT"));
            }
        }
    }
    found
}

/// Applies each over the sample data of those before, and returns the violations of the rules.
async fn examine(migrations: &[(i32, String)], sample: impl Fn(i32) -> String) -> Vec<String> {
    let database = Database::empty();
    let client = database.connect().await;
    let mut known = Schema::new();
    let mut samples: Vec<(i32, String)> = Vec::new();
    let mut found = Vec::new();
    for (version, sql) in migrations {
        if let Err(error) = client.batch_execute(sql).await {
            found.push(format!(
                "V{version} does not run over sample data: {error:?}"
            ));
            break;
        }
        let now = schema(&client).await;
        let broken = violations(&known, &now);
        found.extend(broken.into_iter().map(|it| format!("V{version}: {it}")));
        known = now;
        samples.push((*version, sample(*version)));
        for (of, sql) in &samples {
            if let Err(error) = client.batch_execute(sql).await {
                found.push(format!("V{version} refuses what V{of} writes: {error:?}"));
            }
        }
    }
    found
}

#[test]
fn every_migration_runs_over_sample_data_and_only_adds() {
    run(async {
        let found = examine(&files(), sample_data).await;
        assert!(found.is_empty(), "{}", found.join("\n"));
    });
}

#[test]
fn versions_are_counted_without_a_gap() {
    let versions: Vec<i32> = files().into_iter().map(|(version, _)| version).collect();
    assert_eq!(versions, (1..).take(versions.len()).collect::<Vec<_>>());
}

#[test]
fn a_migration_that_breaks_a_rule_is_found() {
    run(async {
        for (second, says) in [
            ("DROP TABLE one", "table one is gone"),
            ("ALTER TABLE one RENAME TO other", "table one is gone"),
            ("ALTER TABLE one DROP COLUMN name", "one.name is gone"),
            ("ALTER TABLE one RENAME name TO title", "one.name is gone"),
            ("ALTER TABLE one ALTER number TYPE bigint", "another type"),
            (
                "ALTER TABLE one ALTER number SET NOT NULL",
                "must be given now",
            ),
            ("ALTER TABLE one ADD more text NOT NULL", "does not run"),
            (
                "TRUNCATE one; ALTER TABLE one ADD more text NOT NULL",
                "give it a DEFAULT",
            ),
            ("ALTER TABLE one ADD CHECK (name <> 'x')", "does not run"),
            (
                "TRUNCATE one; ALTER TABLE one ADD CHECK (name <> 'x')",
                "V2 refuses what V1",
            ),
        ] {
            let first = "CREATE TABLE one (name text NOT NULL, number integer)";
            let migrations = [(1, first.to_owned()), (2, second.to_owned())];
            let sample = |version| match version {
                1 => "INSERT INTO one (name, number) VALUES ('x', 1)".to_owned(),
                _ => String::new(),
            };
            let found = examine(&migrations, sample).await.join("\n");
            assert!(found.contains(says), "{second}: {found}");
        }
    });
}
