//! Policies of row security.

use super::declared::Declared;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[Declared::rest(Kind::Policy, POLICIES)];

/// An empty list of roles stands for PUBLIC.
const POLICIES: &str = "\
    SELECT p.tableoid, p.oid, c.relnamespace, c.relowner, c.relname || ' ' || p.polname,
           format('%I ON %I.%I', p.polname, n.nspname, c.relname),
           concat(CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT'
                                WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' END,
                  (SELECT ' TO ' || string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname)
                     FROM pg_roles r WHERE r.oid = ANY (p.polroles)),
                  ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                  ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ';')
      FROM pg_policy p
      JOIN pg_class c ON c.oid = p.polrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p')";
