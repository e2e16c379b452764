//! Proves that a backup restores, in a database that is made for it and dropped again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::existing::{self, Prepared};
use super::made::{Made, Purpose, beside, drop_database, look};
use super::options::{Definitions, Options};
use super::progress::Progress;
use super::source::{Backup, Content};
use super::{Report, definitions, session};
use crate::database::Server;

/// Restores `backup` into a scratch database of the server and compares every row. The database is
/// gone afterwards, whatever came of it; if not, the report's notices or the log say so.
pub async fn prove<C: Content>(
    backup: &Backup<'_, C>,
    server: &Server,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let end = options.limit.map(|limit| Instant::now() + limit);
    let beside = beside(server).await?;
    let target = look(&beside).await?;
    let prepared = existing::prepare(backup, &beside, &target, options).await?;
    let checking = backup.content.check();
    let checking = async { checking.await.map_err(RestoreError::Damaged) };
    until(end, options.limit, checking).await?;
    let made = Made::create(&beside, Purpose::Drill, &options.id, backup.entries).await?;
    let proving = prove_in(&made, backup, server, &prepared, options, progress);
    let proven = until(end, options.limit, proving).await;
    let notice = made.notice.clone();
    let left = made.discard().await;
    if let Some(left) = &left {
        log::warn!("{left}");
    }
    let mut report = proven?;
    report.server_version = target.version_name;
    report.notices.extend(prepared.notices);
    report.notices.extend(notice);
    report.notices.extend(left);
    Ok(report)
}

/// What is dropped half-way leaves the database to be discarded.
async fn until<T>(
    end: Option<Instant>,
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, RestoreError>>,
) -> Result<T, RestoreError> {
    let (Some(end), Some(limit)) = (end, limit) else {
        return work.await;
    };
    let done = tokio::time::timeout_at(end, work).await;
    done.unwrap_or(Err(RestoreError::TooLong(limit)))
}

async fn prove_in<C: Content>(
    made: &Made<'_>,
    backup: &Backup<'_, C>,
    server: &Server,
    prepared: &Prepared,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let filling = made.fill(backup, server, &prepared.plan, options, progress);
    let mut report = filling.await?;
    if options.definitions == Definitions::Taken {
        return Ok(report);
    }
    if !prepared.same_major {
        let why = "definitions were not compared: another major version of PostgreSQL may write \
                   the same in other words";
        report.notices.push(why.to_owned());
        return Ok(report);
    }
    let session = session::connect(server, made.name()).await?;
    let compared = definitions::compare(&session, backup.entries, prepared.with_roles).await?;
    report.definitions = Some(compared);
    Ok(report)
}

/// What became of the databases that dead runs left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Those that are gone.
    pub dropped: Vec<String>,
    /// Those that are not, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// How old a run must be to be dead for sure.
const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Drops the databases that restores and drills of more than a day ago left behind, unless somebody
/// is connected to them.
pub async fn sweep(server: &Server, now: Timestamp) -> Result<Sweep, RestoreError> {
    let beside = beside(server).await?;
    let mut sweep = Sweep::default();
    for name in leftovers(&beside, now).await? {
        match drop_database(&beside, &name).await {
            Ok(()) => sweep.dropped.push(name),
            Err(reason) => sweep.refused.push((name, reason)),
        }
    }
    Ok(sweep)
}

async fn leftovers(beside: &Client, now: Timestamp) -> Result<Vec<String>, RestoreError> {
    let rows = beside.query(DATABASES, &[]).await;
    let rows = rows.map_err(at("looking for what dead runs left"))?;
    let names = rows.iter().map(|row| row.get::<_, String>(0));
    let is_dead = |name: &String| {
        let begun = Purpose::ALL.iter().find_map(|it| it.begun(name));
        begun.is_some_and(|begun| now.duration_since(begun) > DEAD_AFTER)
    };
    Ok(names.filter(is_dead).collect())
}

const DATABASES: &str = "\
    SELECT datname::text FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY datname";
