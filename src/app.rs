//! Puts all features together.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::backup::{self, BackupCheck, Backups, SourceTimer};
use crate::clock;
use crate::database::Database;
use crate::due::DueRuns;
use crate::health::{DatabaseCheck, Health, TimerCheck, WatchedTimer};
use crate::host::{Timers, Timetable};
use crate::item::{Housekeeping, Items};
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::notify::{self, DeliveryCheck, Notifier, Outbox};
use crate::ops::Ops;
use crate::scale::{self, ScaleCheck, ScaleTimer, Scaling};

/// All features. Clones share them.
#[derive(Clone)]
pub struct App {
    pub database: Database,
    pub items: Items,
    pub scaling: Scaling,
    pub health: Health,
    pub ops: Arc<Ops>,
    pub notifier: Notifier,
    pub metrics: Arc<Metrics>,
    pub timers: Timers,
    /// The second clock of the timers.
    pub due: DueRuns,
    /// Cancelled when the process must end. Runs of timers then end.
    pub stop: CancellationToken,
}

impl App {
    /// Long work ends after `deadline`. `instance` is the one of the app that this process serves. `timetable` has
    /// the host's view of the timers, if there is a host. Must be called inside a tokio runtime.
    pub fn new(
        database: Database,
        backup: backup::Settings,
        scale: scale::Settings,
        notify: notify::Settings,
        deadline: Duration,
        instance: Option<String>,
        timetable: Option<Timetable>,
    ) -> App {
        let stop = CancellationToken::new();
        let ledger = Ledger::new(database.clone()).interrupted_by(stop.clone());
        let timetable = timetable.map(Arc::new);
        let backups = Backups::new(backup, clock::system());
        let scaling = Scaling::new(scale.clone(), database.clone(), clock::system());
        // The queries of health checks must not wait behind requests.
        let watched = database.beside_the_pool();
        let watched_ledger = Ledger::new(watched.clone());
        let watched_scaling = Scaling::new(scale.clone(), watched.clone(), clock::system());
        // A check that gives up on a slow schedule must not delay the page, which waits longer.
        let shown_scaling = Scaling::new(scale, watched.clone(), clock::system());
        let timer_check = TimerCheck::new(
            TIMERS,
            timetable.clone(),
            watched_ledger.clone(),
            clock::system(),
        );
        let backup_timer = SourceTimer::backup(backups.clone(), ledger.clone(), stop.clone());
        let drill_timer = SourceTimer::drill(backups.clone(), ledger.clone(), stop.clone());
        let housekeeping = Housekeeping::new(database.clone(), ledger.clone(), clock::system());
        let deliveries = Outbox::new(watched.clone());
        let deliveries = DeliveryCheck::new(&notify, deliveries, clock::system());
        let health = Health::new(vec![
            Arc::new(DatabaseCheck::new(database.clone(), watched)),
            Arc::new(timer_check),
            Arc::new(BackupCheck::new(backups.clone())),
            Arc::new(ScaleCheck::new(watched_scaling.clone())),
            Arc::new(deliveries),
        ]);
        let notifier = Notifier::new(
            notify,
            timer_functions(),
            Outbox::new(database.clone()),
            health.clone(),
            ledger.clone(),
            scaling.clone(),
            clock::system(),
        );
        let timers = Timers::new(
            vec![
                Arc::new(housekeeping),
                Arc::new(backup_timer),
                Arc::new(drill_timer),
                Arc::new(ScaleTimer::new(scaling.clone(), ledger.clone())),
            ],
            deadline,
        )
        .accompanied_by(Arc::new(notifier.clone()))
        .on(timetable.clone());
        let items = Items::new(database.clone(), deadline);
        let metrics = Metrics {
            instance,
            database: database.clone(),
            items: items.clone(),
            health: health.clone(),
            timers: timer_functions().collect(),
            ledger: watched_ledger.clone(),
            backups: backups.clone(),
            scaling: watched_scaling,
            clock: clock::system(),
        };
        let due = DueRuns::new(
            timer_functions(),
            timers.clone(),
            timetable,
            ledger,
            clock::system(),
            stop.clone(),
        );
        App {
            items,
            metrics: Arc::new(metrics),
            ops: Arc::new(Ops {
                health: health.clone(),
                ledger: watched_ledger,
                scaling: shown_scaling,
                backups,
                due: due.clone(),
                clock: clock::system(),
            }),
            health,
            due,
            timers,
            notifier,
            scaling,
            database,
            stop,
        }
    }
}

/// The HTTP functions: the name of each folder under `functions/`, and its route template. `doctor` compares
/// the folders with this list.
pub const HTTP_FUNCTIONS: &[(&str, &str)] = &[
    ("health", "health"),
    ("health_live", "health/live"),
    ("item", "item/{id?}"),
    ("metrics", "metrics"),
    ("openapi", "openapi.json"),
    ("ops", "ops"),
    ("ops_action", "ops/action"),
    ("run_due", "run-due"),
    ("scale_hold", "scale/hold/{target?}"),
    ("scale_plan", "scale/plan"),
];

/// The timer functions: the name of each folder under `functions/`, and the number of bad slots in a row after
/// which `/health` fails. Backups and drills are rare, so one bad slot is a failure. The other timers recover
/// with the next slot: a quarter of an hour of wrong sizes, or an hour of old keys, is a failure.
pub const TIMERS: &[WatchedTimer] = &[
    WatchedTimer {
        function: "item_housekeeping",
        limit: 6,
    },
    WatchedTimer {
        function: backup::EXPORT,
        limit: 1,
    },
    WatchedTimer {
        function: backup::DRILL,
        limit: 1,
    },
    WatchedTimer {
        function: scale::FUNCTION,
        limit: 3,
    },
];

pub fn timer_functions() -> impl Iterator<Item = &'static str> {
    TIMERS.iter().map(|timer| timer.function)
}
