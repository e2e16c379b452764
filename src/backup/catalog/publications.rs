//! Publications and event triggers, which belong to the whole database and come last.

use super::CatalogError;
use super::item::Item;
use super::server::Server;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    // Version 15 introduced the choice of rows, columns and schemas.
    let has_parts = server.version >= 150_000;
    let tables = TABLES.replace("$parts", if has_parts { PARTS } else { "''" });
    let mut kinds = vec![
        (Kind::Publication, PUBLICATIONS),
        (Kind::PublicationTable, &tables),
        (Kind::EventTrigger, EVENT_TRIGGERS),
    ];
    if has_parts {
        kinds.push((Kind::PublicationSchema, SCHEMAS));
    }
    server.items(&kinds).await
}

const PUBLICATIONS: &str = "\
    SELECT p.tableoid AS catalog, p.oid, NULL::text AS schema, p.pubname::text AS tag,
           pg_get_userbyid(p.pubowner)::text AS owner, quote_ident(p.pubname) AS subject,
           format('CREATE PUBLICATION %I%s WITH (%s);', p.pubname,
                  CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE '' END,
                  concat_ws(', ',
                    format('publish = %L',
                           concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                                           CASE WHEN p.pubupdate THEN 'update' END,
                                           CASE WHEN p.pubdelete THEN 'delete' END,
                                           CASE WHEN p.pubtruncate THEN 'truncate' END)),
                    CASE WHEN to_jsonb(p) ->> 'pubviaroot' = 'true'
                         THEN 'publish_via_partition_root = true' END,
                    CASE WHEN to_jsonb(p) ->> 'pubgencols' = 's'
                         THEN 'publish_generated_columns = stored' END)) AS definition
      FROM pg_publication p
     WHERE p.oid >= 16384
     ORDER BY tag";

const TABLES: &str = "\
    SELECT r.tableoid AS catalog, r.oid, n.nspname::text AS schema, p.pubname || ' ' || c.relname AS tag,
           ''::text AS owner, ''::text AS subject,
           format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname)
             || $parts || ';' AS definition
      FROM pg_publication_rel r
      JOIN pg_publication p ON p.oid = r.prpubid
      JOIN pg_class c ON c.oid = r.prrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE r.oid >= 16384
     ORDER BY schema, tag";

/// The columns and rows of a table.
const PARTS: &str = "\
    coalesce((SELECT format(' (%s)', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
                FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)
              HAVING count(*) > 0), '')
      || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')";

const SCHEMAS: &str = "\
    SELECT r.tableoid AS catalog, r.oid, n.nspname::text AS schema, p.pubname || ' ' || n.nspname AS tag,
           ''::text AS owner, ''::text AS subject,
           format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I;', p.pubname, n.nspname)
             AS definition
      FROM pg_publication_namespace r
      JOIN pg_publication p ON p.oid = r.pnpubid
      JOIN pg_namespace n ON n.oid = r.pnnspid
     WHERE r.oid >= 16384
     ORDER BY schema, tag";

const EVENT_TRIGGERS: &str = "\
    SELECT e.tableoid AS catalog, e.oid, NULL::text AS schema, e.evtname::text AS tag,
           pg_get_userbyid(e.evtowner)::text AS owner, quote_ident(e.evtname) AS subject,
           format('CREATE EVENT TRIGGER %I ON %I%s%s EXECUTE FUNCTION %s();%s', e.evtname,
                  e.evtevent, CASE WHEN e.evttags IS NULL THEN '' ELSE ' ' END,
                  (SELECT format('WHEN TAG IN (%s)', string_agg(quote_literal(t), ', '))
                     FROM unnest(e.evttags) t HAVING count(*) > 0),
                  e.evtfoid::regproc,
                  CASE e.evtenabled
                       WHEN 'D' THEN format(E'\\nALTER EVENT TRIGGER %I DISABLE;', e.evtname)
                       WHEN 'R' THEN format(E'\\nALTER EVENT TRIGGER %I ENABLE REPLICA;', e.evtname)
                       WHEN 'A' THEN format(E'\\nALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname)
                       END) AS definition
      FROM pg_event_trigger e
     WHERE e.oid >= 16384
     ORDER BY tag";
