//! Settings of the restoring role, and of the database that is filled, that change nothing.

use super::sample::Sample;
use super::{holds_the_sample, options, restored};
use crate::harness::{Site, everywhere};

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
                        WHEN s.name = 'search_path' THEN 'pg_temp'
                        WHEN s.vartype = 'bool' THEN CASE s.setting WHEN 'on' THEN 'off' ELSE 'on' END
                        WHEN s.vartype = 'enum'
                        THEN (SELECT max(value) FROM unnest(s.enumvals) AS value
                               WHERE value <> s.setting)
                        WHEN s.vartype IN ('integer', 'real') AND s.min_val::float8 <> s.setting::float8
                        THEN s.min_val END AS value
              FROM pg_settings AS s
             WHERE (s.context = 'user' OR s.context = 'superuser' AND $1)
               AND s.category !~ '^(Developer|Reporting|Statistics|Preset|Customized)'
               AND s.name !~ '^(transaction_|jit_|max_stack_depth|compute_query_id|update_process_title)')
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
        let report = restored(with_settings, Sample::new(), &new, options()).await;
        report.expect("it restores");
        execute(site, &[format!("ALTER ROLE {role} RESET ALL")]).await;
        holds_the_sample(with_settings, &new).await;

        let empty = site.database().await;
        execute(
            site,
            &otherwise(site, &format!("DATABASE \"{empty}\"")).await,
        )
        .await;
        let report = restored(site, Sample::new(), &empty, options()).await;
        report.expect("it restores");
        execute(site, &[format!("ALTER DATABASE \"{empty}\" RESET ALL")]).await;
        holds_the_sample(site, &empty).await;
    });
}
