//! Comments.

use tokio_postgres::Row;

use super::super::archive::Entry;
use super::CatalogError;
use super::assembly::Follower;
use super::item::{Object, blank};
use super::server::Server;
use super::sql::literal;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Follower>, CatalogError> {
    let comments = server.rows(COMMENTS).await?;
    let public = server.rows(COMMENT_ON_PUBLIC).await?;
    let all = comments.iter().chain(&public);
    Ok(all.map(comment).collect())
}

fn comment(row: &Row) -> Follower {
    let identity: &str = row.get("identity");
    // `public.items.id` is a column, `chk on public.age` a constraint.
    let words = match row.get("type") {
        "domain constraint" => "CONSTRAINT",
        kind if kind.ends_with(" column") => "COLUMN",
        kind if kind.ends_with(" constraint") => "CONSTRAINT",
        "composite type" => "TYPE",
        "statistics object" => "STATISTICS",
        kind => &kind.to_uppercase(),
    };
    let identity = match row.get("type") {
        "domain constraint" => identity.replacen(" on ", " ON DOMAIN ", 1),
        "trigger" | "rule" | "policy" | "table constraint" => identity.replacen(" on ", " ON ", 1),
        _ => identity.to_owned(),
    };
    let schema: Option<&str> = row.get("schema");
    let mut tag = format!("{words} {identity}");
    if let Some(signature) = row.get::<_, Option<&str>>("signature") {
        tag = format!("{words} {signature}");
    } else if let Some(schema) = row.get::<_, Option<&str>>("quoted_schema") {
        tag = tag.replacen(&format!("{schema}."), "", 1);
    }
    let text = literal(row.get("text"));
    Follower {
        of: Object {
            catalog: row.get("catalog"),
            oid: row.get("oid"),
        },
        entry: Entry {
            tag,
            kind: "COMMENT".to_owned(),
            definition: format!("COMMENT ON {words} {identity} IS {text};\n"),
            namespace: schema.map(str::to_owned),
            owner: row.get("owner"),
            ..blank()
        },
    }
}

/// The server's own words for an object are close to those of `COMMENT ON`. It knows the schema
/// only of what has a name there, not of a column, whose table's it is.
const COMMENTS: &str = "\
    SELECT d.classoid AS catalog, d.objoid AS oid, d.description AS text,
           CASE WHEN t.typtype = 'd' AND k.oid IS NULL THEN 'domain' ELSE i.type END AS type,
           i.identity,
           quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'
             AS signature,
           n.nspname::text AS schema,
           quote_ident(n.nspname) AS quoted_schema,
           coalesce(pg_get_userbyid(coalesce(c.relowner, p.proowner, t.typowner,
                                               e.stxowner, s.nspowner)), '')::text
             AS owner
      FROM pg_description d
      CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
      LEFT JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid
      LEFT JOIN pg_trigger g ON d.classoid = 'pg_trigger'::regclass AND g.oid = d.objoid
      LEFT JOIN pg_rewrite r ON d.classoid = 'pg_rewrite'::regclass AND r.oid = d.objoid
      LEFT JOIN pg_policy y ON d.classoid = 'pg_policy'::regclass AND y.oid = d.objoid
      LEFT JOIN pg_class c
             ON c.oid = coalesce(nullif(k.conrelid, 0), g.tgrelid, r.ev_class, y.polrelid,
                                 CASE WHEN d.classoid = 'pg_class'::regclass THEN d.objoid END)
      LEFT JOIN pg_type t
             ON t.oid = coalesce(nullif(k.contypid, 0),
                                 CASE WHEN d.classoid = 'pg_type'::regclass THEN d.objoid END)
      LEFT JOIN pg_proc p ON d.classoid = 'pg_proc'::regclass AND p.oid = d.objoid
      LEFT JOIN pg_statistic_ext e
             ON d.classoid = 'pg_statistic_ext'::regclass AND e.oid = d.objoid
      LEFT JOIN pg_namespace s ON d.classoid = 'pg_namespace'::regclass AND s.oid = d.objoid
      LEFT JOIN pg_namespace n
             ON n.oid = coalesce(c.relnamespace, t.typnamespace, p.pronamespace, e.stxnamespace)
     WHERE d.objoid >= 16384 AND i.identity IS NOT NULL
     ORDER BY d.classoid, d.objoid, d.objsubid";

/// A new database has one already.
const COMMENT_ON_PUBLIC: &str = "\
    SELECT 'pg_namespace'::regclass::oid AS catalog, n.oid, coalesce(d.description, '') AS text,
           'schema' AS type, 'public' AS identity, NULL::text AS signature,
           NULL::text AS schema,
           NULL::text AS quoted_schema, pg_get_userbyid(n.nspowner)::text AS owner
      FROM pg_namespace n
      LEFT JOIN pg_description d
             ON d.classoid = 'pg_namespace'::regclass AND d.objoid = n.oid AND d.objsubid = 0
     WHERE n.nspname = 'public' AND n.oid < 16384
       AND d.description IS DISTINCT FROM 'standard public schema'";
