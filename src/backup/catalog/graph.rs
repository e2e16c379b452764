//! The dependencies between objects: `pg_depend`.

use std::collections::{HashMap, HashSet};

use super::CatalogError;
use super::item::{FIRST_USER_OID, Object, catalog};
use super::server::Server;

/// How an object depends on another, by the letters of `pg_depend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bond {
    /// It cannot exist without the other.
    Needs,
    /// It is dropped with the other: an index with its table.
    Belongs,
    /// It is part of the implementation of the other: a row type of its table.
    Implements,
    /// It follows the other, as a partition's index or check follows its parent's, and can also be created by
    /// itself.
    Follows,
}

/// From an object to those that it is part of.
pub(super) const PART_OF: &[Bond] = &[Bond::Implements];

/// Also to those that it follows.
pub(super) const FOLLOWED: &[Bond] = &[Bond::Implements, Bond::Follows];

/// To those that it is part of or is dropped with.
pub(super) const DROPPED_WITH: &[Bond] = &[Bond::Implements, Bond::Belongs];

/// The dependencies of a database's own objects.
#[derive(Debug, Default)]
pub(super) struct Graph {
    needs: HashMap<Object, Vec<(Object, Bond)>>,
    /// The extension that created an object.
    extensions: HashMap<Object, Object>,
    /// Objects that are dropped with a session.
    temporary: HashSet<Object>,
}

impl Graph {
    pub(super) async fn read(server: &Server<'_>) -> Result<Graph, CatalogError> {
        let mut graph = Graph::default();
        for row in server.rows(DEPENDENCIES).await? {
            let object = Object::of(&row);
            let needed = Object {
                catalog: row.get("needed_catalog"),
                oid: row.get("needed_oid"),
            };
            graph.add(object, needed, row.get("bond"));
        }
        for row in server.rows(TEMPORARY).await? {
            graph.temporary.insert(Object::of(&row));
        }
        graph.separate();
        Ok(graph)
    }

    /// An object on an extension's member that needs a user's object is the user's, such as a trigger with a
    /// function of the user's: it needs the member, and CREATE EXTENSION does not create it. A schema does not
    /// count, because an extension can be in a user's.
    fn separate(&mut self) {
        if self.extensions.is_empty() {
            return;
        }
        let is_own = |it: Object| {
            it.oid >= FIRST_USER_OID
                && it.catalog != catalog::SCHEMA
                && self.extension_beyond(it).is_none()
        };
        let is_users = |object: &Object| {
            let mut bonds = self.bonds(*object).iter();
            bonds.any(|(needed, bond)| *bond == Bond::Needs && is_own(*needed))
                && self.extension(*object).is_none()
                && self.extension_beyond(*object).is_some()
        };
        let users: Vec<Object> = self.needs.keys().copied().filter(is_users).collect();
        for object in users {
            let bonds = self.needs.get_mut(&object).into_iter().flatten();
            let parts = bonds.filter(|(_, bond)| DROPPED_WITH.contains(bond));
            parts.for_each(|(_, bond)| *bond = Bond::Needs);
        }
    }

    fn add(&mut self, object: Object, needed: Object, letter: &str) {
        let bond = match letter {
            "n" => Bond::Needs,
            "i" => Bond::Implements,
            "e" => {
                self.extensions.insert(object, needed);
                return;
            }
            // The item itself contains DEPENDS ON EXTENSION.
            "x" => return,
            "P" => Bond::Follows,
            // `a`, or `S` of what is a part of a partition.
            _ => Bond::Belongs,
        };
        if object != needed {
            self.needs.entry(object).or_default().push((needed, bond));
        }
    }

    /// The direct dependencies of `object`.
    pub(super) fn bonds(&self, object: Object) -> &[(Object, Bond)] {
        self.needs
            .get(&object)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The objects without which it cannot be.
    pub(super) fn needs(&self, object: Object) -> impl Iterator<Item = Object> {
        let bonds = self.bonds(object).iter();
        let needed = bonds.filter(|(_, bond)| *bond != Bond::Follows);
        needed.map(|(needed, _)| *needed)
    }

    /// All objects with a dependency.
    pub(super) fn objects(&self) -> impl Iterator<Item = Object> {
        self.needs.keys().chain(self.extensions.keys()).copied()
    }

    /// The extension that created it.
    pub(super) fn extension(&self, object: Object) -> Option<Object> {
        self.extensions.get(&object).copied()
    }

    /// Whether it is dropped with a session.
    pub(super) fn is_temporary(&self, object: Object) -> bool {
        self.temporary.contains(&object)
    }

    /// Whether it is not dropped with another object.
    pub(super) fn is_independent(&self, object: Object) -> bool {
        self.bonds(object)
            .iter()
            .all(|(_, bond)| *bond == Bond::Needs)
    }

    /// Whether `object` needs `table`, directly or through others, or is not a relation and needs one, as a function
    /// can: the checks and defaults of that relation can need the table.
    pub(super) fn reaches(&self, object: Object, table: Object) -> bool {
        let along = [Bond::Needs, Bond::Belongs, Bond::Implements, Bond::Follows];
        let is_relation = |it: Object| it.catalog == catalog::RELATION;
        let is_other =
            |it: Object| (it == table || is_relation(it) && !is_relation(object)).then_some(());
        self.search(object, &along, is_other).is_some()
    }

    /// Whether the server creates it along with a partition of an extension's table.
    pub(super) fn follows_extension(&self, object: Object) -> bool {
        let mut bonds = self.bonds(object).iter();
        bonds.any(|(it, bond)| *bond == Bond::Follows && self.extension_beyond(*it).is_some())
    }

    /// The extension that created it, or an object that it is part of or is dropped with.
    pub(super) fn extension_beyond(&self, object: Object) -> Option<Object> {
        self.search(object, DROPPED_WITH, |it| self.extension(it))
    }

    /// Searches the object and the objects that these bonds lead to.
    pub(super) fn search<T>(
        &self,
        object: Object,
        along: &[Bond],
        fits: impl Fn(Object) -> Option<T>,
    ) -> Option<T> {
        let mut seen = HashSet::from([object]);
        let mut open = vec![object];
        while let Some(object) = open.pop() {
            if let Some(found) = fits(object) {
                return Some(found);
            }
            for (needed, bond) in self.bonds(object) {
                if along.contains(bond) && seen.insert(*needed) {
                    open.push(*needed);
                }
            }
        }
        None
    }
}

/// The values of an enum, the index of a TOAST table, the members of an operator family, the checks in the
/// definition of a domain and an operator that only another one names are parts of another object, and `pg_depend`
/// does not have that. Nor does it have that an inherited check follows its parent's. A partition is not part of its
/// table: of an extension's, it can be a user's.
const DEPENDENCIES: &str = "\
    SELECT DISTINCT classid AS catalog, objid AS oid, refclassid AS needed_catalog,
           refobjid AS needed_oid,
           CASE WHEN deptype = 'a' AND refclassid = 'pg_opfamily'::regclass
                 AND classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) THEN 'i'
                WHEN deptype = 'a' AND refclassid = 'pg_type'::regclass
                 AND EXISTS (SELECT FROM pg_constraint k
                              WHERE classid = 'pg_constraint'::regclass AND k.oid = objid AND k.convalidated)
                THEN 'i'
                WHEN deptype = 'a' AND classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
                 AND EXISTS (SELECT FROM pg_class c
                              WHERE c.oid = objid AND c.relispartition AND c.relkind IN ('r', 'p', 'f'))
                THEN 'n'
                ELSE deptype::text END AS bond
      FROM pg_depend
     WHERE objid >= 16384
     UNION ALL
    SELECT 'pg_enum'::regclass, e.oid, 'pg_type'::regclass, e.enumtypid, 'i' FROM pg_enum e
     UNION ALL
    SELECT 'pg_class'::regclass, x.indexrelid, 'pg_class'::regclass, x.indrelid, 'i'
      FROM pg_index x
      JOIN pg_class t ON t.oid = x.indrelid AND t.relkind = 't'
     UNION ALL
    SELECT s.tableoid, s.oid, o.tableoid, o.oid, 'i'
      FROM pg_operator s JOIN pg_operator o ON s.oid IN (o.oprcom, o.oprnegate)
     WHERE s.oprcode = 0
     UNION ALL
    SELECT k.tableoid, k.oid, p.tableoid, p.oid, 'P'
      FROM pg_constraint k
      JOIN pg_inherits h ON h.inhrelid = k.conrelid
      JOIN pg_constraint p ON p.conrelid = h.inhparent AND p.contype = k.contype
     WHERE NOT k.conislocal
       AND CASE k.contype
           WHEN 'c' THEN p.conname = k.conname
           WHEN 'n' THEN EXISTS (SELECT FROM pg_attribute a JOIN pg_attribute b ON b.attname = a.attname
                                  WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                                    AND b.attrelid = p.conrelid AND b.attnum = p.conkey[1]) END";

const TEMPORARY: &str = "\
    SELECT 'pg_namespace'::regclass::oid AS catalog, oid
      FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_'
     UNION ALL
    SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relpersistence = 't'
     UNION ALL
    SELECT 'pg_type'::regclass, t.oid
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE n.nspname ~ '^pg_temp_'
     UNION ALL
    SELECT 'pg_proc'::regclass, p.oid
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname ~ '^pg_temp_'";
