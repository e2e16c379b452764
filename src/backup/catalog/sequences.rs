//! Sequences: their definitions, the columns that own them, and their state.

use super::CatalogError;
use super::declared::{self, Declared};
use super::item::{Item, Object};
use super::server::Server;
use super::sql::{always_quoted, literal, qualified};
use pgarchive::Kind;

const KINDS: &[Declared] = &[
    Declared::whole(Kind::Sequence, SEQUENCES),
    Declared::part(Kind::SequenceOwnedBy, OWNERS),
];

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let mut items = declared::read(server, KINDS).await?;
    let is_sequence = |item: &&Item| item.entry.kind == Kind::Sequence;
    let sequences: Vec<&Item> = items.iter().filter(is_sequence).collect();
    let mut states = Vec::new();
    for some in sequences.chunks(100) {
        states.extend(self::states(server, some).await?);
    }
    items.extend(states);
    Ok(items)
}

/// The state is in one relation for each sequence. It is not part of the snapshot, and never older. Sequences with
/// the same `last_value` continue differently if `is_called` differs.
async fn states(server: &Server<'_>, sequences: &[&Item]) -> Result<Vec<Item>, CatalogError> {
    let name = |item: &Item| {
        let schema = item.entry.namespace.as_deref().unwrap_or_default();
        qualified(schema, &item.entry.tag)
    };
    let selects = sequences.iter().enumerate().map(|(place, it)| {
        let name = name(it);
        format!("SELECT {place}::int4 AS place, last_value, is_called FROM {name}")
    });
    let selects: Vec<String> = selects.collect();
    let rows = server.rows(&selects.join(" UNION ALL ")).await?;
    let states = rows.iter().map(|row| {
        let place: i32 = row.get("place");
        let item = sequences[usize::try_from(place).expect("it is a place")];
        let (last_value, is_called): (i64, bool) = (row.get("last_value"), row.get("is_called"));
        let name = literal(&name(item));
        let definition = format!("SELECT pg_catalog.setval({name}, {last_value}, {is_called});\n");
        let entry = &item.entry;
        Item::new(Kind::SequenceSet, None, &entry.tag, definition)
            .within(entry.namespace.as_deref(), &entry.owner)
            .after(Object::relation(entry.oid))
    });
    Ok(states.collect())
}

/// Without those of extensions and of sessions, whose state this role may not read. The sequence of an identity
/// column is logged as its table is, since version 15. A serial column that became an identity column owns both
/// sequences. Its own can have another type than the column.
const SEQUENCES: &str = concat!(
    "SELECT c.tableoid, c.oid, c.relnamespace, c.relowner, c.relname,
            'ALTER TABLE ' || o.name || ' DROP IDENTITY',
            CASE WHEN o.name IS NULL
                 THEN format(E'CREATE %sSEQUENCE %I.%I\\n    AS %s\\n%s;',
                             CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, n.nspname, c.relname,
                             format_type(s.seqtypid, NULL), x.numbers)
                 WHEN o.type = s.seqtypid
                 THEN format(E'ALTER TABLE %s ADD GENERATED %s AS IDENTITY (\\n    SEQUENCE NAME %I.%I'
                             '\\n%s%s\\n);',
                             o.name, o.generated, n.nspname, c.relname, x.numbers, o.logged)
                 ELSE format(E'ALTER TABLE %1$s ADD GENERATED %2$s AS IDENTITY (\\n    SEQUENCE NAME %3$I.%4$I'
                             '%6$s\\n);\\nALTER SEQUENCE %3$I.%4$I AS %7$s\\n%5$s\\n    RESTART;',
                             o.name, o.generated, n.nspname, c.relname, x.numbers, o.logged,
                             format_type(s.seqtypid, NULL)) END
       FROM pg_sequence s
       JOIN pg_class c ON c.oid = s.seqrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL format(
              E'    START WITH %s\\n    INCREMENT BY %s\\n    MINVALUE %s\\n    MAXVALUE %s\\n    CACHE %s%s',
              s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
              CASE WHEN s.seqcycle THEN E'\\n    CYCLE' END) AS x (numbers)
       LEFT JOIN LATERAL (
              SELECT format('%I.%I ALTER COLUMN ', m.nspname, t.relname) || ",
    always_quoted!("a.attname"),
    "                  AS name, a.atttypid AS type,
                     CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END AS generated,
                     CASE WHEN c.relpersistence = 'u' AND t.relpersistence <> 'u' THEN E'\\n    UNLOGGED'
                          WHEN c.relpersistence <> 'u' AND t.relpersistence = 'u'
                           AND current_setting('server_version_num')::int4 >= 150000
                          THEN E'\\n    LOGGED' END AS logged
                FROM pg_depend d
                JOIN pg_class t ON t.oid = d.refobjid
                JOIN pg_namespace m ON m.oid = t.relnamespace
                JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                 AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i') AS o ON true
      WHERE c.relpersistence <> 't'
        AND NOT EXISTS (SELECT FROM pg_depend e
                         WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid
                           AND e.deptype = 'e')"
);

/// A serial column owns its sequence too.
const OWNERS: &str = "\
    SELECT c.tableoid, c.oid, c.relnamespace, c.relowner, c.relname, NULL,
           format('ALTER SEQUENCE %I.%I OWNED BY %I.%I.%I;', n.nspname, c.relname, m.nspname, t.relname,
                  a.attname), t.oid
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
      JOIN pg_class t ON t.oid = d.refobjid
      JOIN pg_namespace m ON m.oid = t.relnamespace
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE c.relkind = 'S'";
