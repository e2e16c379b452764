//! Publications and event triggers, which belong to the whole database and come last.

use super::CatalogError;
use super::declared::{self, Declared};
use super::item::Item;
use super::server::Server;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    // Version 15 introduced the choice of rows, columns and schemas.
    let has_parts = server.version >= 150_000;
    let tables = TABLES.replace("$parts", if has_parts { PARTS } else { "''" });
    let mut kinds = vec![
        Declared::rest(Kind::Publication, PUBLICATIONS),
        Declared::whole(Kind::PublicationTable, &tables),
        Declared::rest(Kind::EventTrigger, EVENT_TRIGGERS),
    ];
    if has_parts {
        kinds.push(Declared::whole(Kind::PublicationSchema, SCHEMAS));
    }
    declared::read(server, &kinds).await
}

const PUBLICATIONS: &str = "\
    SELECT p.tableoid, p.oid, NULL::oid, p.pubowner, p.pubname, NULL,
           format('%s WITH (%s);', CASE WHEN p.puballtables THEN ' FOR ALL TABLES' END,
                  concat_ws(', ',
                    format('publish = %L',
                           concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                                           CASE WHEN p.pubupdate THEN 'update' END,
                                           CASE WHEN p.pubdelete THEN 'delete' END,
                                           CASE WHEN p.pubtruncate THEN 'truncate' END)),
                    CASE WHEN to_jsonb(p) ->> 'pubviaroot' = 'true'
                         THEN 'publish_via_partition_root = true' END,
                    CASE WHEN to_jsonb(p) ->> 'pubgencols' = 's'
                         THEN 'publish_generated_columns = stored' END))
      FROM pg_publication p";

const TABLES: &str = "\
    SELECT r.tableoid, r.oid, c.relnamespace, NULL::oid, p.pubname || ' ' || c.relname, '',
           format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname)
             || $parts || ';'
      FROM pg_publication_rel r
      JOIN pg_publication p ON p.oid = r.prpubid
      JOIN pg_class c ON c.oid = r.prrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace";

/// The columns and rows of a table.
const PARTS: &str = "\
    coalesce((SELECT format(' (%s)', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
                FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)
              HAVING count(*) > 0), '')
      || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')";

const SCHEMAS: &str = "\
    SELECT r.tableoid, r.oid, n.oid, NULL::oid, p.pubname || ' ' || n.nspname, '',
           format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I;', p.pubname, n.nspname)
      FROM pg_publication_namespace r
      JOIN pg_publication p ON p.oid = r.pnpubid
      JOIN pg_namespace n ON n.oid = r.pnnspid";

const EVENT_TRIGGERS: &str = "\
    SELECT e.tableoid, e.oid, NULL::oid, e.evtowner, e.evtname, NULL,
           format(' ON %I%s EXECUTE FUNCTION %s();%s', e.evtevent,
                  (SELECT format(' WHEN TAG IN (%s)', string_agg(quote_literal(t), ', '))
                     FROM unnest(e.evttags) t HAVING count(*) > 0),
                  e.evtfoid::regproc,
                  CASE e.evtenabled
                       WHEN 'D' THEN format(E'\\nALTER EVENT TRIGGER %I DISABLE;', e.evtname)
                       WHEN 'R' THEN format(E'\\nALTER EVENT TRIGGER %I ENABLE REPLICA;', e.evtname)
                       WHEN 'A' THEN format(E'\\nALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname)
                       END)
      FROM pg_event_trigger e";
