//! Operators, their families and classes, and casts.

use pgarchive::Kind;

pub(super) const KINDS: &[(Kind, &str)] = &[
    (Kind::Operator, OPERATORS),
    (Kind::OperatorFamily, FAMILIES),
    (Kind::OperatorClass, CLASSES),
    (Kind::Cast, CASTS),
];

/// An operator without a function is a placeholder: another operator names it as its commutator or negator,
/// which need not exist yet.
const OPERATORS: &str = "\
    SELECT o.tableoid AS catalog, o.oid, n.nspname::text AS schema, o.oprname::text AS tag,
           pg_get_userbyid(o.oprowner)::text AS owner,
           format('%I.%s (%s, %s)', n.nspname, o.oprname,
                  coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE'),
                  coalesce(format_type(nullif(o.oprright, 0), NULL), 'NONE')) AS subject,
           format('CREATE OPERATOR %I.%s (', n.nspname, o.oprname) || concat_ws(', ',
                  'FUNCTION = ' || o.oprcode,
                  'LEFTARG = ' || format_type(nullif(o.oprleft, 0), NULL),
                  'RIGHTARG = ' || format_type(nullif(o.oprright, 0), NULL),
                  (SELECT format('COMMUTATOR = OPERATOR(%I.%s)', m.nspname, c.oprname)
                     FROM pg_operator c JOIN pg_namespace m ON m.oid = c.oprnamespace
                    WHERE c.oid = o.oprcom),
                  (SELECT format('NEGATOR = OPERATOR(%I.%s)', m.nspname, c.oprname)
                     FROM pg_operator c JOIN pg_namespace m ON m.oid = c.oprnamespace
                    WHERE c.oid = o.oprnegate),
                  'RESTRICT = ' || nullif(o.oprrest::oid, 0)::regproc,
                  'JOIN = ' || nullif(o.oprjoin::oid, 0)::regproc,
                  CASE WHEN o.oprcanhash THEN 'HASHES' END,
                  CASE WHEN o.oprcanmerge THEN 'MERGES' END)
             || ');' AS definition
      FROM pg_operator o
      JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE o.oid >= 16384 AND o.oprcode <> 0
     ORDER BY schema, tag";

/// The members of an operator family or class. `pg_depend` has their owner: a class, or the family alone.
macro_rules! members {
    ($catalog:literal, $of:literal) => {
        concat!(
            "(SELECT string_agg(m.text, E',\\n    ' ORDER BY m.text)
                FROM (SELECT format('OPERATOR %s %s', a.amopstrategy, a.amopopr::regoperator)
                             || coalesce((SELECT format(' FOR ORDER BY %I.%I', s.nspname, f.opfname)
                                            FROM pg_opfamily f
                                            JOIN pg_namespace s ON s.oid = f.opfnamespace
                                           WHERE f.oid = a.amopsortfamily), '') AS text
                        FROM pg_amop a
                        JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = a.oid
                       WHERE d.refclassid = '", $catalog, "'::regclass AND d.refobjid = ", $of, "
                       UNION ALL
                      SELECT format('FUNCTION %s (%s, %s) %s', a.amprocnum,
                                    format_type(a.amproclefttype, NULL),
                                    format_type(a.amprocrighttype, NULL),
                                    a.amproc::oid::regprocedure)
                        FROM pg_amproc a
                        JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = a.oid
                       WHERE d.refclassid = '", $catalog, "'::regclass AND d.refobjid = ", $of, ") m)"
        )
    };
}

const FAMILIES: &str = concat!(
    "SELECT f.tableoid AS catalog, f.oid, n.nspname::text AS schema, f.opfname::text AS tag,
            pg_get_userbyid(f.opfowner)::text AS owner,
            format('%I.%I USING %I', n.nspname, f.opfname, m.amname) AS subject,
            format('CREATE OPERATOR FAMILY %I.%I USING %I;', n.nspname, f.opfname, m.amname)
              || CASE WHEN ",
    members!("pg_opfamily", "f.oid"),
    "                      IS NULL THEN ''
                      ELSE format(E'\\nALTER OPERATOR FAMILY %I.%I USING %I ADD\\n    %s;',
                                 n.nspname, f.opfname, m.amname, ",
    members!("pg_opfamily", "f.oid"),
    ") END AS definition
       FROM pg_opfamily f
       JOIN pg_am m ON m.oid = f.opfmethod
       JOIN pg_namespace n ON n.oid = f.opfnamespace
      WHERE f.oid >= 16384
      ORDER BY schema, tag, m.amname"
);

const CLASSES: &str = concat!(
    "SELECT c.tableoid AS catalog, c.oid, n.nspname::text AS schema, c.opcname::text AS tag,
            pg_get_userbyid(c.opcowner)::text AS owner,
            format('%I.%I USING %I', n.nspname, c.opcname, m.amname) AS subject,
            format(E'CREATE OPERATOR CLASS %I.%I\\n    %sFOR TYPE %s USING %I FAMILY %I.%I AS\\n    %s;',
                   n.nspname, c.opcname, CASE WHEN c.opcdefault THEN 'DEFAULT ' ELSE '' END,
                   format_type(c.opcintype, NULL), m.amname, k.nspname, f.opfname,
                   concat_ws(E',\\n    ',
                             CASE WHEN c.opckeytype <> 0 OR ", members!("pg_opclass", "c.oid"),
    "                                  IS NULL
                                  THEN 'STORAGE '
                                       || format_type(coalesce(nullif(c.opckeytype, 0),
                                                               c.opcintype), NULL) END,
                             ", members!("pg_opclass", "c.oid"), ")) AS definition
       FROM pg_opclass c
       JOIN pg_am m ON m.oid = c.opcmethod
       JOIN pg_opfamily f ON f.oid = c.opcfamily
       JOIN pg_namespace k ON k.oid = f.opfnamespace
       JOIN pg_namespace n ON n.oid = c.opcnamespace
      WHERE c.oid >= 16384
      ORDER BY schema, tag, m.amname"
);

/// The server itself creates the cast from a range to its multirange.
const CASTS: &str = "\
    SELECT c.tableoid AS catalog, c.oid, NULL::text AS schema, ''::text AS owner,
           format('CAST (%s AS %s)', s.name, t.name) AS tag,
           format('(%s AS %s)', s.name, t.name) AS subject,
           format('CREATE CAST (%s AS %s) ', s.name, t.name)
             || CASE c.castmethod WHEN 'i' THEN 'WITH INOUT' WHEN 'b' THEN 'WITHOUT FUNCTION'
                     ELSE 'WITH FUNCTION ' || c.castfunc::regprocedure END
             || CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT'
                     ELSE '' END || ';' AS definition
      FROM pg_cast c
     CROSS JOIN LATERAL format_type(c.castsource, NULL) AS s (name)
     CROSS JOIN LATERAL format_type(c.casttarget, NULL) AS t (name)
     WHERE c.oid >= 16384
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid
                          AND d.deptype = 'i')
     ORDER BY tag";
