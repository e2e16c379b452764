//! Kinds of entries that a query writes: one query is all that such a kind needs.

use tokio_postgres::Row;

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
/// 6. the name in DROP, where that is not the tag in its schema; the whole statement, where that is ALTER; empty
///    where another object's DROP drops it;
/// 7. the definition;
/// 8. only of a part: the number of a relation that comes first as well, or null.
pub(super) struct Declared<'a> {
    kind: Kind,
    query: &'a str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Rest,
    Part,
}

impl<'a> Declared<'a> {
    /// The query writes the whole statement.
    pub(super) const fn whole(kind: Kind, query: &'a str) -> Declared<'a> {
        let form = Form::Whole;
        Declared { kind, query, form }
    }

    /// The query writes what follows `CREATE <kind> <name>`.
    pub(super) const fn rest(kind: Kind, query: &'a str) -> Declared<'a> {
        let form = Form::Rest;
        Declared { kind, query, form }
    }

    /// The query writes a statement that completes the object, which comes first. Column 6 does not count: the
    /// object's DROP drops the part.
    pub(super) const fn part(kind: Kind, query: &'a str) -> Declared<'a> {
        let form = Form::Part;
        Declared { kind, query, form }
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
        rows.iter().map(|row| self.item(row)).collect()
    }

    fn item(&self, row: &Row) -> Result<Item, CatalogError> {
        let (kind, tag): (Kind, &str) = (self.kind, row.get("tag"));
        let schema: Option<&str> = row.get("schema");
        let definition = definition(row, kind, tag)?;
        let item = |object, definition| {
            Item::new(kind, object, tag, definition).within(schema, row.get("owner"))
        };
        let object = Object::of(row);
        if self.form == Form::Part {
            let also: Option<u32> = row.get("also");
            let mut part = item(None, format!("{definition}\n")).after(object);
            part.after.extend(also.map(Object::relation));
            return Ok(part);
        }
        let named: Option<&str> = row.get("name");
        let name = named.map_or_else(|| in_schema(schema, tag), str::to_owned);
        let item = match self.form {
            Form::Rest => item(Some(object), format!("CREATE {kind} {name}{definition}\n")),
            Form::Whole | Form::Part => item(Some(object), format!("{definition}\n")),
        };
        Ok(match name.as_str() {
            "" => item,
            name if name.starts_with("ALTER ") => item.dropped_by(format!("{name};\n")),
            name => item.dropped_by(format!("DROP {kind} {name};\n")),
        })
    }

    fn sql(&self) -> String {
        let query = self.query;
        let (selected, column) = match self.form {
            Form::Whole | Form::Rest => ("", ""),
            Form::Part => (", x.also::oid AS also", ", also"),
        };
        format!(
            "SELECT x.catalog, x.oid, n.nspname::text AS schema,
                    coalesce(pg_get_userbyid(x.owner)::text, '') AS owner, x.tag::text AS tag,
                    x.name::text AS name, x.definition::text AS definition{selected}
               FROM ({query}) AS x (catalog, oid, namespace, owner, tag, name, definition{column})
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
