//! The right to create in a schema, for owners that lack it. Pure.
//!
//! From PostgreSQL 15 on, most roles may not create in schema public. A server gives an object to a
//! role only if that may create in the object's schema; a superuser is exempt. So each of these owners
//! gets that right first and loses it again before the backup's own grants.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::restored;
use super::owner;
use super::step::Step;
use crate::backup::catalog::quoted;
use pgarchive::{Entry, Kind};

/// By schema, the owners of objects in it that lack the right.
pub(super) struct CreateRights(BTreeMap<String, BTreeSet<String>>);

impl CreateRights {
    /// `creators` are the roles that have the right in schema public.
    pub(super) fn of(
        entries: &[Entry],
        creators: Option<&BTreeSet<String>>,
        usable: &impl Fn(&str) -> bool,
    ) -> CreateRights {
        let mut lacking: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in restored(entries) {
            if let (Some(schema), Some(owner)) = (&entry.namespace, owner::owner(entry))
                && usable(&owner)
            {
                lacking.entry(schema.clone()).or_default().insert(owner);
            }
        }
        lacking.retain(|schema, owners| {
            let mut schemas = restored(entries).filter(|it| it.kind == Kind::Schema);
            let made = schemas.find(|it| it.tag == *schema);
            if let Some(made) = made {
                owners.remove(&made.owner);
            }
            if schema == "public" {
                owners.retain(|owner| creators.is_none_or(|them| !them.contains(owner)));
            }
            (made.is_some() || schema == "public") && !owners.is_empty()
        });
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

fn statement(verb: &str, schema: &str, preposition: &str, owners: &BTreeSet<String>) -> Step {
    let roles: Vec<String> = owners.iter().map(|owner| quoted(owner)).collect();
    let (name, roles) = (quoted(schema), roles.join(", "));
    let sql = format!("{verb} CREATE ON SCHEMA {name} {preposition} {roles}");
    Step::of_schema(schema, sql)
}
