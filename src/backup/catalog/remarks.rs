//! Reports properties that the archive lacks and that are not objects: columns of other objects, entries of
//! shared catalogues, and large objects, of which there can be as many as rows.

use super::CatalogError;
use super::server::Server;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<String>, CatalogError> {
    let rows = server.rows(REMARKS).await?;
    let mut remarks: Vec<String> = rows.iter().filter_map(|row| row.get("remark")).collect();
    for row in server.rows(CONFIGURATION).await? {
        let (extension, table): (&str, &str) = (row.get("extension"), row.get("table"));
        let found = server.try_rows(row.get("query")).await?;
        // A table that the role may not read can have rows.
        if found.is_none_or(|rows| rows.first().is_some_and(|row| row.get("found"))) {
            remarks.push(format!(
                "the rows that were added to {table} of extension {extension} are not in the archive"
            ));
        }
    }
    Ok(remarks)
}

/// The configuration tables and sequences of extensions, and a query for content that is not the extension's.
const CONFIGURATION: &str = "\
    SELECT e.extname::text AS extension, format('%I.%I', n.nspname, c.relname) AS table,
           CASE c.relkind
                WHEN 'S' THEN format('SELECT is_called AS found FROM %I.%I', n.nspname, c.relname)
                ELSE format('SELECT EXISTS (SELECT FROM %I.%I %s) AS found', n.nspname, c.relname, x.condition)
           END AS query
      FROM pg_extension e
     CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS x (relation, condition)
      JOIN pg_class c ON c.oid = x.relation
      JOIN pg_namespace n ON n.oid = c.relnamespace
     ORDER BY 1, 2";

const REMARKS: &str = "\
    SELECT format('table %s is restored without the oids of its rows', c.oid::regclass) AS remark
      FROM pg_class c
     WHERE c.relkind = 'r' AND c.oid >= 16384 AND to_jsonb(c) ->> 'relhasoids' = 'true'
     UNION ALL
    SELECT format('%s %s is restored without its tablespace',
                  CASE WHEN c.relkind IN ('i', 'I') THEN 'index'
                       WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'table' END, c.oid::regclass)
      FROM pg_class c
     WHERE c.reltablespace <> 0 AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'i', 'I', 'm')
       AND c.relpersistence <> 't'
     UNION ALL
    SELECT format('the database is restored without its tablespace %s', t.spcname)
      FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
     WHERE d.datname = current_database() AND t.spcname <> 'pg_default'
     UNION ALL
    SELECT format('table %s is restored without its access method %s', c.oid::regclass, m.amname)
      FROM pg_class c JOIN pg_am m ON m.oid = c.relam
     WHERE c.relkind IN ('r', 'p', 'm') AND m.amname <> 'heap'
     UNION ALL
    SELECT format('index %s is restored apart from %s, because the server cannot attach the index of an exclusion',
                  h.inhrelid::regclass, h.inhparent::regclass)
      FROM pg_inherits h JOIN pg_index x ON x.indexrelid = h.inhrelid AND x.indisexclusion
     UNION ALL
    SELECT DISTINCT format('%s is restored in force, though its triggers on %s are switched off',
                           coalesce('foreign key ' || k.conname, 'a foreign key'),
                           g.tgrelid::regclass)
      FROM pg_trigger g LEFT JOIN pg_constraint k ON k.oid = g.tgconstraint
     WHERE g.tgisinternal AND g.tgenabled <> 'O'
     UNION ALL
    SELECT format('security label of %s on %s %s is not in the archive', l.provider, i.type,
                  i.identity)
      FROM pg_seclabel l
     CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) i
     UNION ALL
    SELECT format('security label of %s on the database is not in the archive', l.provider)
      FROM pg_shseclabel l JOIN pg_database d ON d.oid = l.objoid
     WHERE l.classoid = 'pg_database'::regclass AND d.datname = current_database()
     UNION ALL
    SELECT format('subscription %s is not in the archive', s.subname)
      FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
     WHERE d.datname = current_database()
     UNION ALL
    SELECT format('%s large objects are not in the archive', count(*))
      FROM pg_largeobject_metadata HAVING count(*) > 0";
