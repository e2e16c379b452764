//! Types: enums, composite types, ranges, domains.

use tokio_postgres::Row;

use super::CatalogError;
use super::declared::{self, Declared};
use super::item::{Item, Named, Object, catalog};
use super::server::Server;
use super::sql::quoted;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let mut items = declared::read(server, KINDS).await?;
    items.extend(server.rows(DOMAINS).await?.iter().flat_map(domain));
    Ok(items)
}

const KINDS: &[Declared] = &[
    Declared::rest(Kind::Type, ENUMS),
    Declared::rest(Kind::Type, COMPOSITES),
    Declared::rest(Kind::Type, RANGES),
];

/// The domain, and its checks that are valid for new values only.
fn domain(row: &Row) -> Vec<Item> {
    let name = Named::of(row);
    let qualified = name.qualified();
    let mut text = format!(
        "CREATE DOMAIN {qualified} AS {}",
        row.get::<_, &str>("base")
    );
    if let Some(collation) = row.get::<_, Option<&str>>("collation") {
        text.extend([" COLLATE ", collation]);
    }
    if let Some(default) = row.get::<_, Option<&str>>("default_value") {
        text.extend([" DEFAULT ", default]);
    }
    let checks = checks(row);
    if row.get("required") && !checks.iter().any(|check| check.is_not_null) {
        text += " NOT NULL";
    }
    let (inline, later): (Vec<Check>, Vec<Check>) = checks.into_iter().partition(|it| it.validated);
    for Check { text: check, .. } in &inline {
        text.extend(["\n    ", check]);
    }
    text += ";\n";
    let item = name.item(Kind::Domain, catalog::TYPE, text);
    let mut items = vec![item.with(inline.iter().map(|check| check.object))];
    items.extend(later.into_iter().map(|check| {
        let definition = format!("ALTER DOMAIN {qualified}\n    ADD {};\n", check.text);
        let tag = format!("{} {}", name.name, check.name);
        let drop = quoted(&check.name);
        name.part(Kind::CheckConstraint, Some(check.object), &tag, definition)
            .dropped_by(format!(
                "ALTER DOMAIN {qualified} DROP CONSTRAINT {drop};\n"
            ))
    }));
    items
}

struct Check {
    object: Object,
    name: String,
    text: String,
    validated: bool,
    is_not_null: bool,
}

fn checks(row: &Row) -> Vec<Check> {
    let oids: Vec<u32> = row.get("check_oids");
    let names: Vec<String> = row.get("check_names");
    let definitions: Vec<String> = row.get("checks");
    let validated: Vec<bool> = row.get("checks_validated");
    let rest = names.into_iter().zip(definitions).zip(validated);
    oids.into_iter()
        .zip(rest)
        .map(|(oid, ((name, definition), validated))| Check {
            object: Object {
                catalog: catalog::CONSTRAINT,
                oid,
            },
            is_not_null: definition.starts_with("NOT NULL"),
            text: format!("CONSTRAINT {} {definition}", quoted(&name)),
            name,
            validated,
        })
        .collect()
}

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

const DOMAINS: &str = "\
    SELECT t.oid, n.nspname::text AS schema, t.typname::text AS name,
           pg_get_userbyid(t.typowner)::text AS owner,
           format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull AS required,
           CASE WHEN t.typcollation <> b.typcollation
                THEN (SELECT format('%I.%I', l.nspname, k.collname)
                        FROM pg_collation k JOIN pg_namespace l ON l.oid = k.collnamespace
                       WHERE k.oid = t.typcollation) END AS collation,
           coalesce(pg_get_expr(t.typdefaultbin, 'pg_type'::regclass),
                    quote_literal(t.typdefault)) AS default_value,
           ARRAY(SELECT k.oid FROM pg_constraint k
                  WHERE k.contypid = t.oid ORDER BY k.conname) AS check_oids,
           ARRAY(SELECT k.conname::text FROM pg_constraint k
                  WHERE k.contypid = t.oid ORDER BY k.conname) AS check_names,
           ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
                  WHERE k.contypid = t.oid ORDER BY k.conname) AS checks,
           ARRAY(SELECT k.convalidated FROM pg_constraint k
                  WHERE k.contypid = t.oid ORDER BY k.conname) AS checks_validated
      FROM pg_type t
      JOIN pg_type b ON b.oid = t.typbasetype
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.oid >= 16384 AND t.typtype = 'd'
     ORDER BY 2, 3";
