//! Procedural languages, and the transforms of types for them.

use super::declared::Declared;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::whole(Kind::Language, LANGUAGES),
    Declared::rest(Kind::Transform, TRANSFORMS),
];

const LANGUAGES: &str = "\
    SELECT l.tableoid, l.oid, NULL::oid, l.lanowner, l.lanname, NULL,
           format('CREATE %sPROCEDURAL LANGUAGE %I HANDLER %s',
                  CASE WHEN l.lanpltrusted THEN 'TRUSTED ' ELSE '' END, l.lanname,
                  l.lanplcallfoid::regproc)
             || coalesce(' INLINE ' || nullif(l.laninline, 0)::regproc, '')
             || coalesce(' VALIDATOR ' || nullif(l.lanvalidator, 0)::regproc, '') || ';'
      FROM pg_language l
     WHERE l.lanispl";

const TRANSFORMS: &str = "\
    SELECT t.tableoid, t.oid, NULL::oid, NULL::oid,
           format('TRANSFORM FOR %s LANGUAGE %I', y.name, l.lanname),
           format('FOR %s LANGUAGE %I', y.name, l.lanname),
           format(' (%s);', concat_ws(', ',
                  'FROM SQL WITH FUNCTION ' || nullif(t.trffromsql::oid, 0)::regprocedure,
                  'TO SQL WITH FUNCTION ' || nullif(t.trftosql::oid, 0)::regprocedure))
      FROM pg_transform t
      JOIN pg_language l ON l.oid = t.trflang
     CROSS JOIN LATERAL format_type(t.trftype, NULL) AS y (name)";
