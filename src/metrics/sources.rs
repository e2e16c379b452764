//! Reads all numbers.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::families::Families;
use super::{operations, process};
use crate::backup::Backups;
use crate::clock::Clock;
use crate::database::Database;
use crate::health::Health;
use crate::item::Items;
use crate::ledger::Ledger;
use crate::scale::Scaling;

/// The sources of the numbers.
pub struct Metrics {
    /// The label of the series of this process, where several processes may serve an app.
    pub instance: Option<String>,
    pub database: Database,
    pub items: Items,
    pub health: Health,
    /// The timer functions.
    pub timers: Vec<&'static str>,
    /// A ledger whose queries do not wait behind requests.
    pub ledger: Ledger,
    pub backups: Backups,
    pub scaling: Scaling,
    pub clock: Clock,
}

/// The deadline of a part: less than the time that Prometheus waits for a response (10 seconds).
const DEADLINE: Duration = Duration::from_secs(3);

impl Metrics {
    /// The text of a response.
    pub(super) async fn text(&self) -> Vec<u8> {
        let Metrics {
            instance,
            database,
            items,
            health,
            timers,
            ledger,
            backups,
            scaling,
            clock,
        } = self;
        let now = clock();
        let totals = async {
            let totals = ledger.totals(timers, now).await;
            totals.map_err(|error| error.to_string())
        };
        let (report, totals, backups, sizes) = tokio::join!(
            health.report(),
            part("timers", totals.boxed()),
            part("backups", backups.numbers().boxed()),
            part("sizes", scaling.numbers(ledger).boxed()),
        );
        let mut families = Families::default();
        process::build(&mut families);
        process::requests(&mut families);
        process::items(&mut families, items);
        process::pool(&mut families, database);
        // A load balancer sends each scrape to another instance. Without the label, their counters would be one
        // series that seems to be reset at each scrape.
        if let Some(instance) = instance {
            families.label("instance_id", instance);
        }
        operations::health(&mut families, &report);
        let mut up = families.gauges(
            "magnusapi_part_up",
            "Whether the series of this part could be read; else they are absent.",
        );
        for (part, is_up) in [
            ("timers", totals.is_some()),
            ("backups", backups.is_some()),
            ("sizes", sizes.is_some()),
        ] {
            up.gauge(&[("part", part)], f64::from(u8::from(is_up)));
        }
        operations::timers(&mut families, &totals.unwrap_or_default());
        operations::backups(&mut families, &backups.unwrap_or_default(), now);
        operations::sizes(&mut families, &sizes.unwrap_or_default());
        families.text()
    }
}

/// The part, if it could be read in time. The reason for its absence is also a finding of `/health`.
async fn part<T>(name: &str, reading: BoxFuture<'_, Result<T, String>>) -> Option<T> {
    let reason = match timeout(DEADLINE, reading).await {
        Ok(Ok(part)) => return Some(part),
        Ok(Err(reason)) => reason,
        Err(_) => format!("no response within {DEADLINE:?}"),
    };
    log::warn!("the metrics of {name} are missing: {reason}");
    None
}
