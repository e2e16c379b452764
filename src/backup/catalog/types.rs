//! Types: enums, composite types, ranges, domains.

use super::declared::Declared;
use super::sql::always_quoted;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::rest(Kind::Type, ENUMS),
    Declared::rest(Kind::Type, COMPOSITES),
    Declared::rest(Kind::Type, RANGES),
    Declared::rest(Kind::Domain, DOMAINS),
    Declared::whole(Kind::CheckConstraint, CHECKS),
];

const ENUMS: &str = "\
    SELECT t.tableoid, t.oid, t.typnamespace, t.typowner, t.typname, NULL,
           format(E' AS ENUM (%s\\n);',
                  (SELECT string_agg(E'\\n    ' || quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
                     FROM pg_enum e WHERE e.enumtypid = t.oid))
      FROM pg_type t
     WHERE t.typtype = 'e'";

const COMPOSITES: &str = "\
    SELECT t.tableoid, t.oid, t.typnamespace, t.typowner, t.typname, NULL,
           format(E' AS (\\n    %s\\n);',
                  (SELECT string_agg(
                            format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                                   (SELECT format(' COLLATE %I.%I', l.nspname, k.collname)
                                      FROM pg_collation k JOIN pg_namespace l ON l.oid = k.collnamespace
                                     WHERE k.oid = a.attcollation AND k.oid <> b.typcollation)),
                            E',\\n    ' ORDER BY a.attnum)
                     FROM pg_attribute a
                     JOIN pg_type b ON b.oid = a.atttypid
                    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
      FROM pg_type t
      JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'";

/// A range with a canonical function needs a function that needs the range: the census reports it. The
/// server also creates the multirange, since version 14.
const RANGES: &str = "\
    SELECT t.tableoid, t.oid, t.typnamespace, t.typowner, t.typname, NULL,
           format(' AS RANGE (%s);', concat_ws(', ',
                  'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
                  (SELECT format('MULTIRANGE_TYPE_NAME = %I.%I', m.nspname, x.typname)
                     FROM pg_type x JOIN pg_namespace m ON m.oid = x.typnamespace
                    WHERE x.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid),
                  (SELECT format('SUBTYPE_OPCLASS = %I.%I', m.nspname, o.opcname)
                     FROM pg_opclass o JOIN pg_namespace m ON m.oid = o.opcnamespace
                    WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
                  (SELECT format('COLLATION = %I.%I', m.nspname, c.collname)
                     FROM pg_collation c
                     JOIN pg_namespace m ON m.oid = c.collnamespace
                     JOIN pg_type s ON s.oid = r.rngsubtype
                    WHERE c.oid = r.rngcollation AND c.oid <> s.typcollation),
                  'SUBTYPE_DIFF = ' || nullif(r.rngsubdiff::oid, 0)::regproc))
      FROM pg_range r
      JOIN pg_type t ON t.oid = r.rngtypid
     WHERE r.rngcanonical::oid = 0";

/// With the checks that are valid for all values. Since version 17, `NOT NULL` is one of them.
const DOMAINS: &str = concat!(
    "SELECT t.tableoid, t.oid, t.typnamespace, t.typowner, t.typname, NULL,
            concat(' AS ' || format_type(t.typbasetype, t.typtypmod),
                   (SELECT format(' COLLATE %I.%I', l.nspname, k.collname)
                      FROM pg_collation k JOIN pg_namespace l ON l.oid = k.collnamespace
                     WHERE k.oid = t.typcollation AND k.oid <> b.typcollation),
                   ' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 'pg_type'::regclass),
                                           quote_literal(t.typdefault)),
                   CASE WHEN t.typnotnull AND NOT EXISTS (SELECT FROM pg_constraint k
                                                           WHERE k.contypid = t.oid AND k.contype = 'n')
                        THEN ' NOT NULL' END,
                   (SELECT string_agg(format(E'\\n    CONSTRAINT %s %s', ",
    always_quoted!("k.conname"),
    "                             , pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
                      FROM pg_constraint k WHERE k.contypid = t.oid AND k.convalidated), ';')
       FROM pg_type t
       JOIN pg_type b ON b.oid = t.typbasetype
      WHERE t.typtype = 'd'"
);

/// The checks that are valid for new values only.
const CHECKS: &str = concat!(
    "SELECT k.tableoid, k.oid, t.typnamespace, t.typowner, t.typname || ' ' || k.conname,
            format('ALTER DOMAIN %I.%I DROP CONSTRAINT %s', n.nspname, t.typname, x.name),
            format(E'ALTER DOMAIN %I.%I\\n    ADD CONSTRAINT %s ', n.nspname, t.typname, x.name)
              || pg_get_constraintdef(k.oid) || ';'
       FROM pg_constraint k
       JOIN pg_type t ON t.oid = k.contypid
       JOIN pg_namespace n ON n.oid = t.typnamespace
      CROSS JOIN LATERAL (SELECT ",
    always_quoted!("k.conname"),
    ") AS x (name)
      WHERE NOT k.convalidated"
);
