//! The phase of each entry. Pure.

use std::collections::HashMap;

use pgarchive::{Entry, Kind, Section};

/// The phases, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Phase {
    /// Of each session.
    Settings,
    /// Schemas, types, tables.
    Definitions,
    Rows,
    /// The state of sequences.
    States,
    /// The archive's own count of rows.
    RowCounts,
    /// Keys and indexes. None depends on another, so they may be made at the same time.
    Indexes,
    /// Foreign keys, triggers and the like.
    Finishing,
    /// From here on: after the rows are verified.
    Grants,
    RowSecurity,
    /// Steps that need the grants.
    AfterGrants,
}

/// Each entry with its phase.
pub(super) fn phases(entries: &[Entry]) -> impl Iterator<Item = (&Entry, Phase)> {
    let mut phases = HashMap::new();
    entries.iter().map(move |entry| {
        let after = entry.dependencies.iter().filter_map(|id| phases.get(id));
        let phase = phase(entry, after.max().copied());
        phases.insert(entry.id, phase);
        (entry, phase)
    })
}

/// `after` is the latest phase of what the entry depends on.
fn phase(entry: &Entry, after: Option<Phase>) -> Phase {
    let alone = after < Some(Phase::Indexes) && is_one_statement(&entry.definition);
    match (entry.kind, entry.section) {
        (Kind::Encoding | Kind::StdStrings | Kind::SearchPath, _) => Phase::Settings,
        (Kind::Acl | Kind::DefaultAcl, _) => Phase::Grants,
        // As pg_restore has it: a trigger on events would see the rest of the restore, and a
        // query may need the grants.
        (Kind::EventTrigger | Kind::Refresh, _) => Phase::AfterGrants,
        // From then on, not even the owner may read all rows where it is forced.
        (Kind::RowSecurity, _) => Phase::RowSecurity,
        (Kind::TableData, _) => Phase::Rows,
        (Kind::Index | Kind::Constraint, Section::PostData) if alone => Phase::Indexes,
        (_, Section::PostData) => after.map_or(Phase::Finishing, |it| it.max(Phase::Finishing)),
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
pub(in super::super) fn counts_rows(entry: &Entry) -> bool {
    entry.kind == Kind::SequenceSet && entry.definition.starts_with("DO ")
}

/// Several statements in one go are one transaction, which could lock a table twice and so wait
/// for another that does the same.
fn is_one_statement(definition: &str) -> bool {
    !definition.trim_end().trim_end_matches(';').contains(";\n")
}
