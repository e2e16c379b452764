//! Grants on objects, and default privileges of future objects.

use tokio_postgres::Row;

use super::CatalogError;
use super::assembly::Follower;
use super::item::{Item, Object};
use super::privileges::{Grant, Rights, Subject, statements};
use super::server::Server;
use super::sql::quoted;
use pgarchive::{Entry, Kind};

/// The grants on all objects whose privileges differ from the initial ones, including objects of the server
/// and of extensions.
pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Follower>, CatalogError> {
    let objects = server.rows(&with_grants(OBJECTS)).await?;
    Ok(objects.iter().filter_map(follower).collect())
}

/// `ALTER DEFAULT PRIVILEGES`.
pub(super) async fn defaults(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let objects = server.rows(&with_grants(DEFAULTS)).await?;
    Ok(objects.iter().map(default).collect())
}

fn follower(row: &Row) -> Option<Follower> {
    let of = Object::of(row);
    let (words, name): (&str, &str) = (row.get("words"), row.get("name"));
    let (schema, column): (Option<&str>, Option<&str>) =
        (row.get("schema"), row.get("column_name"));
    let owner: String = row.get("owner");
    let subject = Subject {
        name: format!("{words} {}", row.get::<_, &str>("qualified")),
        columns: column.map_or(String::new(), |it| format!("({})", quoted(it))),
        owner: owner.clone(),
        prefix: String::new(),
    };
    let definition = statements(&subject, &rights(row));
    let tag = match column {
        Some(column) => format!("COLUMN {name}.{column}"),
        None => format!("{words} {name}"),
    };
    let entry = Entry {
        definition,
        namespace: schema.map(str::to_owned),
        owner,
        ..Entry::new(Kind::Acl, tag)
    };
    (!entry.definition.is_empty()).then_some(Follower { of, entry })
}

fn default(row: &Row) -> Item {
    let (words, owner): (&str, &str) = (row.get("words"), row.get("owner"));
    let schema: Option<&str> = row.get("schema");
    let within = schema.map_or(String::new(), |it| format!(" IN SCHEMA {}", quoted(it)));
    let subject = Subject {
        name: words.to_owned(),
        columns: String::new(),
        owner: owner.to_owned(),
        prefix: format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {}{within} ",
            quoted(owner)
        ),
    };
    let definition = statements(&subject, &rights(row));
    let tag = format!("DEFAULT PRIVILEGES FOR {words}");
    Item::new(Kind::DefaultAcl, Some(Object::of(row)), &tag, definition).within(schema, owner)
}

fn rights(row: &Row) -> Rights {
    let grants = |column| -> Vec<Grant> {
        let json: Option<&str> = row.get(column);
        json.map_or_else(Vec::new, |json| {
            serde_json::from_str(json).expect("the query writes grants")
        })
    };
    Rights {
        initial: grants("initial"),
        current: grants("current"),
        all: grants("full_set")
            .into_iter()
            .map(|it| it.privilege)
            .collect(),
    }
}

/// The objects, with their three arrays of grants as JSON, because an array has no binary form.
fn with_grants(objects: &str) -> String {
    let arrays = ["initial", "current", "full_set"].map(|array| {
        format!(
            "(SELECT json_agg(json_build_object(
                         'grantor', pg_get_userbyid(a.grantor),
                         'grantee', CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END,
                         'privilege', a.privilege_type, 'grantable', a.is_grantable) ORDER BY a.place)
                FROM aclexplode(o.{array}) WITH ORDINALITY
                  AS a (grantor, grantee, privilege_type, is_grantable, place))::text AS {array}"
        )
    });
    format!(
        "SELECT o.catalog, o.oid, o.words, o.schema, o.name, o.qualified, o.column_name, o.owner,
                {}
           FROM ({objects}) o
          ORDER BY o.catalog, o.oid, o.part",
        arrays.join(", ")
    )
}

/// A null `acl` stands for the default privileges of the kind. `pg_init_privs` has the privileges that initdb or
/// an extension granted. The initial privileges of `public` are those of new databases since PostgreSQL 15, so
/// that the grant to PUBLIC of an older database is kept; renamed, it has those of a new schema. For
/// `information_schema`, the server has no record of the grants of initdb.
const OBJECTS: &str = "\
    SELECT o.catalog, o.oid, o.part, o.words, o.schema, o.name, o.qualified, o.column_name,
           pg_get_userbyid(o.owner)::text AS owner,
           coalesce(o.acl, acldefault(o.kind, o.owner)) AS current,
           CASE WHEN o.catalog = 'pg_namespace'::regclass AND o.name = 'public'
                THEN ARRAY[makeaclitem(o.owner, o.owner, 'USAGE', false),
                           makeaclitem(o.owner, o.owner, 'CREATE', false),
                           makeaclitem(0, o.owner, 'USAGE', false)]
                WHEN o.catalog = 'pg_namespace'::regclass AND o.name !~ '^pg_'
                THEN acldefault(o.kind, o.owner)
                ELSE coalesce(p.initprivs, acldefault(o.kind, o.owner)) END AS initial,
           CASE WHEN o.part > 0
                THEN (SELECT array_agg(makeaclitem(o.owner, o.owner, v, false))
                        FROM unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) v)
                ELSE acldefault(o.kind, o.owner) END AS full_set
      FROM (
        SELECT 'pg_class'::regclass::oid AS catalog, c.oid, 0 AS part,
               CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END AS kind,
               CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS words,
               n.nspname::text AS schema, c.relname::text AS name,
               format('%I.%I', n.nspname, c.relname) AS qualified, NULL::text AS column_name,
               c.relowner AS owner, c.relacl AS acl
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relpersistence <> 't' AND n.nspname <> 'information_schema'
         UNION ALL
        SELECT 'pg_class'::regclass, c.oid, a.attnum, 'c', 'TABLE', n.nspname::text,
               c.relname::text, format('%I.%I', n.nspname, c.relname), a.attname::text,
               c.relowner, a.attacl
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't'
           AND n.nspname <> 'information_schema'
         UNION ALL
        SELECT 'pg_namespace'::regclass, n.oid, 0, 'n', 'SCHEMA', NULL, n.nspname::text,
               quote_ident(n.nspname), NULL, n.nspowner, n.nspacl
          FROM pg_namespace n
         WHERE n.nspname !~ '^pg_(toast_)?temp_' AND n.nspname <> 'information_schema'
         UNION ALL
        SELECT 'pg_proc'::regclass, f.oid, 0, 'f',
               CASE f.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname::text,
               format('%s(%s)', f.proname, pg_get_function_identity_arguments(f.oid)),
               format('%I.%I(%s)', n.nspname, f.proname,
                      CASE f.prokind WHEN 'p' THEN pg_get_function_identity_arguments(f.oid)
                           ELSE oidvectortypes(f.proargtypes) END), NULL,
               f.proowner, f.proacl
          FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
         WHERE f.proacl IS NOT NULL AND n.nspname !~ '^pg_temp_|^information_schema$'
         UNION ALL
        SELECT 'pg_type'::regclass, t.oid, 0, 'T', 'TYPE', n.nspname::text, t.typname::text,
               format('%I.%I', n.nspname, t.typname), NULL, t.typowner, t.typacl
          FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE t.typacl IS NOT NULL AND n.nspname !~ '^pg_temp_|^information_schema$'
         UNION ALL
        SELECT 'pg_language'::regclass, l.oid, 0, 'l', 'LANGUAGE', NULL, l.lanname::text,
               quote_ident(l.lanname), NULL, l.lanowner, l.lanacl
          FROM pg_language l
         UNION ALL
        SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, 'F', 'FOREIGN DATA WRAPPER', NULL,
               w.fdwname::text, quote_ident(w.fdwname), NULL, w.fdwowner, w.fdwacl
          FROM pg_foreign_data_wrapper w
         UNION ALL
        SELECT 'pg_foreign_server'::regclass, v.oid, 0, 'S', 'FOREIGN SERVER', NULL,
               v.srvname::text, quote_ident(v.srvname), NULL, v.srvowner, v.srvacl
          FROM pg_foreign_server v
         UNION ALL
        SELECT 'pg_database'::regclass, d.oid, 0, 'd', 'DATABASE', NULL, d.datname::text,
               '\"' || replace(d.datname, '\"', '\"\"') || '\"', NULL, d.datdba, d.datacl
          FROM pg_database d
         WHERE d.datname = current_database()
      ) o
      LEFT JOIN pg_init_privs p
             ON p.classoid = o.catalog AND p.objoid = o.oid AND p.objsubid = o.part
     WHERE o.acl IS DISTINCT FROM p.initprivs
        OR (o.catalog = 'pg_namespace'::regclass AND o.name !~ '^pg_')";

/// Without a schema they replace the initial privileges of such objects; in a schema they add to those.
const DEFAULTS: &str = "\
    SELECT 'pg_default_acl'::regclass::oid AS catalog, d.oid, 0 AS part,
           n.nspname::text AS schema, NULL::text AS name, NULL::text AS qualified,
           NULL::text AS column_name, pg_get_userbyid(d.defaclrole)::text AS owner,
           CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                                WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
                                WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS words,
           d.defaclacl AS current,
           CASE WHEN d.defaclnamespace = 0 THEN k.acl END AS initial,
           k.acl AS full_set
      FROM pg_default_acl d
      LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
     CROSS JOIN LATERAL (SELECT acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's'::\"char\"
                                                ELSE d.defaclobjtype END, d.defaclrole)) AS k (acl)";
