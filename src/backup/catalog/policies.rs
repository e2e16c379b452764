//! Row security and its policies.

use super::declared::Declared;
use super::sql::{of_extension, once};
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::whole(Kind::Policy, POLICIES),
    Declared::part(Kind::RowSecurity, ROW_SECURITY),
];

/// An empty list of roles stands for PUBLIC. Comments on what an extension may have made have no entries.
const POLICIES: &str = concat!(
    "SELECT p.tableoid, p.oid, c.relnamespace, c.relowner, c.relname || ' ' || p.polname,
            format('%I ON %I.%I', p.polname, n.nspname, c.relname), ",
    once!(
        "x.statement",
        "format('pg_policies WHERE (schemaname, tablename, policyname) = (%L, %L, %L)', n.nspname,
                c.relname, p.polname)"
    ),
    " FROM pg_policy p
      JOIN pg_class c ON c.oid = p.polrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT
           concat('CREATE POLICY ', quote_ident(p.polname), ' ON ', format('%I.%I', n.nspname, c.relname),
                  CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT'
                                WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' END,
                  (SELECT ' TO ' || string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname)
                     FROM pg_roles r WHERE r.oid = ANY (p.polroles)),
                  ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                  ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ';',
                  (SELECT format(' COMMENT ON POLICY %I ON %I.%I IS %L;', p.polname, n.nspname, c.relname,
                                 d.description)
                     FROM pg_description d
                    WHERE d.classoid = 'pg_policy'::regclass AND d.objoid = p.oid AND ",
    of_extension!(),
    "             ))) AS x (statement)
     WHERE c.relkind IN ('r', 'p')"
);

const ROW_SECURITY: &str = concat!(
    "SELECT c.tableoid, c.oid, c.relnamespace, c.relowner, c.relname, NULL, ",
    once!(
        "format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY;', n.nspname, c.relname)",
        "format('pg_tables WHERE rowsecurity AND (schemaname, tablename) = (%L, %L)', n.nspname, c.relname)"
    ),
    ", NULL
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relrowsecurity"
);
