//! The first step: everything that is decided and checked before anything is made.
//!
//! | module | purpose |
//! |---|---|
//! | `order` | pure: the phase of each entry |
//! | `create_rights` | pure: the right to create in a schema, for owners that lack it |
//! | `usable_roles` | the roles that a backup names, and those that the server has |
//! | `owner` | pure: the owner and the grants of an entry |
//! | `statements` | pure: the statements of an entry |
//! | `entries` | pure: the entries that are restored, and the tables that they fill |
//! | `step` | pure: what a restore runs and loads |
//! | `privileges` | the rights that a restore needs |
//! | `target` | the content of the target |

mod create_rights;
mod entries;
mod order;
mod owner;
pub(super) mod privileges;
mod statements;
mod step;
mod target;
mod usable_roles;

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::error::RestoreError;
use super::source::Job;
use create_rights::CreateRights;
use entries::is_restored;
use order::phases;
use statements::{is, tokens, without_server_options};
use step::{WITHOUT_OBJECT, WITHOUT_OWNER_OR_OBJECT, WITHOUT_ROLES};
use usable_roles::Named;

pub(super) use entries::restored;
pub(super) use order::{Phase, counts_rows};
pub(super) use statements::about;
pub(super) use step::{Step, Table, object};
pub(super) use target::Target;

use pgarchive::{Entry, Kind};

/// A restore, step by step.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the archive's order.
    steps: BTreeMap<Phase, Vec<Step>>,
    /// Tables whose rows are loaded, in the archive's order.
    pub(super) tables: Vec<Table>,
    /// Comment, grants, limit and settings of the database itself, a statement each.
    pub(super) database: Vec<String>,
    /// The owner of a new database, where this role may give it away.
    pub(super) database_owner: Option<String>,
    /// Whether all owners and grants of objects can be restored.
    pub(super) with_roles: bool,
    /// The version of the target's server.
    pub(super) server_version: String,
    /// Notes for the operator.
    pub(super) notices: Vec<String>,
}

impl Plan {
    /// Plans the restore to this target, on whose server `client` is connected, and checks the backup's
    /// files.
    pub(super) async fn read(
        job: &Job<'_>,
        client: &Client,
        target: &Target,
    ) -> Result<Plan, RestoreError> {
        let (backup, options) = (job.backup, job.options);
        let named = Named::by(backup.entries, target.is_temporary);
        let usable = usable_roles::read(client, &named, options.roles).await?;
        let creators = target.creators.as_ref();
        let mut plan = Plan::new(backup.entries, creators, &usable);
        plan.tables = entries::tables(backup.entries, backup.manifest)?;
        let missing: Vec<String> = named.all.difference(&usable).cloned().collect();
        plan.with_roles = missing.is_empty();
        if !plan.with_roles {
            let missing = missing.join(", ");
            let notice = format!("owners and grants of these roles were omitted: {missing}");
            plan.notices.push(notice);
        }
        let origin = backup.manifest.server.version_number / 10_000;
        let version = target.version / 10_000;
        if origin > version {
            plan.notices.push(format!(
                "the backup is of PostgreSQL {origin}, which is newer than the target's {version}"
            ));
        }
        plan.database_owner = named.database.filter(|owner| usable.contains(owner));
        plan.server_version.clone_from(&target.version_name);
        let checking = async {
            let checked = backup.content.check().await;
            checked.map_err(RestoreError::Damaged)
        };
        options.bounds.keep(checking).await?;
        Ok(plan)
    }

    /// `creators` are the roles that may create in schema public, `None` where the database has no such
    /// schema. `usable` are the roles that may own objects and be granted to. It has no tables.
    fn new(
        entries: &[Entry],
        creators: Option<&BTreeSet<String>>,
        usable: &BTreeSet<String>,
    ) -> Plan {
        let rights = CreateRights::of(entries, creators, usable);
        let mut steps: BTreeMap<Phase, Vec<Step>> = BTreeMap::new();
        let mut add = |phase, more: &mut dyn Iterator<Item = Step>| {
            steps.entry(phase).or_default().extend(more);
        };
        let public = make_public(entries).filter(|_| creators.is_none());
        let mut first = public.into_iter().chain(rights.grant("public"));
        add(Phase::Definitions, &mut first);
        add(Phase::Grants, &mut rights.revoke_all());
        let mut formats = database_formats(entries).into_iter();
        add(Phase::AfterGrants, &mut formats);
        for (entry, phase) in phases(entries) {
            if !is_restored(entry) {
                continue;
            }
            add(phase, &mut step(entry, usable).into_iter());
            if entry.kind == Kind::Schema && entry.tag != "public" {
                add(phase, &mut rights.grant(&entry.tag).into_iter());
            }
        }
        let database = owner::about_database(entries);
        let database = database.filter(|(_, roles)| roles.iter().all(|it| usable.contains(it)));
        Plan {
            steps,
            // One statement each, so that one that fails does not stop the others.
            database: database
                .map(|(statement, _)| statement.to_owned())
                .collect(),
            notices: notices(entries),
            ..Plan::default()
        }
    }

    pub(super) fn steps(&self, phase: Phase) -> &[Step] {
        self.steps.get(&phase).map_or(&[], Vec::as_slice)
    }

    /// The steps after the rows are verified.
    pub(super) fn closing(&self) -> impl Iterator<Item = &Step> {
        self.steps.range(Phase::Grants..).flat_map(|it| it.1)
    }

    /// The steps that make everything but rows.
    pub(super) fn all_but_rows(&self) -> impl Iterator<Item = &Step> {
        let phases = self.steps.range(Phase::Definitions..);
        let phases = phases.filter(|it| *it.0 != Phase::RowCounts);
        phases.flat_map(|it| it.1)
    }
}

/// Sets how the database that was backed up writes values, because a materialized view may contain the text
/// of a value. The server may lack the locale.
fn database_formats(entries: &[Entry]) -> Option<Step> {
    if !entries.iter().any(|entry| entry.kind == Kind::Refresh) {
        return None;
    }
    let attempts = owner::about_database(entries).filter_map(|(statement, _)| {
        let mut set = tokens(statement).skip_while(|(_, token)| !is(token, "SET"));
        let ((at, _), (_, name)) = (set.next()?, set.next()?);
        let is_format = FORMATS.contains(&statements::name(name).to_lowercase().as_str());
        (is_format && statement.starts_with("ALTER DATABASE ")).then(|| {
            let set = &statement[at..];
            format!("BEGIN {set}; EXCEPTION WHEN invalid_parameter_value THEN NULL; END; ")
        })
    });
    let attempts: String = attempts.collect();
    (!attempts.is_empty()).then(|| Step {
        object: "the database's formats of values".into(),
        sql: format!("DO 'BEGIN {}END'", attempts.replace('\'', "''")),
        without_right: "",
    })
}

/// The settings of a database that decide how a query writes a value.
const FORMATS: [&str; 9] = [
    "bytea_output",
    "datestyle",
    "default_text_search_config",
    "extra_float_digits",
    "intervalstyle",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "timezone",
];

/// Makes `public` for a database that lacks it, if anything is to go into it.
fn make_public(entries: &[Entry]) -> Option<Step> {
    let mut entries = restored(entries);
    let used = entries.any(|entry| entry.namespace.as_deref() == Some("public"));
    let create = || "CREATE SCHEMA public".into();
    used.then(|| Step::of_schema("public", create(), WITHOUT_OBJECT))
}

/// Names the objects that a restore makes anew, and that so may differ from those that were backed up.
fn notices(entries: &[Entry]) -> Vec<String> {
    let kinds = [
        (Kind::Refresh, "materialized views were refreshed"),
        (
            Kind::Extension,
            "extensions were installed in the server's newest version",
        ),
    ];
    let notices = kinds.into_iter().filter_map(|(kind, done)| {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind);
        let names: Vec<&str> = of_kind.map(|entry| entry.tag.as_str()).collect();
        (!names.is_empty()).then(|| format!("these {done}: {}", names.join(", ")))
    });
    notices.collect()
}

fn step(entry: &Entry, usable: &BTreeSet<String>) -> Option<Step> {
    if !owner::granted(entry)
        .iter()
        .all(|role| usable.contains(role))
    {
        return None;
    }
    let mut sql = match entry.kind {
        // Every database has it from the start.
        Kind::Schema if entry.tag == "public" => String::new(),
        Kind::Table | Kind::ForeignTable | Kind::MaterializedView => {
            without_server_options(&entry.definition)
        }
        _ => entry.definition.clone(),
    };
    let give = owner::give(entry).filter(|_| usable.contains(&entry.owner));
    let without_right = match (entry.kind, &give) {
        (Kind::Acl | Kind::DefaultAcl, _) => WITHOUT_ROLES,
        (_, Some(_)) => WITHOUT_OWNER_OR_OBJECT,
        (_, None) => WITHOUT_OBJECT,
    };
    sql.extend(give);
    (!sql.trim().is_empty()).then(|| Step {
        object: object(entry),
        sql,
        without_right,
    })
}

#[cfg(test)]
mod tests;
