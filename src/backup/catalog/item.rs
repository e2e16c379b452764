//! A thing to restore, before it has a number.

use tokio_postgres::Row;

use super::sql::qualified;
use pgarchive::{Entry, Kind};

/// The numbers of the system catalogues, the same in every version.
pub(super) mod catalog {
    pub(in super::super) const DEFAULT_ACL: u32 = 826;
    pub(in super::super) const TYPE: u32 = 1247;
    pub(in super::super) const FUNCTION: u32 = 1255;
    pub(in super::super) const RELATION: u32 = 1259;
    pub(in super::super) const DATABASE: u32 = 1262;
    pub(in super::super) const FOREIGN_SERVER: u32 = 1417;
    pub(in super::super) const USER_MAPPING: u32 = 1418;
    pub(in super::super) const FOREIGN_DATA_WRAPPER: u32 = 2328;
    pub(in super::super) const ATTRIBUTE_DEFAULT: u32 = 2604;
    pub(in super::super) const CAST: u32 = 2605;
    pub(in super::super) const CONSTRAINT: u32 = 2606;
    pub(in super::super) const CONVERSION: u32 = 2607;
    pub(in super::super) const SCHEMA: u32 = 2615;
    pub(in super::super) const LANGUAGE: u32 = 2612;
    pub(in super::super) const OPERATOR_CLASS: u32 = 2616;
    pub(in super::super) const OPERATOR: u32 = 2617;
    pub(in super::super) const RULE: u32 = 2618;
    pub(in super::super) const TRIGGER: u32 = 2620;
    pub(in super::super) const OPERATOR_FAMILY: u32 = 2753;
    pub(in super::super) const EXTENSION: u32 = 3079;
    pub(in super::super) const POLICY: u32 = 3256;
    pub(in super::super) const STATISTICS: u32 = 3381;
    pub(in super::super) const COLLATION: u32 = 3456;
    pub(in super::super) const EVENT_TRIGGER: u32 = 3466;
    pub(in super::super) const TRANSFORM: u32 = 3576;
    pub(in super::super) const TEXT_SEARCH_DICTIONARY: u32 = 3600;
    pub(in super::super) const TEXT_SEARCH_CONFIGURATION: u32 = 3602;
    pub(in super::super) const PUBLICATION: u32 = 6104;
    pub(in super::super) const PUBLICATION_TABLE: u32 = 6106;
    pub(in super::super) const PUBLICATION_SCHEMA: u32 = 6237;
}

/// The first number that an object can have that was not made with the database itself.
pub(super) const FIRST_USER_OID: u32 = 16_384;

/// An object: the system catalogue it stands in, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Object {
    pub(super) catalog: u32,
    pub(super) oid: u32,
}

impl Object {
    pub(super) fn relation(oid: u32) -> Object {
        Object {
            catalog: catalog::RELATION,
            oid,
        }
    }
}

/// A thing to restore.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The objects that its definition makes, itself first. What the server makes by itself for
    /// one of them need not stand here.
    pub(super) objects: Vec<Object>,
    /// The objects that must come first and that `pg_depend` does not tell of.
    pub(super) after: Vec<Object>,
    /// The same made in two steps, for what needs something that needs it: first what others need of it.
    pub(super) in_two: Option<Box<[Item; 2]>>,
    /// Without a number and dependencies.
    pub(super) entry: Entry,
}

impl Item {
    /// Of `object` if it stands in a catalogue. The tag is its name.
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

    /// Belonging to `owner`, in `schema` if it is in one.
    pub(super) fn within(mut self, schema: Option<&str>, owner: &str) -> Item {
        self.entry.namespace = schema.map(str::to_owned);
        owner.clone_into(&mut self.entry.owner);
        self
    }

    /// Taken away by this statement.
    pub(super) fn dropped_by(mut self, statement: String) -> Item {
        self.entry.drop = statement;
        self
    }

    /// Not before `object`.
    pub(super) fn after(mut self, object: Object) -> Item {
        self.after.push(object);
        self
    }

    /// Carrying these, too.
    pub(super) fn with(mut self, objects: impl IntoIterator<Item = Object>) -> Item {
        self.objects.extend(objects);
        self
    }
}

/// A relation, or whatever else has a number, a schema, a name and an owner.
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

    pub(super) fn qualified(&self) -> String {
        qualified(&self.schema, &self.name)
    }

    /// An item of this kind, named and owned so.
    pub(super) fn item(&self, kind: Kind, catalog: u32, definition: String) -> Item {
        let object = Object {
            catalog,
            oid: self.oid,
        };
        Item::new(kind, Some(object), &self.name, definition)
            .within(Some(&self.schema), &self.owner)
            .dropped_by(format!("DROP {kind} {};\n", self.qualified()))
    }
}
