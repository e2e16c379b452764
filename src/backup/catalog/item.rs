//! An object to restore, before its entry has a number.

use tokio_postgres::Row;

use super::sql::qualified;
use pgarchive::{Entry, Kind};

/// The numbers of system catalogues, which are the same in every version.
pub(super) mod catalog {
    pub(in super::super) const RELATION: u32 = 1259;
    pub(in super::super) const ATTRIBUTE_DEFAULT: u32 = 2604;
    pub(in super::super) const CONSTRAINT: u32 = 2606;
    pub(in super::super) const SCHEMA: u32 = 2615;
    pub(in super::super) const RULE: u32 = 2618;
    pub(in super::super) const EXTENSION: u32 = 3079;
}

/// The lowest number of an object that was created after the database itself.
pub(super) const FIRST_USER_OID: u32 = 16_384;

/// An object: its system catalogue, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Object {
    pub(super) catalog: u32,
    pub(super) oid: u32,
}

impl Object {
    /// From the columns `catalog` and `oid`.
    pub(super) fn of(row: &Row) -> Object {
        Object {
            catalog: row.get("catalog"),
            oid: row.get("oid"),
        }
    }

    pub(super) fn relation(oid: u32) -> Object {
        Object {
            catalog: catalog::RELATION,
            oid,
        }
    }
}

/// An object to restore.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The objects that its definition creates, itself first. Those that the server creates for one of
    /// them can be omitted.
    pub(super) objects: Vec<Object>,
    /// The objects that must come first and are not in `pg_depend`.
    pub(super) after: Vec<Object>,
    /// Two steps that create the same, for an object that is part of a loop: first the step that others
    /// depend on.
    pub(super) in_two: Option<Box<[Item; 2]>>,
    /// Its number and dependencies are not set yet.
    pub(super) entry: Entry,
}

impl Item {
    /// `object` is `None` for an item that only alters another one's object.
    pub(super) fn new(kind: Kind, object: Option<Object>, tag: &str, definition: String) -> Item {
        let entry = Entry {
            catalog: object.map_or(0, |object| object.catalog),
            oid: object.map_or(0, |object| object.oid),
            definition,
            ..Entry::new(kind, tag)
        };
        Item {
            objects: object.into_iter().collect(),
            after: Vec::new(),
            in_two: None,
            entry,
        }
    }

    pub(super) fn within(mut self, schema: Option<&str>, owner: &str) -> Item {
        self.entry.namespace = schema.map(str::to_owned);
        owner.clone_into(&mut self.entry.owner);
        self
    }

    pub(super) fn dropped_by(mut self, statement: String) -> Item {
        self.entry.drop = statement;
        self
    }

    /// Must come after `object`.
    pub(super) fn after(mut self, object: Object) -> Item {
        self.after.push(object);
        self
    }

    /// Also creates these.
    pub(super) fn with(mut self, objects: impl IntoIterator<Item = Object>) -> Item {
        self.objects.extend(objects);
        self
    }
}

/// A relation or another object with a number, a schema, a name and an owner.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) owner: String,
}

impl Named {
    /// From the columns `oid`, `schema`, `name`, `owner`.
    pub(super) fn of(row: &Row) -> Named {
        Named {
            oid: row.get("oid"),
            schema: row.get("schema"),
            name: row.get("name"),
            owner: row.get("owner"),
        }
    }

    /// An item in its schema and of its owner.
    pub(super) fn part(
        &self,
        kind: Kind,
        object: Option<Object>,
        tag: &str,
        definition: String,
    ) -> Item {
        Item::new(kind, object, tag, definition).within(Some(&self.schema), &self.owner)
    }

    pub(super) fn qualified(&self) -> String {
        qualified(&self.schema, &self.name)
    }

    /// The item that makes it.
    pub(super) fn item(&self, kind: Kind, catalog: u32, definition: String) -> Item {
        let object = Object {
            catalog,
            oid: self.oid,
        };
        self.part(kind, Some(object), &self.name, definition)
            .dropped_by(format!("DROP {kind} {};\n", self.qualified()))
    }
}
