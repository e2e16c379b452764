//! Into a database that does not exist yet.

use super::error::RestoreError;
use super::existing::{self, Prepared};
use super::made::{Made, Purpose, beside, look};
use super::options::Options;
use super::progress::Progress;
use super::source::{Backup, Content};
use super::{Place, Report};
use crate::database::Server;

/// Makes the database under another name and gives it its own when it is whole: who sees it under
/// that name sees all of it, even if this program was killed half-way.
pub(super) async fn restore<C: Content>(
    backup: &Backup<'_, C>,
    server: &Server,
    database: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let beside = beside(server).await?;
    let target = look(&beside).await?;
    let Prepared { plan, notices, .. } =
        existing::prepare(backup, &beside, &target, options).await?;
    backup
        .content
        .check()
        .await
        .map_err(RestoreError::Damaged)?;
    let made = Made::create(&beside, Purpose::Restore, &options.id, backup.entries).await?;
    match made.fill(backup, server, &plan, options, progress).await {
        Ok(mut report) => {
            report.notices.extend(notices);
            report.notices.extend(made.notice.clone());
            made.rename(database).await?;
            report.place = Place::New;
            report.server_version = target.version_name;
            Ok(report)
        }
        Err(error) => {
            if let Some(left) = made.discard().await {
                log::warn!("{left}");
            }
            Err(error)
        }
    }
}
