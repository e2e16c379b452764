//! The sizes around an instant, from the schedule, the holds and the journal: for people and for metrics.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;

use super::columns::size;
use super::holds::hold;
use super::loaded::LoadedSchedule;
use super::scaling::Scaling;
use schedule::{Hold, Size, Target, TargetName};

/// The schedule, with the holds and changes since an instant.
#[derive(Clone, Debug)]
pub struct Sizes {
    pub loaded: Arc<LoadedSchedule>,
    /// The oldest first. A hold that was released ends at its release.
    pub holds: Vec<Hold>,
    /// The oldest first. Of each target, the last change before the instant is also here.
    changes: Vec<PastChange>,
}

/// A change of the journal.
#[derive(Clone, Debug)]
struct PastChange {
    target: String,
    requested: Timestamp,
    finished: Option<Timestamp>,
    from: Size,
    to: Size,
    outcome: Option<String>,
}

/// A time with one actual size, as far as the journal knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActualSpan {
    pub from: Timestamp,
    /// Exclusive.
    pub to: Timestamp,
    pub size: Size,
}

/// The sum of instances over time. A size that is a range has two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InstanceHours {
    /// At the least of each size.
    pub least: f64,
    /// At the most of each size.
    pub most: f64,
}

impl Scaling {
    /// The sizes since `since`. `None`: there is nothing to size.
    ///
    /// # Errors
    /// The schedule or the database cannot be read, or the schedule has errors.
    pub async fn sizes(&self, since: Timestamp, now: Timestamp) -> Result<Option<Sizes>, String> {
        let Some(loaded) = self.recent(now).await? else {
            return Ok(None);
        };
        if let Some(errors) = loaded.errors() {
            return Err(errors);
        }
        let targets = loaded.schedule.targets().iter();
        let targets: Vec<&str> = targets.map(|target| target.name.as_str()).collect();
        let rows = self.database().read(SIZES, &[&targets, &since, &now]).await;
        let rows = rows.map_err(|error| error.to_string())?;
        let (holds, changes): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| row.get::<_, bool>("is_hold"));
        Ok(Some(Sizes {
            holds: holds.into_iter().filter_map(hold).collect(),
            changes: changes.into_iter().filter_map(change).collect(),
            loaded,
        }))
    }
}

impl Sizes {
    /// The holds on `target`.
    pub fn holds_on(&self, target: &TargetName) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(move |it| it.target == *target)
    }

    /// The actual sizes of `target` until `to`, without gaps. They begin with the first change that is known.
    pub fn actual(&self, target: &Target, to: Timestamp) -> Vec<ActualSpan> {
        let changes = self.changes.iter();
        let changes = changes.filter(|it| target.name.as_str() == it.target);
        let observations = changes.flat_map(PastChange::observations);
        let mut spans: Vec<ActualSpan> = Vec::new();
        for (at, size) in observations {
            if let Some(last) = spans.last_mut() {
                if last.size == size {
                    continue;
                }
                last.to = at;
            }
            spans.push(ActualSpan { from: at, to, size });
        }
        spans
    }

    /// The size that `target` is being changed to, and since when.
    pub fn under_way(&self, target: &Target) -> Option<(Size, Timestamp)> {
        let mut changes = self.changes.iter().rev();
        let last = changes.find(|it| target.name.as_str() == it.target)?;
        last.outcome.is_none().then_some((last.to, last.requested))
    }
}

impl PastChange {
    /// The size when the change was requested, and after it succeeded.
    fn observations(&self) -> impl Iterator<Item = (Timestamp, Size)> + use<> {
        let has_succeeded = self.outcome.as_deref() == Some("succeeded");
        let after = self.finished.filter(|_| has_succeeded);
        let after = after.map(|at| (at, self.to));
        std::iter::once((self.requested, self.from)).chain(after)
    }
}

impl InstanceHours {
    /// The instance hours from `from` on of spans: their begin, their end and their size.
    pub fn of(
        spans: impl Iterator<Item = (Timestamp, Timestamp, Size)>,
        from: Timestamp,
    ) -> InstanceHours {
        let mut sum = InstanceHours::default();
        for (begin, end, size) in spans {
            let length = end.duration_since(begin.max(from));
            let hours = length.max(SignedDuration::ZERO).as_secs_f64() / 3600.0;
            sum.least += hours * f64::from(size.least());
            sum.most += hours * f64::from(size.most());
        }
        sum
    }
}

/// `None`: a later program wrote a size that this one does not know.
fn change(row: &Row) -> Option<PastChange> {
    Some(PastChange {
        target: row.get("target"),
        requested: row.get("since"),
        finished: row.get("until"),
        from: size(row, "size_before")?,
        to: size(row, "size")?,
        outcome: row.get("outcome"),
    })
}

/// Of each target at most a thousand changes: one that changes all the time is limited to twelve an hour. Each
/// part reads rows from the end of an index. `until` is the end of a hold, and of a change.
const SIZES: &str = "\
    SELECT false AS is_hold, wanted.target, since, until, size_before, size, outcome,
           NULL AS reason, NULL AS made_by
      FROM unnest($1) AS wanted (target)
     CROSS JOIN LATERAL (
           (SELECT id, requested_at AS since, finished_at AS until,
                   size_before::text AS size_before, size_after::text AS size, outcome
              FROM scale_change
             WHERE target = wanted.target AND requested_at >= $2
             ORDER BY requested_at DESC, id DESC
             LIMIT 1000)
           UNION ALL
           (SELECT id, requested_at, finished_at, size_before::text, size_after::text, outcome
              FROM scale_change
             WHERE target = wanted.target AND requested_at < $2
             ORDER BY requested_at DESC, id DESC
             LIMIT 1)) AS change
    UNION ALL
    SELECT true, target, since, least(until, released_at), NULL, size::text, NULL, reason,
           made_by
      FROM scale_hold
     WHERE target = ANY ($1) AND until > $2 AND since <= $3
       AND (released_at IS NULL OR released_at > greatest(since, $2))
     ORDER BY since";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-24T{text}:00Z")
            .parse()
            .expect("an instant")
    }

    fn span(from: &str, to: &str, size: u32) -> ActualSpan {
        ActualSpan {
            from: at(from),
            to: at(to),
            size: Size::One(size),
        }
    }

    fn change(requested: &str, from: u32, to: u32, outcome: Option<&str>) -> PastChange {
        PastChange {
            target: "web".to_owned(),
            requested: at(requested),
            finished: outcome.map(|_| at(requested) + SignedDuration::from_mins(1)),
            from: Size::One(from),
            to: Size::One(to),
            outcome: outcome.map(str::to_owned),
        }
    }

    fn sizes(changes: Vec<PastChange>) -> (Sizes, Target) {
        let text = "[target.web]\nzone = \"UTC\"\nsize = 1\nbounds = { min = 1, max = 9 }\n";
        let configuration = schedule::Configuration::parse(text).expect("it can be read");
        let schedule = schedule::Schedule::new(configuration, &std::collections::BTreeMap::new());
        let target = schedule.targets()[0].clone();
        let sizes = Sizes {
            loaded: Arc::new(LoadedSchedule::without_resources(schedule)),
            holds: Vec::new(),
            changes,
        };
        (sizes, target)
    }

    #[test]
    fn a_size_lasts_from_the_end_of_its_change_to_the_next_observation() {
        let (sizes, web) = sizes(vec![
            change("08:00", 1, 4, Some("succeeded")),
            change("09:00", 4, 4, Some("shadow")),
            change("16:00", 4, 1, Some("failed")),
            change("16:05", 4, 1, Some("succeeded")),
            // Another party changed it.
            change("18:00", 7, 1, Some("succeeded")),
        ]);
        let expected = [
            span("08:00", "08:01", 1),
            span("08:01", "16:06", 4),
            span("16:06", "18:00", 1),
            span("18:00", "18:01", 7),
            span("18:01", "20:00", 1),
        ];
        assert_eq!(sizes.actual(&web, at("20:00")), expected);
        assert_eq!(sizes.under_way(&web), None);
    }

    #[test]
    fn a_change_without_an_outcome_is_under_way() {
        let (sizes, web) = sizes(vec![change("08:00", 1, 4, None)]);
        assert_eq!(sizes.under_way(&web), Some((Size::One(4), at("08:00"))));
        assert_eq!(sizes.actual(&web, at("09:00")), [span("08:00", "09:00", 1)]);
    }

    #[test]
    fn instance_hours_count_from_the_begin_of_the_period() {
        let spans = [
            (at("06:00"), at("10:00"), Size::One(2)),
            (at("10:00"), at("11:00"), Size::Between { min: 1, max: 3 }),
        ];
        let hours = InstanceHours::of(spans.into_iter(), at("08:00"));
        assert_eq!((hours.least, hours.most), (5.0, 7.0));
    }
}
