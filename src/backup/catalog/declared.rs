//! Kinds of objects whose whole definition a query writes: one query is all that such a kind needs.

use super::CatalogError;
use super::item::{FIRST_USER_OID, Item, Object};
use super::server::{Server, definition};
use super::sql::{qualified, quoted};
use pgarchive::Kind;

/// A kind and its query. The columns of the query count by their place:
///
/// 1. the system catalogue, and the number of the object in it;
/// 3. the schema and the owner, as numbers; null without one;
/// 5. the tag of the entry: the name, with the arguments of a function;
/// 6. the name in DROP, where that is not the tag in its schema; empty where another object's DROP drops it;
/// 7. the definition.
pub(super) struct Declared<'a> {
    kind: Kind,
    query: &'a str,
    /// Whether the definition is the rest of `CREATE <kind> <name>`.
    is_rest: bool,
}

impl<'a> Declared<'a> {
    /// The query writes the whole statement.
    pub(super) const fn whole(kind: Kind, query: &'a str) -> Declared<'a> {
        Declared {
            kind,
            query,
            is_rest: false,
        }
    }

    /// The query writes what follows `CREATE <kind> <name>`.
    pub(super) const fn rest(kind: Kind, query: &'a str) -> Declared<'a> {
        Declared {
            kind,
            query,
            is_rest: true,
        }
    }
}

/// The database's own objects of these kinds.
pub(super) async fn read(
    server: &Server<'_>,
    kinds: &[Declared<'_>],
) -> Result<Vec<Item>, CatalogError> {
    let mut items = Vec::new();
    for declared in kinds {
        items.extend(declared.read(server).await?);
    }
    Ok(items)
}

impl Declared<'_> {
    async fn read(&self, server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
        let rows = server.rows(&self.sql()).await?;
        let items = rows.iter().map(|row| {
            let (kind, tag): (Kind, &str) = (self.kind, row.get("tag"));
            let schema: Option<&str> = row.get("schema");
            let named: Option<&str> = row.get("name");
            let name = named.map_or_else(|| in_schema(schema, tag), str::to_owned);
            let definition = definition(row, kind, tag)?;
            let definition = if self.is_rest {
                format!("CREATE {kind} {name}{definition}\n")
            } else {
                format!("{definition}\n")
            };
            let item = Item::new(kind, Some(Object::of(row)), tag, definition)
                .within(schema, row.get("owner"));
            Ok(match name.as_str() {
                "" => item,
                name => item.dropped_by(format!("DROP {kind} {name};\n")),
            })
        });
        items.collect()
    }

    fn sql(&self) -> String {
        let query = self.query;
        format!(
            "SELECT x.catalog, x.oid, n.nspname::text AS schema,
                    coalesce(pg_get_userbyid(x.owner)::text, '') AS owner, x.tag::text AS tag,
                    x.name::text AS name, x.definition::text AS definition
               FROM ({query}) AS x (catalog, oid, namespace, owner, tag, name, definition)
               LEFT JOIN pg_namespace n ON n.oid = x.namespace
              WHERE x.oid >= {FIRST_USER_OID}"
        )
    }
}

fn in_schema(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => qualified(schema, name),
        None => quoted(name),
    }
}
