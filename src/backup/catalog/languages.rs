//! Procedural languages, and the transforms of types for them.

use pgarchive::Kind;

pub(super) const KINDS: &[(Kind, &str)] =
    &[(Kind::Language, LANGUAGES), (Kind::Transform, TRANSFORMS)];

const LANGUAGES: &str = "\
    SELECT l.tableoid AS catalog, l.oid, NULL::text AS schema, l.lanname::text AS tag,
           pg_get_userbyid(l.lanowner)::text AS owner, format('%I', l.lanname) AS subject,
           format('CREATE %sPROCEDURAL LANGUAGE %I HANDLER %s',
                  CASE WHEN l.lanpltrusted THEN 'TRUSTED ' ELSE '' END, l.lanname,
                  l.lanplcallfoid::regproc)
             || coalesce(' INLINE ' || nullif(l.laninline, 0)::regproc, '')
             || coalesce(' VALIDATOR ' || nullif(l.lanvalidator, 0)::regproc, '')
             || ';' AS definition
      FROM pg_language l
     WHERE l.oid >= 16384 AND l.lanispl
     ORDER BY tag";

const TRANSFORMS: &str = "\
    SELECT t.tableoid AS catalog, t.oid, NULL::text AS schema, ''::text AS owner,
           format('TRANSFORM FOR %s LANGUAGE %I', y.name, l.lanname) AS tag,
           format('FOR %s LANGUAGE %I', y.name, l.lanname) AS subject,
           format('CREATE TRANSFORM FOR %s LANGUAGE %I (', y.name, l.lanname)
             || concat_ws(', ',
                          'FROM SQL WITH FUNCTION ' || nullif(t.trffromsql::oid, 0)::regprocedure,
                          'TO SQL WITH FUNCTION ' || nullif(t.trftosql::oid, 0)::regprocedure)
             || ');' AS definition
      FROM pg_transform t
      JOIN pg_language l ON l.oid = t.trflang
     CROSS JOIN LATERAL format_type(t.trftype, NULL) AS y (name)
     WHERE t.oid >= 16384
     ORDER BY tag";
