//! What runs in which order. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::consistency::{self, PlanError};
use super::guests::Guests;
use super::owner;
use super::phase::{Phase, phases};
use super::scope::{about_database, restored};
use super::step::{Step, Table};
use pgarchive::manifest::{self, Manifest};
use pgarchive::{Entry, Kind};

/// A restore, step by step. Within one phase the archive's order holds.
#[derive(Debug)]
pub(super) struct Plan {
    /// What holds for a session; every connection begins with these.
    pub(super) settings: Vec<Step>,
    /// Schemas, types, tables.
    pub(super) definitions: Vec<Step>,
    /// Rows.
    pub(super) tables: Vec<Table>,
    /// The state of sequences.
    pub(super) states: Vec<Step>,
    /// The archive's own count of rows.
    pub(super) row_counts: Vec<Step>,
    /// Keys and indexes. None waits for another, so they may be made at the same time.
    pub(super) indexes: Vec<Step>,
    /// Foreign keys, triggers and the like.
    pub(super) finishing: Vec<Step>,
    /// What comes after the rows are verified: grants, row security, and what needs these.
    pub(super) closing: Vec<Step>,
    /// What the database itself has: comment, grants, limit, settings. The statements name the database
    /// that was backed up.
    pub(super) database: Vec<String>,
    /// What a person should know about it.
    pub(super) notices: Vec<String>,
}

impl Plan {
    /// The way to restore these entries. `creators` are the roles that may create in schema public,
    /// `None` where the database has no such schema. `usable` says whether a role may own and be
    /// granted to.
    pub(super) fn new(
        entries: &[Entry],
        manifest: &Manifest,
        creators: Option<&BTreeSet<String>>,
        usable: impl Fn(&str) -> bool,
    ) -> Result<Plan, PlanError> {
        consistency::check(entries, manifest)?;
        let phases = phases(entries);
        let steps = |wanted: Phase| -> Vec<Step> {
            let of_phase = restored(entries).filter(|entry| phases[&entry.id] == wanted);
            of_phase.filter_map(|entry| step(entry, &usable)).collect()
        };
        let guests = Guests::of(&restored(entries).collect::<Vec<_>>(), creators, &usable);
        let admit = |schema: &str| guests.grant(schema).map(|sql| Step::of_schema(schema, sql));
        let public = creators.is_none().then(|| make_public(entries)).flatten();
        let mut definitions: Vec<Step> = public.into_iter().chain(admit("public")).collect();
        for step in steps(Phase::Definitions) {
            let makes_schema = step.kind == Kind::Schema && step.name != "public";
            let admitted = makes_schema.then(|| admit(&step.name)).flatten();
            definitions.push(step);
            definitions.extend(admitted);
        }
        let dismiss = |schema| {
            guests
                .revoke(schema)
                .map(|sql| Step::of_schema(schema, sql))
        };
        let mut closing: Vec<Step> = guests.schemas().filter_map(dismiss).collect();
        for phase in [Phase::Grants, Phase::RowSecurity, Phase::AfterGrants] {
            closing.extend(steps(phase));
        }
        Ok(Plan {
            settings: steps(Phase::Settings),
            definitions,
            tables: in_archive_order(entries, manifest),
            states: steps(Phase::States),
            row_counts: steps(Phase::RowCounts),
            indexes: steps(Phase::Indexes),
            finishing: steps(Phase::Finishing),
            closing,
            database: of_database(entries, &usable),
            notices: notices(entries),
        })
    }
}

/// One statement each, so that one that fails stops no other.
fn of_database(entries: &[Entry], usable: &impl Fn(&str) -> bool) -> Vec<String> {
    let statements = about_database(entries).flat_map(|entry| {
        let statements = entry.definition.lines();
        statements.filter(|statement| {
            let named = owner::named_for_database(entry, statement);
            named.iter().all(|role| usable(role))
        })
    });
    statements.map(str::to_owned).collect()
}

/// Makes `public`, which the database lacks, if anything is to go into it.
fn make_public(entries: &[Entry]) -> Option<Step> {
    let mut entries = restored(entries);
    let used = entries.any(|entry| entry.namespace.as_deref() == Some("public"));
    used.then(|| Step::of_schema("public", "CREATE SCHEMA public".into()))
}

/// What a restore makes anew, and so may differ from what was backed up.
fn notices(entries: &[Entry]) -> Vec<String> {
    let names = |kind: Kind| -> Vec<&str> {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| entry.tag.as_str()).collect()
    };
    let (views, extensions) = (names(Kind::Refresh), names(Kind::Extension));
    let mut notices = Vec::new();
    if !views.is_empty() {
        let views = views.join(", ");
        notices.push(format!("these materialized views were refreshed: {views}"));
    }
    if !extensions.is_empty() {
        let extensions = extensions.join(", ");
        notices.push(format!(
            "these extensions were installed in the server's newest version: {extensions}"
        ));
    }
    notices
}

fn step(entry: &Entry, usable: &impl Fn(&str) -> bool) -> Option<Step> {
    if owner::is_grant(entry) && !owner::granted(entry).iter().all(|role| usable(role)) {
        return None;
    }
    let mut sql = entry.definition.clone();
    // Every database has it from the start.
    if entry.kind == Kind::Schema && entry.tag == "public" {
        sql.clear();
    }
    if usable(&entry.owner) {
        sql.extend(owner::give(entry));
    }
    (!sql.trim().is_empty()).then(|| Step {
        kind: entry.kind,
        name: entry.tag.clone(),
        schema: entry.namespace.clone(),
        sql,
    })
}

fn in_archive_order(entries: &[Entry], manifest: &Manifest) -> Vec<Table> {
    let saved: BTreeMap<(&str, &str), &manifest::Table> = manifest
        .tables
        .iter()
        .map(|table| (consistency::listed_name(table), table))
        .collect();
    let data = entries.iter().filter(|entry| entry.kind == Kind::TableData);
    data.map(|entry| Table::new(saved[&consistency::entry_name(entry)]))
        .collect()
}

#[cfg(test)]
mod tests;
