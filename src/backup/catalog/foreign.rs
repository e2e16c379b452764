//! Foreign data wrappers, foreign servers, and user mappings. Foreign tables are tables.

use super::CatalogError;
use super::declared::{self, Declared};
use super::item::Item;
use super::server::Server;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let mut kinds = vec![
        Declared::rest(Kind::ForeignDataWrapper, WRAPPERS),
        Declared::rest(Kind::Server, SERVERS),
    ];
    // The census reports a catalogue that the role may not read.
    let readable = server.rows(MAPPINGS_ARE_READABLE).await?;
    if readable.first().is_some_and(|row| row.get("readable")) {
        kinds.push(Declared::rest(Kind::UserMapping, MAPPINGS));
    }
    declared::read(server, &kinds).await
}

/// ` OPTIONS (…)`, or null without any.
macro_rules! options {
    ($array:literal) => {
        concat!(
            "(SELECT format(' OPTIONS (%s)',
                            string_agg(format('%I %L', o.option_name, o.option_value), ', '))
                FROM pg_options_to_table(",
            $array,
            ") o HAVING count(*) > 0)"
        )
    };
}

const WRAPPERS: &str = concat!(
    "SELECT w.tableoid, w.oid, NULL::oid, w.fdwowner, w.fdwname, NULL,
            concat(' HANDLER ' || nullif(w.fdwhandler, 0)::regproc,
                   ' VALIDATOR ' || nullif(w.fdwvalidator, 0)::regproc, ",
    options!("w.fdwoptions"),
    ", ';')
       FROM pg_foreign_data_wrapper w"
);

const SERVERS: &str = concat!(
    "SELECT s.tableoid, s.oid, NULL::oid, s.srvowner, s.srvname, NULL,
            concat(' TYPE ' || quote_literal(s.srvtype), ' VERSION ' || quote_literal(s.srvversion),
                   format(' FOREIGN DATA WRAPPER %I', w.fdwname), ",
    options!("s.srvoptions"),
    ", ';')
       FROM pg_foreign_server s
       JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"
);

const MAPPINGS_ARE_READABLE: &str =
    "SELECT has_table_privilege('pg_catalog.pg_user_mapping', 'SELECT') AS readable";

const MAPPINGS: &str = concat!(
    "SELECT m.tableoid, m.oid, NULL::oid, NULL::oid,
            format('USER MAPPING %s SERVER %s', u.name, s.srvname),
            format('FOR %s SERVER %I', u.name, s.srvname), concat(",
    options!("m.umoptions"),
    ", ';')
       FROM pg_user_mapping m
       JOIN pg_foreign_server s ON s.oid = m.umserver
      CROSS JOIN LATERAL (SELECT CASE m.umuser WHEN 0 THEN 'PUBLIC'
                                      ELSE quote_ident(pg_get_userbyid(m.umuser)) END) AS u (name)"
);
