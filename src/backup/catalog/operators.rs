//! Operators, their families and classes, and casts.

use super::declared::Declared;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::whole(Kind::Operator, OPERATORS),
    Declared::rest(Kind::OperatorFamily, FAMILIES),
    Declared::whole(Kind::OperatorClass, CLASSES),
    Declared::rest(Kind::Cast, CASTS),
];

/// An operator without a function is a placeholder: another operator names it as its commutator or negator,
/// which need not exist yet.
const OPERATORS: &str = "\
    SELECT o.tableoid, o.oid, o.oprnamespace, o.oprowner, o.oprname,
           format('%I.%s (%s, %s)', n.nspname, o.oprname,
                  coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE'),
                  coalesce(format_type(nullif(o.oprright, 0), NULL), 'NONE')),
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
             || ');'
      FROM pg_operator o
      JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE o.oprcode <> 0";

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
    "SELECT f.tableoid, f.oid, f.opfnamespace, f.opfowner, f.opfname,
            format('%I.%I USING %I', n.nspname, f.opfname, m.amname),
            concat(';', format(E'\\nALTER OPERATOR FAMILY %I.%I USING %I ADD\\n    ',
                               n.nspname, f.opfname, m.amname) || ",
    members!("pg_opfamily", "f.oid"),
    "                                  || ';')
       FROM pg_opfamily f
       JOIN pg_am m ON m.oid = f.opfmethod
       JOIN pg_namespace n ON n.oid = f.opfnamespace"
);

const CLASSES: &str = concat!(
    "SELECT c.tableoid, c.oid, c.opcnamespace, c.opcowner, c.opcname,
            format('%I.%I USING %I', n.nspname, c.opcname, m.amname),
            format(E'CREATE OPERATOR CLASS %I.%I\\n    %sFOR TYPE %s USING %I FAMILY %I.%I AS\\n    %s;',
                   n.nspname, c.opcname, CASE WHEN c.opcdefault THEN 'DEFAULT ' ELSE '' END,
                   format_type(c.opcintype, NULL), m.amname, k.nspname, f.opfname,
                   concat_ws(E',\\n    ',
                             CASE WHEN c.opckeytype <> 0 OR ", members!("pg_opclass", "c.oid"),
    "                                  IS NULL
                                  THEN 'STORAGE '
                                       || format_type(coalesce(nullif(c.opckeytype, 0),
                                                               c.opcintype), NULL) END,
                             ", members!("pg_opclass", "c.oid"), "))
       FROM pg_opclass c
       JOIN pg_am m ON m.oid = c.opcmethod
       JOIN pg_opfamily f ON f.oid = c.opcfamily
       JOIN pg_namespace k ON k.oid = f.opfnamespace
       JOIN pg_namespace n ON n.oid = c.opcnamespace"
);

/// The server itself creates the cast from a range to its multirange.
const CASTS: &str = "\
    SELECT c.tableoid, c.oid, NULL::oid, NULL::oid,
           format('CAST (%s AS %s)', s.name, t.name), format('(%s AS %s)', s.name, t.name),
           concat(CASE c.castmethod WHEN 'i' THEN ' WITH INOUT' WHEN 'b' THEN ' WITHOUT FUNCTION'
                       ELSE ' WITH FUNCTION ' || c.castfunc::regprocedure END,
                  CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT'
                       END, ';')
      FROM pg_cast c
     CROSS JOIN LATERAL format_type(c.castsource, NULL) AS s (name)
     CROSS JOIN LATERAL format_type(c.casttarget, NULL) AS t (name)
     WHERE NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid
                          AND d.deptype = 'i')";
