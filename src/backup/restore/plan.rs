//! What runs in which order. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use thiserror::Error;

use super::guests::Guests;
use super::owner;
use crate::backup::archive::{Entry, Section};
use crate::backup::catalog::quoted;
use crate::backup::manifest::{self, FORMAT, Manifest};

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
    pub(super) database: Vec<Step>,
    /// What a person should know about it.
    pub(super) notices: Vec<String>,
}

/// One statement, or a few that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The kind of what it makes.
    pub(super) kind: String,
    /// Its name within its schema.
    pub(super) name: String,
    /// Its schema.
    pub(super) schema: Option<String>,
    /// The statements.
    pub(super) sql: String,
}

impl Step {
    fn of_schema(name: &str, sql: String) -> Step {
        Step {
            kind: "SCHEMA".into(),
            name: name.to_owned(),
            schema: None,
            sql,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{} {schema}.{}", self.kind, self.name),
            None => write!(formatter, "{} {}", self.kind, self.name),
        }
    }
}

/// A table's rows, and how they go in and out.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// What the backup has.
    pub(super) saved: manifest::Table,
    /// `"schema"."name"`.
    pub(super) quoted: String,
    /// The same with its columns, as COPY takes it.
    pub(super) columns: String,
}

impl Table {
    pub(super) fn new(saved: &manifest::Table) -> Table {
        let quoted_name = format!("{}.{}", quoted(&saved.schema), quoted(&saved.name));
        let columns: Vec<String> = saved.columns.iter().map(|it| quoted(it)).collect();
        // COPY has no way to name no columns, and without a list it copies what there is.
        let list = match columns.as_slice() {
            [] => String::new(),
            columns => format!(" ({})", columns.join(", ")),
        };
        Table {
            saved: saved.clone(),
            columns: format!("{quoted_name}{list}"),
            quoted: quoted_name,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.saved.schema, self.saved.name)
    }
}

/// Why an archive and its manifest make no sense together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// A newer program wrote it.
    #[error(
        "the backup's manifest has format {0}, and this program knows {FORMAT}; restore with the \
         magnusapi version that wrote it or a later one, or with pg_restore"
    )]
    Format(u32),
    /// Two entries with one number.
    #[error("the archive's table of contents has two entries {0}; the backup cannot be trusted")]
    Duplicate(i32),
    /// Rows of a table that the other does not know.
    #[error(
        "table {table} has rows in {there} and none in {missing}; the backup's files do not belong \
         together"
    )]
    Table {
        /// Its full name.
        table: String,
        /// Who knows it.
        there: &'static str,
        /// Who does not.
        missing: &'static str,
    },
    /// A table's rows, more than once.
    #[error(
        "the rows of table {table} are more than once in {place}; the backup cannot be trusted"
    )]
    Twice {
        /// Its full name.
        table: String,
        /// Who lists it.
        place: &'static str,
    },
    /// Rows with no table to put them in.
    #[error("the archive has rows of {0} and no definition of it; the backup cannot be trusted")]
    Undefined(String),
    /// A table's file that is not in the list.
    #[error("the manifest lists no file {file}, which has the rows of {table}")]
    File {
        /// The table's full name.
        table: String,
        /// The file.
        file: String,
    },
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
        check(entries, manifest)?;
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
            let makes_schema = step.kind == "SCHEMA" && step.name != "public";
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
fn of_database(entries: &[Entry], usable: &impl Fn(&str) -> bool) -> Vec<Step> {
    let steps = about_database(entries).flat_map(|entry| {
        let statements = entry.definition.lines();
        let statements = statements.filter(|statement| {
            let named = owner::named_for_database(entry, statement);
            named.iter().all(|role| usable(role))
        });
        statements.map(|statement| Step {
            kind: entry.kind.clone(),
            name: entry.tag.clone(),
            schema: None,
            sql: statement.to_owned(),
        })
    });
    steps.collect()
}

/// What is about the database itself, beside how it is made.
fn about_database(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| match entry.kind.as_str() {
        "DATABASE PROPERTIES" => true,
        "ACL" | "COMMENT" => entry.tag.starts_with("DATABASE "),
        _ => false,
    })
}

/// Makes `public`, which the database lacks, if anything is to go into it.
fn make_public(entries: &[Entry]) -> Option<Step> {
    let mut entries = restored(entries);
    let used = entries.any(|entry| entry.namespace.as_deref() == Some("public"));
    used.then(|| Step::of_schema("public", "CREATE SCHEMA public".into()))
}

/// What a restore makes anew, and so may differ from what was backed up.
fn notices(entries: &[Entry]) -> Vec<String> {
    let names = |kind: &str| -> Vec<&str> {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| entry.tag.as_str()).collect()
    };
    let (views, extensions) = (names("MATERIALIZED VIEW DATA"), names("EXTENSION"));
    let mut notices = Vec::new();
    if !views.is_empty() {
        let views = views.join(", ");
        notices.push(format!("these materialized views were refreshed: {views}"));
    }
    if !extensions.is_empty() {
        let extensions = extensions.join(", ");
        notices.push(format!(
            "these extensions were installed in the server's default version: {extensions}"
        ));
    }
    notices
}

/// The roles that entries name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Those that own an object.
    pub(super) owners: BTreeSet<String>,
    /// Those that something is granted to or revoked from.
    pub(super) granted: BTreeSet<String>,
    /// The owner of the database itself.
    pub(super) database: Option<String>,
}

impl Named {
    /// The database's owner counts `with_database` alone.
    pub(super) fn by(entries: &[Entry], with_database: bool) -> Named {
        let database = entries.iter().find(|entry| entry.kind == "DATABASE");
        let database = database.filter(|it| with_database && !it.owner.is_empty());
        let of_database = about_database(entries).filter(|_| with_database);
        let of_database = of_database.flat_map(|entry| {
            let statements = entry.definition.lines();
            statements.flat_map(move |statement| owner::named_for_database(entry, statement))
        });
        let granted = restored(entries).flat_map(owner::granted);
        Named {
            owners: restored(entries).filter_map(owner::owner).collect(),
            granted: granted.chain(of_database).collect(),
            database: database.map(|it| it.owner.clone()),
        }
    }

    /// The owners of objects and of the database.
    pub(super) fn all_owners(&self) -> BTreeSet<String> {
        self.owners.iter().chain(&self.database).cloned().collect()
    }

    /// All roles but the database's owner.
    pub(super) fn of_objects(&self) -> BTreeSet<String> {
        self.owners.union(&self.granted).cloned().collect()
    }

    pub(super) fn all(&self) -> BTreeSet<String> {
        self.all_owners().union(&self.granted).cloned().collect()
    }
}

/// All but what is about the database itself, which `pg_restore` too leaves alone without
/// `--create`: the target is somebody's own.
pub(super) fn restored(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| match entry.kind.as_str() {
        "DATABASE" | "DATABASE PROPERTIES" => false,
        "ACL" | "COMMENT" | "SECURITY LABEL" => !entry.tag.starts_with("DATABASE "),
        _ => true,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Settings,
    Definitions,
    Rows,
    States,
    RowCounts,
    Indexes,
    Finishing,
    Grants,
    RowSecurity,
    AfterGrants,
}

fn phases(entries: &[Entry]) -> HashMap<i32, Phase> {
    let mut phases = HashMap::new();
    for entry in entries {
        let after = entry.dependencies.iter().filter_map(|id| phases.get(id));
        let phase = phase(entry, after.max().copied());
        phases.insert(entry.id, phase);
    }
    phases
}

/// `after` is the latest phase of what the entry depends on.
fn phase(entry: &Entry, after: Option<Phase>) -> Phase {
    let alone = after < Some(Phase::Indexes) && is_one_statement(&entry.definition);
    match (entry.kind.as_str(), entry.section) {
        ("ENCODING" | "STDSTRINGS" | "SEARCHPATH", _) => Phase::Settings,
        ("ACL" | "DEFAULT ACL", _) => Phase::Grants,
        // As pg_restore has it: a trigger on events would see the rest of the restore, and a
        // query may need the grants.
        ("EVENT TRIGGER" | "MATERIALIZED VIEW DATA", _) => Phase::AfterGrants,
        // From then on, not even the owner may read all rows where it is forced.
        ("ROW SECURITY", _) => Phase::RowSecurity,
        ("TABLE DATA", _) => Phase::Rows,
        ("INDEX" | "CONSTRAINT", Section::PostData) if alone => Phase::Indexes,
        (_, Section::PostData) => after
            .max(Some(Phase::Finishing))
            .unwrap_or(Phase::Finishing),
        (_, Section::Data) if counts_rows(entry) => Phase::RowCounts,
        (_, Section::Data) => Phase::States,
        (_, Section::PreData) => Phase::Definitions,
        // A comment comes after what it is about.
        (_, Section::None) => match after {
            None | Some(Phase::Settings | Phase::Definitions) => Phase::Definitions,
            Some(phase) => phase.max(Phase::Finishing),
        },
    }
}

/// Whether the entry is the archive's own count of rows: it has the kind of a sequence's state, so that
/// `pg_restore` runs it along with the data, and is a block of code.
pub(super) fn counts_rows(entry: &Entry) -> bool {
    entry.kind == "SEQUENCE SET" && entry.definition.starts_with("DO ")
}

/// Several statements in one go are one transaction, which could lock a table twice and so stand
/// across another that does the same.
fn is_one_statement(definition: &str) -> bool {
    !definition.trim_end().trim_end_matches(';').contains(";\n")
}

fn step(entry: &Entry, usable: &impl Fn(&str) -> bool) -> Option<Step> {
    if owner::is_grant(entry) && !owner::granted(entry).iter().all(|role| usable(role)) {
        return None;
    }
    let mut sql = entry.definition.clone();
    // Every database has it from the start.
    if entry.kind == "SCHEMA" && entry.tag == "public" {
        sql.clear();
    }
    if usable(&entry.owner) {
        sql.extend(owner::give(entry));
    }
    (!sql.trim().is_empty()).then(|| Step {
        kind: entry.kind.clone(),
        name: entry.tag.clone(),
        schema: entry.namespace.clone(),
        sql,
    })
}

fn in_archive_order(entries: &[Entry], manifest: &Manifest) -> Vec<Table> {
    let saved: BTreeMap<Name, &manifest::Table> = manifest
        .tables
        .iter()
        .map(|table| (listed_name(table), table))
        .collect();
    let data = entries.iter().filter(|entry| entry.kind == "TABLE DATA");
    data.map(|entry| Table::new(saved[&entry_name(entry)]))
        .collect()
}

/// Schema and name.
type Name<'a> = (&'a str, &'a str);

fn check(entries: &[Entry], manifest: &Manifest) -> Result<(), PlanError> {
    if manifest.format > FORMAT {
        return Err(PlanError::Format(manifest.format));
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = entries.iter().find(|entry| !ids.insert(entry.id)) {
        return Err(PlanError::Duplicate(twice.id));
    }
    let of_kind = |kind: &'static str| entries.iter().filter(move |entry| entry.kind == kind);
    let loaded = once(of_kind("TABLE DATA").map(entry_name), ARCHIVE)?;
    let listed = once(manifest.tables.iter().map(listed_name), MANIFEST)?;
    same(&loaded, ARCHIVE, &listed, MANIFEST)?;
    same(&listed, MANIFEST, &loaded, ARCHIVE)?;
    let defined: BTreeSet<Name> = of_kind("TABLE").map(entry_name).collect();
    if let Some(table) = loaded.difference(&defined).next() {
        return Err(PlanError::Undefined(full(*table)));
    }
    for table in &manifest.tables {
        if !manifest.files.iter().any(|file| file.name == table.file) {
            return Err(PlanError::File {
                table: full(listed_name(table)),
                file: table.file.clone(),
            });
        }
    }
    Ok(())
}

const ARCHIVE: &str = "the archive's table of contents";
const MANIFEST: &str = "the manifest";

fn once<'a>(
    names: impl Iterator<Item = Name<'a>>,
    place: &'static str,
) -> Result<BTreeSet<Name<'a>>, PlanError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PlanError::Twice {
                table: full(name),
                place,
            });
        }
    }
    Ok(seen)
}

fn same(
    one: &BTreeSet<Name>,
    there: &'static str,
    other: &BTreeSet<Name>,
    missing: &'static str,
) -> Result<(), PlanError> {
    match one.difference(other).next() {
        None => Ok(()),
        Some(table) => Err(PlanError::Table {
            table: full(*table),
            there,
            missing,
        }),
    }
}

fn entry_name(entry: &Entry) -> Name<'_> {
    (entry.namespace.as_deref().unwrap_or_default(), &entry.tag)
}

fn listed_name(table: &manifest::Table) -> Name<'_> {
    (&table.schema, &table.name)
}

fn full((schema, name): Name) -> String {
    format!("{schema}.{name}")
}

#[cfg(test)]
mod tests;
