//! The history of a timer: its schedule, its last runs, and the slots that no run covers.

use std::collections::BTreeMap;

use funcapp::Schedule;
use jiff::Timestamp;

use super::{Ledger, RecentRun, RunState};
use crate::database::Error;
use crate::host::Timetable;

/// The known data of a timer.
pub struct History<'a> {
    /// Known if there is a host, and the host runs the timer.
    pub scheduled: Option<Scheduled<'a>>,
    /// The last runs, the newest first.
    pub runs: Vec<RecentRun>,
}

/// A schedule, and when the timer got it.
#[derive(Clone, Copy)]
pub struct Scheduled<'a> {
    pub schedule: &'a Schedule,
    pub since: Timestamp,
}

impl Ledger {
    /// The histories of these timers. `timetable` has the host's view of the timers, if there is a host.
    pub async fn histories<'a>(
        &self,
        functions: &[&'static str],
        timetable: Option<&'a Timetable>,
        now: Timestamp,
    ) -> Result<BTreeMap<&'static str, History<'a>>, Error> {
        let mut runs = self.recent(functions).await?;
        let mut since = self.since(functions, timetable, now).await;
        let histories = functions.iter().map(|function| {
            let schedule = timetable.and_then(|it| it.schedule(function));
            let since = since.remove(*function).unwrap_or(now);
            let history = History {
                scheduled: schedule.map(|schedule| Scheduled { schedule, since }),
                runs: runs.remove(*function).unwrap_or_default(),
            };
            (*function, history)
        });
        Ok(histories.collect())
    }

    /// When each timer got its schedule. A timer that the host does not run has an empty one, so that its
    /// slots do not count as missed later.
    async fn since(
        &self,
        functions: &[&'static str],
        timetable: Option<&Timetable>,
        now: Timestamp,
    ) -> BTreeMap<String, Timestamp> {
        let Some(timetable) = timetable else {
            return BTreeMap::new();
        };
        let schedules = functions.iter().map(|function| {
            let schedule = timetable.schedule(function);
            (*function, schedule.map_or("", Schedule::as_str))
        });
        let schedules: Vec<(&str, &str)> = schedules.collect();
        // A database that is not writable has a check of its own, and no timer can run with it.
        let since = self.scheduled_since(&schedules, now).await;
        since.unwrap_or_default()
    }

    /// When each timer got its current schedule. `schedules` has pairs of function and schedule. A new
    /// schedule is stored and counts from `now`.
    pub async fn scheduled_since(
        &self,
        schedules: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, Error> {
        let rows = self.database.read(SCHEDULES, &[]).await?;
        let stored = rows
            .iter()
            .map(|row| ((row.get("function"), row.get("schedule")), row.get("since")));
        let stored: BTreeMap<(&str, &str), Timestamp> = stored.collect();
        let changed = schedules.iter().filter(|it| !stored.contains_key(*it));
        let (functions, changed): (Vec<&str>, Vec<&str>) = changed.copied().unzip();
        if !functions.is_empty() {
            self.database
                .write(CHANGE_SCHEDULES, &[&functions, &changed, &now])
                .await?;
        }
        let since = schedules.iter().map(|it| {
            let since = stored.get(it).copied();
            (it.0.to_owned(), since.unwrap_or(now))
        });
        Ok(since.collect())
    }
}

impl History<'_> {
    /// The first `limit` slots since the last run that were due at `now`. The host does not call a timer while
    /// it runs, so there are none then.
    pub fn missed(&self, limit: usize, now: Timestamp) -> Vec<Timestamp> {
        let last = self.runs.first();
        match self.scheduled {
            Some(Scheduled { schedule, since })
                if last.is_none_or(|it| it.state != RunState::Running) =>
            {
                let covered = last.map_or(since, |run| since.max(run.covered()));
                let due = schedule.upcoming(covered, limit).into_iter();
                due.take_while(|slot| *slot <= now).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The last run that ended.
    pub fn last_ended(&self) -> Option<&RecentRun> {
        let mut runs = self.runs.iter();
        runs.find(|run| run.state != RunState::Running)
    }

    /// The number of failed runs in a row. A run that is still running does not interrupt the row.
    pub fn failed(&self) -> usize {
        let runs = self.runs.iter();
        let ended = runs.filter(|run| run.state != RunState::Running);
        ended.take_while(|run| run.state.is_failed()).count()
    }
}

impl RecentRun {
    /// The end of the time that a run covers: a late run covers all slots that were missed before it.
    pub fn covered(&self) -> Timestamp {
        self.slot.max(self.started)
    }
}

impl RunState {
    /// Whether its work must be done again.
    pub fn is_failed(&self) -> bool {
        matches!(
            self,
            RunState::Failed(_) | RunState::Interrupted(_) | RunState::Stopped
        )
    }

    /// One word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Stopped => "stopped",
            RunState::Succeeded => "succeeded",
            RunState::Degraded(_) => "degraded",
            RunState::Failed(_) => "failed",
            RunState::Interrupted(_) => "interrupted",
        }
    }
}

const SCHEDULES: &str = "SELECT function, schedule, since FROM function_schedule";

const CHANGE_SCHEDULES: &str = "\
    INSERT INTO function_schedule AS known (function, schedule, since)
    SELECT function, schedule, $3 FROM unnest($1, $2) AS changed (function, schedule)
        ON CONFLICT (function) DO UPDATE
       SET schedule = excluded.schedule, since = excluded.since
     WHERE known.schedule <> excluded.schedule";
