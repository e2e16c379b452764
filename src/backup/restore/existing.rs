//! Into a database that exists: over one connection, in one transaction.

use tokio_postgres::Client;

use super::aside::Aside;
use super::error::{RestoreError, at};
use super::meanwhile::Meanwhile;
use super::options::Options;
use super::plan::{Named, Plan};
use super::progress::{Progress, Stage};
use super::source::{Backup, Content};
use super::swap::{self, TakenOver};
use super::target::{Target, usable_roles};
use super::verify::{self, Verification};
use super::{Place, Report, load, session};
use crate::database::Session;

/// Restores into the database of this connection. What would be refused is refused before the
/// backup's files are read.
pub(super) async fn restore<C: Content>(
    backup: &Backup<'_, C>,
    client: &Session,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    session::prepare(client).await?;
    let target = Target::read(client).await?;
    target.admit(options)?;
    let Prepared { plan, notices, .. } = prepare(backup, client, &target, options).await?;
    backup
        .content
        .check()
        .await
        .map_err(RestoreError::Damaged)?;
    let server_version = target.version_name.clone();
    let work = async {
        if target.is_empty() {
            fill(backup, client, &plan, options, progress).await
        } else {
            replace(backup, client, &target, plan, options, progress).await
        }
    };
    let mut report = session::undone_on_error(client, work).await?;
    report.notices.extend(notices);
    report.server_version = server_version;
    Ok(report)
}

/// What is to be done for a target, before anything is.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// What a person should know about it.
    pub(super) notices: Vec<String>,
    /// Whether all owners and grants can be restored.
    pub(super) with_roles: bool,
    /// Whether the target's PostgreSQL is of the major version that was backed up.
    pub(super) same_major: bool,
}

/// The plan for this target.
pub(super) async fn prepare<C>(
    backup: &Backup<'_, C>,
    client: &Client,
    target: &Target,
    options: &Options,
) -> Result<Prepared, RestoreError> {
    let named = Named::by(backup.entries);
    let usable = usable_roles(client, &named, options.roles).await?;
    let mut plan = Plan::new(backup.entries, backup.manifest, |role| {
        usable.contains(role)
    })?;
    if !target.schemas.contains_key("public") {
        plan.make_public();
    }
    let mut notices = Vec::new();
    let left_out: Vec<String> = named.all().difference(&usable).cloned().collect();
    if !left_out.is_empty() {
        notices.push(format!(
            "owners and grants of these roles were left out: {}",
            left_out.join(", ")
        ));
    }
    let origin = &backup.manifest.server;
    if origin.version_number / 10_000 > target.version / 10_000 {
        notices.push(format!(
            "the backup is PostgreSQL {}'s, newer than the target's {}",
            origin.version_number / 10_000,
            target.version / 10_000
        ));
    }
    Ok(Prepared {
        plan,
        notices,
        with_roles: left_out.is_empty(),
        same_major: origin.version_number / 10_000 == target.version / 10_000,
    })
}

async fn fill<C: Content>(
    backup: &Backup<'_, C>,
    client: &Session,
    plan: &Plan,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let report = load_and_prove(backup, client, plan, options, progress).await?;
    commit(client).await?;
    Ok(report)
}

async fn replace<C: Content>(
    backup: &Backup<'_, C>,
    client: &Session,
    target: &Target,
    mut plan: Plan,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let aside = Aside::set(client, target, &options.id).await?;
    let meanwhile = Meanwhile::begin(client, &aside).await?;
    plan.definitions = aside.with_extensions_moved(plan.definitions)?;
    let mut report = load_and_prove(backup, client, &plan, options, progress).await?;
    report.place = Place::Over(target.schemas.keys().cloned().collect());
    progress.enter(Stage::Swapping);
    let taken_over = swap::take_over(client, target, &aside, &meanwhile, options).await?;
    commit(client).await?;
    report.notices.extend(left_behind(&taken_over, options));
    report.kept = taken_over.kept;
    Ok(report)
}

/// What a person has to see to after the old schemas stayed.
fn left_behind(taken_over: &TakenOver, options: &Options) -> Option<String> {
    let TakenOver { kept, changes } = taken_over;
    let kept = kept.join(", ");
    if !changes.is_empty() {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        return Some(format!(
            "while the backup was loaded, others wrote to what was there before, and none of that is \
             in what was restored: {}; carry it over from {kept}, and drop that then",
            changes.join("; ")
        ));
    }
    (!options.keep_old && !kept.is_empty()).then(|| {
        format!(
            "what was there before could not be dropped safely and stays in {kept}; look what uses \
             it and drop it"
        )
    })
}

/// Everything up to the commit.
pub(super) async fn load_and_prove<C: Content>(
    backup: &Backup<'_, C>,
    client: &Session,
    plan: &Plan,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    load::in_transaction(client, plan, backup.content, progress).await?;
    let verification = prove(
        backup,
        std::slice::from_ref(client),
        plan,
        options,
        progress,
    )
    .await?;
    load::analyze(client, plan).await?;
    Ok(Report {
        verification,
        ..Report::default()
    })
}

/// Reads everything back, if the options say so.
pub(super) async fn prove<C>(
    backup: &Backup<'_, C>,
    sessions: &[Session],
    plan: &Plan,
    options: &Options,
    progress: &Progress,
) -> Result<Option<Verification>, RestoreError> {
    if !options.verify {
        return Ok(None);
    }
    let origin = backup.manifest.server.version_number;
    let verification = verify::compare(sessions, &plan.tables, origin, progress).await?;
    if verification.differences.is_empty() {
        Ok(Some(verification))
    } else {
        Err(RestoreError::Differs(verification.differences))
    }
}

pub(super) async fn commit(client: &Client) -> Result<(), RestoreError> {
    let committed = client.batch_execute("COMMIT").await;
    committed.map_err(|error| match error.code() {
        Some(_) => at("the commit")(error),
        None => RestoreError::Commit(error),
    })
}
