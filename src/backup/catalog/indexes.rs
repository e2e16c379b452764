//! Indexes without a constraint, and extended statistics.

use super::declared::Declared;
use super::sql::once;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::whole(Kind::Index, INDEXES),
    Declared::part(Kind::IndexAttach, ATTACHED),
    Declared::whole(Kind::Statistics, STATISTICS),
];

/// The statements that set the state of an index `i`, also of a constraint's, that is not part of its definition.
/// `x` is its row in `pg_index`, `c` its table and `n` their schema.
macro_rules! index_state {
    () => {
        concat!(
            "concat((SELECT string_agg(format(E'\\nALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s;',
                                              n.nspname, i.relname, a.attnum,
                                              to_jsonb(a) ->> 'attstattarget'), '' ORDER BY a.attnum)
                       FROM pg_attribute a
                      WHERE a.attrelid = i.oid AND (to_jsonb(a) ->> 'attstattarget')::int4 >= 0),
                    CASE WHEN x.indisclustered
                         THEN format(E'\\nALTER TABLE %I.%I CLUSTER ON %s;', n.nspname, c.relname, ",
            super::sql::always_quoted!("i.relname"),
            ") END, CASE WHEN x.indisreplident
                         THEN format(E'\\nALTER TABLE ONLY %I.%I REPLICA IDENTITY USING INDEX %s;',
                                     n.nspname, c.relname, ",
            super::sql::always_quoted!("i.relname"),
            ") END)"
        )
    };
}
pub(super) use index_state;

/// An invalid index is the remains of a failed `CREATE INDEX CONCURRENTLY`. On a partitioned table, it is an
/// index that some partitions lack.
const INDEXES: &str = concat!(
    "SELECT i.tableoid, i.oid, c.relnamespace, c.relowner, i.relname, NULL, ",
    once!(
        "y.statement",
        "format('pg_indexes WHERE (schemaname, indexname) = (%L, %L)', n.nspname, i.relname)"
    ),
    " FROM pg_index x
       JOIN pg_class i ON i.oid = x.indexrelid
       JOIN pg_class c ON c.oid = x.indrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL (SELECT pg_get_indexdef(i.oid) || ';' || ",
    index_state!(),
    "                       ) AS y (statement)
      WHERE (c.relkind IN ('r', 'm') AND x.indisvalid OR c.relkind = 'p')
        AND NOT EXISTS (SELECT FROM pg_constraint k
                         WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))"
);

/// Makes the index of a partition part of its parent's. The server cannot attach the index of an exclusion, and
/// `remarks` reports it.
const ATTACHED: &str = "\
    SELECT i.tableoid, i.oid, i.relnamespace, i.relowner, i.relname, NULL,
           format('ALTER INDEX %I.%I ATTACH PARTITION %I.%I;', m.nspname, p.relname, n.nspname, i.relname),
           p.oid
      FROM pg_inherits h
      JOIN pg_class i ON i.oid = h.inhrelid
      JOIN pg_index x ON x.indexrelid = i.oid AND NOT x.indisexclusion
      JOIN pg_namespace n ON n.oid = i.relnamespace
      JOIN pg_class p ON p.oid = h.inhparent
      JOIN pg_namespace m ON m.oid = p.relnamespace";

/// Those on an extension's table have no owner here if that of the table owns them: the role that creates the
/// extension does.
const STATISTICS: &str = concat!(
    "SELECT s.tableoid, s.oid, s.stxnamespace,
            CASE WHEN x.statement = y.statement OR s.stxowner <> c.relowner THEN s.stxowner END,
            s.stxname, NULL, y.statement
       FROM pg_statistic_ext s
       JOIN pg_class c ON c.oid = s.stxrelid
       JOIN pg_namespace n ON n.oid = s.stxnamespace
      CROSS JOIN LATERAL (SELECT
            pg_get_statisticsobjdef(s.oid) || ';'
              || coalesce(format(E'\\nALTER STATISTICS %I.%I SET STATISTICS ', n.nspname, s.stxname)
                          || nullif((to_jsonb(s) ->> 'stxstattarget')::int4, -1) || ';', '')) AS x (statement)
      CROSS JOIN LATERAL (SELECT ",
    once!(
        "x.statement",
        "format('pg_statistic_ext WHERE stxname = %L AND stxnamespace = %L::regnamespace', s.stxname,
                quote_ident(n.nspname))"
    ),
    "                    ) AS y (statement)"
);
