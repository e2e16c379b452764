//! Owners that may not create in the schema that their objects are in. Pure.
//!
//! From PostgreSQL 15 on, most roles may not create in schema public. A server gives an object to a
//! role only if that may create in the object's schema; a superuser is exempt. So each of these owners
//! gets that privilege first and loses it again before the backup's own grants.

use std::collections::{BTreeMap, BTreeSet};

use super::owner;
use crate::backup::catalog::quoted;
use pgarchive::{Entry, Kind};

/// By schema, the owners of objects in it that it does not belong to.
pub(super) struct Guests(BTreeMap<String, BTreeSet<String>>);

impl Guests {
    /// `creators` are the roles that may create in schema public already.
    pub(super) fn of(
        entries: &[&Entry],
        creators: Option<&BTreeSet<String>>,
        usable: &impl Fn(&str) -> bool,
    ) -> Guests {
        let mut guests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in entries {
            if let (Some(schema), Some(owner)) = (&entry.namespace, owner::owner(entry))
                && usable(&owner)
            {
                guests.entry(schema.clone()).or_default().insert(owner);
            }
        }
        guests.retain(|schema, guests| {
            let mut schemas = entries.iter().filter(|it| it.kind == Kind::Schema);
            let made = schemas.find(|it| it.tag == *schema);
            if let Some(made) = made {
                guests.remove(&made.owner);
            }
            if schema == "public" {
                guests.retain(|guest| creators.is_none_or(|them| !them.contains(guest)));
            }
            (made.is_some() || schema == "public") && !guests.is_empty()
        });
        Guests(guests)
    }

    /// The schemas that have guests.
    pub(super) fn schemas(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Gives the privilege to the guests of this schema.
    pub(super) fn grant(&self, schema: &str) -> Option<String> {
        self.statement(schema, "GRANT", "TO")
    }

    /// Takes it from them.
    pub(super) fn revoke(&self, schema: &str) -> Option<String> {
        self.statement(schema, "REVOKE", "FROM")
    }

    fn statement(&self, schema: &str, verb: &str, preposition: &str) -> Option<String> {
        let guests = self.0.get(schema)?;
        let roles: Vec<String> = guests.iter().map(|guest| quoted(guest)).collect();
        let (schema, roles) = (quoted(schema), roles.join(", "));
        Some(format!(
            "{verb} CREATE ON SCHEMA {schema} {preposition} {roles}"
        ))
    }
}
