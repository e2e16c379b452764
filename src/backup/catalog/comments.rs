//! Comments.

use tokio_postgres::Row;

use super::CatalogError;
use super::assembly::Follower;
use super::graph::Graph;
use super::item::{Object, catalog};
use super::server::Server;
use super::sql::{always_quoted, literal};
use pgarchive::{Entry, Kind};

pub(super) async fn read(
    server: &Server<'_>,
    graph: &Graph,
) -> Result<Vec<Follower>, CatalogError> {
    let mut comments = server.rows(COMMENT_ON_DATABASE).await?;
    comments.extend(server.rows(COMMENTS).await?);
    comments.extend(server.rows(COMMENT_ON_PUBLIC).await?);
    let all = comments.iter().map(comment);
    // An extension creates the comments on its own objects.
    let is_own = |it: &Follower| {
        it.of.catalog == catalog::EXTENSION || graph.extension_beyond(it.of).is_none()
    };
    Ok(all.filter(is_own).collect())
}

fn comment(row: &Row) -> Follower {
    let (words, subject): (&str, &str) = (row.get("words"), row.get("subject"));
    let tag: &str = row.get("tag");
    let text = literal(row.get("text"));
    Follower {
        of: Object::of(row),
        entry: Entry {
            definition: format!("COMMENT ON {words} {subject} IS {text};\n"),
            namespace: row.get("schema"),
            owner: row.get("owner"),
            ..Entry::new(Kind::Comment, format!("{words} {tag}"))
        },
    }
}

/// The names of objects in `COMMENT ON`, and in the tags of `pg_dump`, without the schema. Kinds that are not
/// listed have names without parts, which the server writes.
const COMMENTS: &str = "\
    SELECT d.classoid AS catalog, d.objoid AS oid, d.description AS text,
           n.nspname::text AS schema,
           coalesce(x.words, replace(upper(i.type), '-', ' ')) AS words,
           coalesce(quote_ident(n.nspname) || '.' || x.name, x.before || quote_ident(n.nspname)
                    || '.' || x.of, x.name, i.identity) AS subject,
           coalesce(x.name, x.before || x.of, i.identity) AS tag,
           coalesce(pg_get_userbyid(coalesce(c.relowner, p.proowner, t.typowner, e.stxowner,
                                             s.nspowner)), '')::text AS owner
      FROM pg_description d
      LEFT JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid
      LEFT JOIN pg_trigger g ON d.classoid = 'pg_trigger'::regclass AND g.oid = d.objoid
      LEFT JOIN pg_rewrite r ON d.classoid = 'pg_rewrite'::regclass AND r.oid = d.objoid
      LEFT JOIN pg_policy y ON d.classoid = 'pg_policy'::regclass AND y.oid = d.objoid
      LEFT JOIN pg_class c
             ON c.oid = coalesce(nullif(k.conrelid, 0), g.tgrelid, r.ev_class, y.polrelid,
                                 CASE WHEN d.classoid = 'pg_class'::regclass THEN d.objoid END)
      LEFT JOIN pg_attribute a
             ON d.classoid = 'pg_class'::regclass AND d.objsubid > 0
            AND a.attrelid = d.objoid AND a.attnum = d.objsubid
      LEFT JOIN pg_type t
             ON t.oid = coalesce(nullif(k.contypid, 0),
                                 CASE WHEN d.classoid = 'pg_type'::regclass THEN d.objoid END)
      LEFT JOIN pg_proc p ON d.classoid = 'pg_proc'::regclass AND p.oid = d.objoid
      LEFT JOIN pg_statistic_ext e
             ON d.classoid = 'pg_statistic_ext'::regclass AND e.oid = d.objoid
      LEFT JOIN pg_namespace s ON d.classoid = 'pg_namespace'::regclass AND s.oid = d.objoid
      LEFT JOIN pg_namespace n
             ON n.oid = coalesce(c.relnamespace, t.typnamespace, p.pronamespace, e.stxnamespace)
     CROSS JOIN LATERAL (VALUES
             (CASE WHEN k.oid IS NOT NULL THEN 'CONSTRAINT' WHEN g.oid IS NOT NULL THEN 'TRIGGER'
                   WHEN r.oid IS NOT NULL THEN 'RULE' WHEN y.oid IS NOT NULL THEN 'POLICY'
                   WHEN a.attrelid IS NOT NULL THEN 'COLUMN' WHEN e.oid IS NOT NULL THEN 'STATISTICS'
                   WHEN c.relkind = 'p' THEN 'TABLE' WHEN c.relkind = 'I' THEN 'INDEX'
                   WHEN t.typtype = 'd' THEN 'DOMAIN' WHEN t.oid IS NOT NULL THEN 'TYPE'
                   WHEN p.prokind = 'w' THEN 'FUNCTION' END,
              quote_ident(coalesce(k.conname, g.tgname, r.rulename, y.polname)) || ' ON '
                || CASE WHEN k.contypid <> 0 THEN 'DOMAIN ' ELSE '' END,
              CASE WHEN coalesce(k.oid, g.oid, r.oid, y.oid) IS NOT NULL
                   THEN quote_ident(coalesce(c.relname, t.typname)) END,
              CASE WHEN coalesce(k.oid, g.oid, r.oid, y.oid) IS NOT NULL THEN NULL
                   WHEN p.oid IS NOT NULL
                   THEN format('%I(%s)', p.proname,
                               CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*'
                                    ELSE pg_get_function_identity_arguments(p.oid) END)
                   WHEN a.attrelid IS NOT NULL THEN format('%I.%I', c.relname, a.attname)
                   ELSE quote_ident(coalesce(c.relname, t.typname, e.stxname, s.nspname)) END)
           ) AS x (words, before, of, name)
      LEFT JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i ON true
     WHERE (d.objoid >= 16384
            OR s.oid IS NOT NULL AND s.nspname NOT IN ('public', 'information_schema')
                                 AND s.nspname !~ '^pg_')
       AND i.identity IS NOT NULL
     ORDER BY d.classoid, d.objoid, d.objsubid";

/// A new database has this comment already.
const COMMENT_ON_PUBLIC: &str = "\
    SELECT 'pg_namespace'::regclass::oid AS catalog, n.oid, coalesce(d.description, '') AS text,
           'SCHEMA' AS words, 'public' AS subject, 'public' AS tag, NULL::text AS schema,
           pg_get_userbyid(n.nspowner)::text AS owner
      FROM pg_namespace n
      LEFT JOIN pg_description d
             ON d.classoid = 'pg_namespace'::regclass AND d.objoid = n.oid AND d.objsubid = 0
     WHERE n.nspname = 'public' AND n.oid < 16384
       AND d.description IS DISTINCT FROM 'standard public schema'";

/// It is in a shared catalogue.
const COMMENT_ON_DATABASE: &str = concat!(
    "SELECT d.tableoid AS catalog, d.oid, c.description AS text, 'DATABASE' AS words, ",
    always_quoted!("d.datname"),
    "       AS subject, d.datname::text AS tag, NULL::text AS schema,
            pg_get_userbyid(d.datdba)::text AS owner
       FROM pg_database d
       JOIN pg_shdescription c ON c.classoid = 'pg_database'::regclass AND c.objoid = d.oid
      WHERE d.datname = current_database()"
);
