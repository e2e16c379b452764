//! Foreign data wrappers, foreign servers, and user mappings. Foreign tables are tables.

use super::CatalogError;
use super::item::Item;
use super::server::Server;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let mut kinds = vec![
        (Kind::ForeignDataWrapper, WRAPPERS),
        (Kind::Server, SERVERS),
    ];
    // The census reports a catalogue that the role may not read.
    let readable = server.rows(MAPPINGS_ARE_READABLE).await?;
    if readable.first().is_some_and(|row| row.get("readable")) {
        kinds.push((Kind::UserMapping, MAPPINGS));
    }
    server.items(&kinds).await
}

const WRAPPERS: &str = "\
    SELECT w.tableoid AS catalog, w.oid, NULL::text AS schema, w.fdwname::text AS tag,
           pg_get_userbyid(w.fdwowner)::text AS owner, quote_ident(w.fdwname) AS subject,
           concat_ws(' ', format('CREATE FOREIGN DATA WRAPPER %I', w.fdwname),
                     'HANDLER ' || nullif(w.fdwhandler, 0)::regproc,
                     'VALIDATOR ' || nullif(w.fdwvalidator, 0)::regproc,
                     (SELECT format('OPTIONS (%s)',
                                    string_agg(format('%I %L', o.option_name, o.option_value), ', '))
                        FROM pg_options_to_table(w.fdwoptions) o HAVING count(*) > 0))
             || ';' AS definition
      FROM pg_foreign_data_wrapper w
     WHERE w.oid >= 16384
     ORDER BY tag";

const SERVERS: &str = "\
    SELECT s.tableoid AS catalog, s.oid, NULL::text AS schema, s.srvname::text AS tag,
           pg_get_userbyid(s.srvowner)::text AS owner, quote_ident(s.srvname) AS subject,
           concat_ws(' ', format('CREATE SERVER %I', s.srvname),
                     'TYPE ' || quote_literal(s.srvtype),
                     'VERSION ' || quote_literal(s.srvversion),
                     format('FOREIGN DATA WRAPPER %I', w.fdwname),
                     (SELECT format('OPTIONS (%s)',
                                    string_agg(format('%I %L', o.option_name, o.option_value), ', '))
                        FROM pg_options_to_table(s.srvoptions) o HAVING count(*) > 0))
             || ';' AS definition
      FROM pg_foreign_server s
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE s.oid >= 16384
     ORDER BY tag";

const MAPPINGS_ARE_READABLE: &str =
    "SELECT has_table_privilege('pg_catalog.pg_user_mapping', 'SELECT') AS readable";

const MAPPINGS: &str = "\
    SELECT m.tableoid AS catalog, m.oid, NULL::text AS schema, ''::text AS owner,
           format('USER MAPPING %s SERVER %s', u.name, s.srvname) AS tag,
           format('FOR %s SERVER %I', u.name, s.srvname) AS subject,
           concat_ws(' ', format('CREATE USER MAPPING FOR %s SERVER %I', u.name, s.srvname),
                     (SELECT format('OPTIONS (%s)',
                                    string_agg(format('%I %L', o.option_name, o.option_value), ', '))
                        FROM pg_options_to_table(m.umoptions) o HAVING count(*) > 0))
             || ';' AS definition
      FROM pg_user_mapping m
      JOIN pg_foreign_server s ON s.oid = m.umserver
     CROSS JOIN LATERAL (SELECT CASE m.umuser WHEN 0 THEN 'PUBLIC'
                                     ELSE quote_ident(pg_get_userbyid(m.umuser)) END) AS u (name)
     WHERE m.oid >= 16384
     ORDER BY tag";
