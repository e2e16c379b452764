//! The peer: the same windows as two cron lines each, read as KEDA's cron scaler reads them. A window is
//! in force where its end comes before its next begin.

use croner::Cron;
use croner::parser::CronParser;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::section::fleet::{WINDOWS, window, zone};

/// A target's cron lines.
pub(super) struct Lines {
    zone: TimeZone,
    pairs: Vec<(Cron, Cron)>,
}

impl Lines {
    /// Those of a target of the fleet.
    pub(super) fn new(target: usize) -> Lines {
        let pairs = (0..WINDOWS).map(|place| {
            let (day, from, to) = window(place);
            // Sunday is 0.
            let day = (day + 1) % 7;
            (line(from, day), line(to, day))
        });
        Lines {
            zone: TimeZone::get(zone(target)).expect("a zone of the IANA database"),
            pairs: pairs.collect(),
        }
    }

    /// Whether one of the windows is in force.
    pub(super) fn is_any_in_force(&self, at: Timestamp) -> bool {
        let now = at.to_zoned(self.zone.clone());
        let mut pairs = self.pairs.iter();
        pairs.any(|(begin, end)| next(end, &now) < next(begin, &now))
    }

    /// Every begin and end of every window in a stretch of time.
    pub(super) fn edges(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let first = from.to_zoned(self.zone.clone());
        let lines = self.pairs.iter().flat_map(|(begin, end)| [begin, end]);
        let edges = lines.flat_map(|line| {
            let all =
                std::iter::successors(Some(next(line, &first)), |last| Some(next(line, last)));
            all.map(|it| it.timestamp()).take_while(|at| *at < to)
        });
        edges.collect()
    }
}

fn line(hour: usize, day: usize) -> Cron {
    let text = format!("30 {hour} * * {day}");
    let line = CronParser::builder().build().parse(&text);
    line.expect("five fields in range")
}

fn next(line: &Cron, after: &Zoned) -> Zoned {
    let next = line.find_next_occurrence(after, false);
    next.expect("every week has one")
}
