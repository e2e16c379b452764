//! What the archive does not carry although it is no object by itself: it stands in a column of
//! something that is carried, in a catalogue that all databases share, or is as many as rows.

use super::CatalogError;
use super::server::Server;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<String>, CatalogError> {
    let rows = server.rows(REMARKS).await?;
    Ok(rows.iter().filter_map(|row| row.get(0)).collect())
}

/// Partitions and children keep their rows as tables of their own. `pg_dump` does carry the rows
/// that an extension's configuration tables were given; restoring them needs its conditions.
const REMARKS: &str = "\
    SELECT format('table %s is restored as a table of its own, not as %s of %s',
                  i.inhrelid::regclass,
                  CASE WHEN c.relispartition THEN 'a partition' ELSE 'a child' END,
                  i.inhparent::regclass)
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE c.relkind = 'r'
     UNION ALL
    SELECT format('table %s is restored without its type %s', c.oid::regclass,
                  c.reloftype::regtype)
      FROM pg_class c WHERE c.reloftype <> 0
     UNION ALL
    SELECT format('table %s is restored without the oids of its rows', c.oid::regclass)
      FROM pg_class c
     WHERE c.relkind = 'r' AND c.oid >= 16384 AND to_jsonb(c) ->> 'relhasoids' = 'true'
     UNION ALL
    SELECT format('%s %s is restored without its tablespace',
                  CASE c.relkind WHEN 'i' THEN 'index' WHEN 'm' THEN 'materialized view'
                                 ELSE 'table' END, c.oid::regclass)
      FROM pg_class c
     WHERE c.reltablespace <> 0 AND c.oid >= 16384 AND c.relkind IN ('r', 'i', 'm')
       AND c.relpersistence <> 't'
     UNION ALL
    SELECT format('table %s is restored without its access method %s', c.oid::regclass, m.amname)
      FROM pg_class c JOIN pg_am m ON m.oid = c.relam
     WHERE c.relkind IN ('r', 'm') AND m.amname <> 'heap'
     UNION ALL
    SELECT DISTINCT format('%s is restored in force, though its triggers on %s are switched off',
                           coalesce('foreign key ' || k.conname, 'a foreign key'),
                           g.tgrelid::regclass)
      FROM pg_trigger g LEFT JOIN pg_constraint k ON k.oid = g.tgconstraint
     WHERE g.tgisinternal AND g.tgenabled <> 'O'
     UNION ALL
    SELECT format('the rows that extension %s was given are not in the archive', e.extname)
      FROM pg_extension e WHERE e.extconfig IS NOT NULL
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
