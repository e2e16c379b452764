//! The right to create in a schema, for owners that lack it. Pure.
//!
//! From PostgreSQL 15 on, most roles may not create in schema public. A server gives an object to a
//! role only if that may create in the object's schema; a superuser is exempt. So each of these owners
//! gets that right first and loses it again before the backup's own grants.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::restored;
use super::owner;
use super::step::{Step, WITHOUT_ROLES};
use crate::backup::catalog::{quoted, quoted_list};
use pgarchive::{Entry, Kind};

/// By schema, the owners of objects in it that lack the right.
pub(super) struct CreateRights<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> CreateRights<'a> {
    /// `creators` are the roles that have the right in schema public; `usable` are those that own objects.
    pub(super) fn of(
        entries: &'a [Entry],
        creators: Option<&BTreeSet<String>>,
        usable: &BTreeSet<String>,
    ) -> CreateRights<'a> {
        let made = restored(entries).filter(|it| it.kind == Kind::Schema);
        let made: BTreeMap<&str, &str> = made
            .map(|schema| (schema.tag.as_str(), schema.owner.as_str()))
            .collect();
        let mut lacking: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in restored(entries) {
            let (Some(schema), Some(owner)) = (entry.namespace.as_deref(), owner::owner(entry))
            else {
                continue;
            };
            let has_right = match made.get(schema) {
                Some(of_schema) if *of_schema == owner => true,
                None if schema != "public" => true,
                _ => schema == "public" && creators.is_some_and(|them| them.contains(owner)),
            };
            if usable.contains(owner) && !has_right {
                lacking.entry(schema).or_default().insert(owner);
            }
        }
        CreateRights(lacking)
    }

    pub(super) fn grant(&self, schema: &str) -> Option<Step> {
        let owners = self.0.get(schema)?;
        Some(statement("GRANT", schema, "TO", owners))
    }

    pub(super) fn revoke_all(&self) -> impl Iterator<Item = Step> {
        let all = self.0.iter();
        all.map(|(schema, owners)| statement("REVOKE", schema, "FROM", owners))
    }
}

fn statement(verb: &str, schema: &str, preposition: &str, owners: &BTreeSet<&str>) -> Step {
    let (name, roles) = (quoted(schema), quoted_list(owners.iter().copied()));
    let sql = format!("{verb} CREATE ON SCHEMA {name} {preposition} {roles}");
    Step::of_schema(schema, sql, WITHOUT_ROLES)
}
