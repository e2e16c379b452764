//! A role's own settings: none changes what a backup has in it, or ends it.

use std::sync::Arc;

use jiff::Timestamp;
use magnusapi::backup::export::{Options, export};
use magnusapi::backup::{Progress, Source};
use magnusapi::blob::{BlobAddress, Blobs};
use magnusapi::database::Settings;
use pgarchive::encryption::Recipients;

use crate::backup_catalog::hard_cases;
use crate::harness::{Database, Operator, TIMEOUT, folder, run};

/// Values whose text depends on settings, and enough rows that an export takes longer than the limits.
const VALUES: &str = r#"
    CREATE TABLE settled (id integer, f float8, b bytea, t timestamptz, d date, i interval, a text[],
                          x xml, s text);
    INSERT INTO settled VALUES
        (1, 0.1 + 0.2, '\x00ff5c', '2026-03-29 01:30:00Z', '2026-11-24', '-1 year 2 days -3:04:05.678',
         '{NULL,"NULL","a\\b"}', '<a>1</a>', 'back\slash and ''quote''');
    CREATE VIEW settled_view AS SELECT 'back\slash' || s AS s, '1 day'::interval AS i,
        '2026-11-24 02:00:00Z'::timestamptz AS t, 0.30000000000000004::float8 AS f FROM settled;
    CREATE SCHEMA hides;
    CREATE FUNCTION hides.current_setting(text) RETURNS text LANGUAGE plpgsql
        AS $$ BEGIN RAISE 'not the function of the server'; END $$;
    CREATE TABLE large AS SELECT i, repeat('x', 500) AS text FROM generate_series(1, 60000) i"#;

/// Settings that are neither switches nor of a list of words.
const VALUES_OF_SETTINGS: [(&str, &str); 15] = [
    ("DateStyle", "German, DMY"),
    ("TimeZone", "Asia/Kathmandu"),
    ("default_tablespace", "nowhere"),
    ("extra_float_digits", "-15"),
    ("from_collapse_limit", "1"),
    ("gin_fuzzy_search_limit", "1"),
    ("idle_in_transaction_session_timeout", "300ms"),
    ("idle_session_timeout", "300ms"),
    ("join_collapse_limit", "1"),
    ("lock_timeout", "300ms"),
    ("search_path", "hides, pg_catalog, public"),
    ("statement_timeout", "300ms"),
    ("temp_tablespaces", "nowhere"),
    ("vacuum_cost_delay", "10ms"),
    ("work_mem", "64kB"),
];

/// Every switch the other way round, and another word of every list. Those of the log, and those that
/// belong to the transaction, are not a session's to begin with.
const SWITCHES: &str = "\
    SELECT name, CASE WHEN vartype = 'bool'
                      THEN CASE setting WHEN 'on' THEN 'off' ELSE 'on' END
                      ELSE (SELECT v FROM unnest(enumvals) v WHERE v <> setting LIMIT 1) END AS value
      FROM pg_settings
     WHERE vartype IN ('bool', 'enum') AND context IN ('user', 'superuser')
       AND name !~ '^(log|debug|trace|transaction)_' AND name <> 'exit_on_error'
       AND name !~ '[.]'";

/// The content of a backup without its times.
#[derive(Debug, PartialEq)]
struct Content {
    findings: Vec<String>,
    tables: Vec<(String, u64, String)>,
    files: Vec<(String, String)>,
}

async fn content(database: &Database, role: &str) -> Content {
    let url = format!("{} user={role}", database.url);
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.clone()));
    let source = Source {
        name: "postfacto".parse().expect("a name"),
        database: settings.expect("good").expect("a database is named"),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&BlobAddress::folder(folder.path())).expect("a store");
    let options = Options {
        retries: 0,
        ..Options::new(2, Recipients::default(), TIMEOUT)
    };
    let clock: magnusapi::clock::Clock = Arc::new(Timestamp::now);
    let progress = Progress::default();
    let made = export(&source, &blobs, &options, &clock, &progress, &|_| ()).await;
    let made = made.unwrap_or_else(|error| panic!("as {role}: {error}"));
    let timeless = |name: &str| name != "toc.dat" && name != "README.txt";
    let files = made.files.into_iter().filter(|it| timeless(&it.name));
    let tables = made.tables.into_iter();
    Content {
        findings: made.findings,
        tables: tables.map(|it| (it.name, it.rows, it.row_sum)).collect(),
        files: files.map(|it| (it.name, it.content_sha256)).collect(),
    }
}

#[test]
fn settings_of_the_role_change_nothing_in_a_backup() {
    run(async {
        let database = hard_cases().await;
        let client = database.connect().await;
        client.batch_execute(VALUES).await.expect("it is filled");
        let switches = client.query(SWITCHES, &[]).await.expect("a list");
        let switches = switches.iter().map(|row| (row.get(0), row.get(1)));
        let switches: Vec<(String, String)> = switches.collect();
        assert!(switches.len() > 60, "{switches:?}");
        let values = VALUES_OF_SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let usual = content(&database, "postgres").await;
        for (role, settings) in [("switched", switches), ("valued", values.to_vec())] {
            // Names in a search path are a list, not one name.
            let set = settings.iter().map(|(name, value)| match name.as_str() {
                "search_path" => format!("ALTER ROLE {role} SET search_path = {value};"),
                name => format!("ALTER ROLE {role} SET \"{name}\" = '{value}';"),
            });
            let sql = format!(
                "CREATE ROLE {role} LOGIN SUPERUSER; {}",
                set.collect::<String>()
            );
            client.batch_execute(&sql).await.expect("a role");
            assert_eq!(content(&database, role).await, usual, "as {role}");
        }
    });
}

/// Servers of late 2026 keep a number in it.
#[test]
fn an_option_that_the_server_itself_keeps_is_not_backed_up() {
    run(async {
        let (database, store) = (Database::empty(), folder());
        let client = database.connect().await;
        let keep = "CREATE TABLE kept (one integer, two integer);
                    UPDATE pg_attribute
                       SET attoptions = CASE attname WHEN 'one' THEN '{pg_attver=3}'
                                                     ELSE '{n_distinct=5,pg_attver=3}' END::text[]
                     WHERE attrelid = 'kept'::regclass AND attnum > 0";
        client.batch_execute(keep).await.expect("it is kept");
        let id = Operator::with_folder(&database, store.path()).makes();
        let schema = store.path().join("postfacto").join(id).join("schema.sql");
        let schema = std::fs::read_to_string(schema).expect("it is there");
        let options: Vec<&str> = schema.lines().filter(|it| it.contains(" SET (")).collect();
        let expected = r#"ALTER TABLE ONLY "public"."kept" ALTER COLUMN "two" SET (n_distinct=5);"#;
        assert_eq!(options, [expected]);
    });
}
