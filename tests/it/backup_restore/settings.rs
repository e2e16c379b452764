//! Settings of the restoring role, and of the database that is filled, that change nothing.

use pgarchive::{Entry, Kind};

use super::sample::Sample;
use super::{holds_the_sample, options, replace, restored};
use crate::harness::{Site, connect, everywhere};

/// Each setting that a session may change, with another value than usual: a switch is turned, a choice is
/// the last of those that differ, a number is its smallest. Those of the server's developers and of its
/// log are omitted, and texts have their value here.
const OTHERWISE: &str = "\
    SELECT name, value
      FROM (SELECT s.name,
                   CASE WHEN s.name ~ '_timeout$' THEN '9s'
                        WHEN s.name = 'DateStyle' THEN 'SQL, DMY'
                        WHEN s.name = 'TimeZone' THEN 'Asia/Kathmandu'
                        WHEN s.name = 'default_text_search_config' THEN 'pg_catalog.german'
                        WHEN s.name = 'client_encoding' THEN 'LATIN1'
                        WHEN s.name = 'row_security' THEN 'on'
                        WHEN s.name = 'search_path' THEN 'pg_temp'
                        WHEN s.name = 'default_tablespace' THEN 'pg_global'
                        WHEN s.name = 'restrict_nonsystem_relation_kind' THEN 'view'
                        WHEN s.vartype = 'bool' THEN CASE s.setting WHEN 'on' THEN 'off' ELSE 'on' END
                        WHEN s.vartype = 'enum'
                        THEN (SELECT max(value) FROM unnest(s.enumvals) AS value
                               WHERE value <> s.setting)
                        WHEN s.vartype IN ('integer', 'real') AND s.min_val::float8 <> s.setting::float8
                        THEN s.min_val END AS value
              FROM pg_settings AS s
             WHERE (s.context = 'user' OR s.context = 'superuser' AND $1)
               AND s.category !~ '^(Developer|Reporting|Statistics|Preset|Customized)'
               AND s.name !~ '^(transaction_(deferrable|isolation|read_only)|jit_|max_stack_depth|compute_query_id|update_process_title)')
           AS settings
     WHERE value IS NOT NULL
     ORDER BY name";

/// The statements that set all that for `whose`: `ROLE …` or `DATABASE …`.
async fn otherwise(site: Site, whose: &str) -> Vec<String> {
    let superuser = site.superuser().await;
    let rows = superuser
        .query(OTHERWISE, &[&(site.role == "postgres")])
        .await;
    let rows = rows.expect("they can be listed");
    assert!(rows.len() > 60, "{} settings", rows.len());
    let settings = rows.iter().map(|row| {
        let (name, value): (&str, &str) = (row.get(0), row.get(1));
        match name {
            "search_path" | "DateStyle" => format!("ALTER {whose} SET {name} = {value}"),
            name => format!("ALTER {whose} SET {name} = '{value}'"),
        }
    });
    settings.collect()
}

/// The sample, and a view of the settings of the session that makes it: with the restore's value, and with the
/// role's or the database's.
fn with_a_view_of_settings() -> Sample {
    let mut sample = Sample::new();
    let entry = |id, kind, definition: &str| Entry {
        id,
        definition: definition.into(),
        namespace: Some("public".into()),
        ..Entry::new(kind, "seen")
    };
    sample.entries.push(entry(
        50,
        Kind::MaterializedView,
        "CREATE MATERIALIZED VIEW public.seen AS
             SELECT name, setting, reset_val FROM pg_catalog.pg_settings WITH NO DATA;\n",
    ));
    sample.entries.push(Entry {
        dependencies: vec![50],
        ..entry(
            51,
            Kind::Refresh,
            "REFRESH MATERIALIZED VIEW public.seen;\n",
        )
    });
    sample
}

/// The settings of a session that restores. Most of them change what a definition makes or how a value is read.
const USUAL: &str = "\
    (VALUES ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'),
            ('array_nulls', 'on'), ('backslash_quote', 'safe_encoding'), ('bytea_output', 'hex'),
            ('client_encoding', 'UTF8'),
            ('default_table_access_method', 'heap'), ('default_tablespace', ''),
            ('default_transaction_deferrable', 'off'),
            ('default_transaction_isolation', 'read committed'),
            ('default_transaction_read_only', 'off'), ('extra_float_digits', '3'),
            ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
            ('lock_timeout', '0'), ('quote_all_identifiers', 'off'),
            ('restrict_nonsystem_relation_kind', ''), ('row_security', 'off'),
            ('session_replication_role', 'origin'),
            ('standard_conforming_strings', 'on'), ('statement_timeout', '0'),
            ('transaction_timeout', '0'), ('transform_null_equals', 'off'),
            ('xmloption', 'content')) AS usual (name, setting)";

/// Holds the view to show usual settings. The role or the database has others, except for these. Drops
/// the view.
async fn was_made_with_usual_settings(site: Site, database: &str, not_changed: &[&str]) {
    let client = connect(&site.superusers(database)).await;
    let names = async |condition: &str| -> Vec<String> {
        let names = format!(
            "SELECT usual.name FROM {USUAL} JOIN public.seen USING (name) WHERE {condition} ORDER BY 1"
        );
        let rows = client.query(&names, &[]).await.expect("a list");
        rows.iter().map(|row| row.get(0)).collect()
    };
    let not_usual = names("seen.setting <> usual.setting").await;
    assert_eq!(not_usual, [""; 0], "the restore ran with other settings");
    // The driver sends the encoding when it connects, which outranks both.
    let mut expected = [&["client_encoding"], not_changed].concat();
    if site.role != "postgres" {
        expected.push("session_replication_role");
    }
    assert_eq!(names("seen.reset_val = usual.setting").await, expected);
    let dropped = client.batch_execute("DROP MATERIALIZED VIEW public.seen");
    dropped.await.expect("it is there");
}

async fn execute(site: Site, statements: &[String]) {
    let superuser = site.superuser().await;
    for statement in statements {
        let done = superuser.batch_execute(statement).await;
        done.expect(statement);
    }
}

#[test]
fn settings_of_the_role_and_of_the_database_change_nothing() {
    everywhere(async |site| {
        let (role, rights) = match site.role {
            "postgres" => ("restore_settings_superuser", "SUPERUSER"),
            _ => ("restore_settings_administrator", "CREATEDB"),
        };
        let create = format!("CREATE ROLE {role} LOGIN {rights} IN ROLE restore_owner");
        execute(site, &[create]).await;
        execute(site, &otherwise(site, &format!("ROLE {role}")).await).await;
        let (new, with_settings) = (Site::fresh_name(), site.with_role(role));
        let report = restored(with_settings, with_a_view_of_settings(), &new, options()).await;
        report.expect("it restores");
        execute(site, &[format!("ALTER ROLE {role} RESET ALL")]).await;
        was_made_with_usual_settings(site, &new, &["default_table_access_method"]).await;
        holds_the_sample(with_settings, &new).await;

        let empty = site.database().await;
        let within = connect(&site.superusers(&empty)).await;
        let own_method = "CREATE ACCESS METHOD own TYPE TABLE HANDLER heap_tableam_handler";
        within.batch_execute(own_method).await.expect("it is made");
        let database = format!("DATABASE \"{empty}\"");
        execute(site, &otherwise(site, &database).await).await;
        let own_method = format!("ALTER {database} SET default_table_access_method = own");
        execute(site, &[own_method]).await;
        let report = restored(site, with_a_view_of_settings(), &empty, options()).await;
        report.expect("it restores");
        execute(site, &[format!("ALTER {database} RESET ALL")]).await;
        was_made_with_usual_settings(site, &empty, &[]).await;
        let drop_method = within.batch_execute("DROP ACCESS METHOD own").await;
        drop_method.expect("nothing uses it");
        holds_the_sample(site, &empty).await;
    });
}

#[test]
fn a_search_path_hides_no_function_of_the_server() {
    everywhere(async |site| {
        let database = site.database().await;
        let hides = format!(
            "CREATE SCHEMA hides;
             CREATE FUNCTION hides.current_setting(text) RETURNS text LANGUAGE plpgsql
                 AS $$ BEGIN RAISE 'not the function of the server'; END $$;
             ALTER DATABASE \"{database}\" SET search_path = hides, pg_catalog"
        );
        let client = site.connect(&database).await;
        client.batch_execute(&hides).await.expect("they are made");
        drop(client);
        let report = restored(site, Sample::new(), &database, replace()).await;
        report.expect("it restores");
        holds_the_sample(site, &database).await;
    });
}

/// Backups of servers of late 2026 have this option, which other servers reject.
#[test]
fn an_option_that_the_server_itself_keeps_is_not_restored() {
    everywhere(async |site| {
        let mut sample = Sample::new();
        let mut entries = sample.entries.iter_mut();
        let member = entries.find(|it| it.kind == Kind::Table && it.tag == "member");
        member.expect("there is one").definition += "\
            ALTER TABLE ONLY public.member ALTER COLUMN id SET (pg_attver=3);\n\
            ALTER TABLE ONLY public.member ALTER COLUMN note SET (n_distinct=5, pg_attver=7);\n";
        let database = Site::fresh_name();
        let report = restored(site, sample, &database, options()).await;
        report.expect("it restores");
        let options = "SELECT string_agg(attname || array_to_string(attoptions, ','), ' ')
                         FROM pg_attribute WHERE attrelid = 'member'::regclass AND attnum > 0";
        let client = connect(&site.superusers(&database)).await;
        let row = client.query_one(options, &[]).await.expect("the table");
        assert_eq!(row.get::<_, &str>(0), "noten_distinct=5");
    });
}
