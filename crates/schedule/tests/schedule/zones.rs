//! Every time zone, around every change of its clocks from 2020 to 2040.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schedule::{Target, Zone, decide, spans};

use super::oracle::{Clocks, Plan, Week, instant};

/// The minutes that are compared before and after a clock change, and those of which decisions are compared
/// at a fine grain.
const AROUND: i64 = 36 * 60;
const CLOSE: i64 = 3 * 60;

/// The minutes beyond that for which the clocks are computed: the longest window and a day.
const MARGIN: i64 = 11 * 24 * 60;

#[test]
fn the_engine_agrees_with_counting_around_every_clock_change_of_every_zone() {
    let names: Vec<String> = Zone::names().collect();
    let next = AtomicUsize::new(0);
    let comparing = || {
        let (mut zones, mut changes) = (0, 0);
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            zones += 1;
            changes += compare(name);
        }
        (zones, changes)
    };
    let [one, other] = std::thread::scope(|scope| {
        let both = [scope.spawn(comparing), scope.spawn(comparing)];
        both.map(|it| it.join().expect("they agree"))
    });
    let (zones, changes) = (one.0 + other.0, one.1 + other.1);
    let minutes = changes * usize::try_from(2 * AROUND).expect("a small number");
    println!("compared {zones} zones, {changes} changes of clocks, {minutes} minutes");
    assert_eq!(zones, names.len());
    assert!(zones > 590, "{zones} zones");
    assert!(changes > 8000, "{changes} changes");
    assert!(minutes > 30_000_000, "{minutes} minutes");
}

/// Returns the number of changes of the zone's clocks.
fn compare(name: &str) -> usize {
    let zone = TimeZone::get(name).expect("a zone of the list");
    let changes = changes(&zone);
    let plan = plan(name, &zone, &changes);
    let target = plan.target();
    let is_by_quarters = changes.iter().all(|minute| minute % 15 == 0);
    let grain = if is_by_quarters { 15 } else { 1 };
    for change in &changes {
        let (from, to) = (change - AROUND - MARGIN, change + AROUND + MARGIN);
        let clocks = Clocks::new(&zone, from, to, grain);
        around(&plan, &target, &clocks, *change);
    }
    changes.len()
}

/// The minutes at which the zone's clocks are set, between 2020 and 2040.
fn changes(zone: &TimeZone) -> Vec<i64> {
    let begin: Timestamp = "2020-01-01T00:00:00Z".parse().expect("an instant");
    let end: Timestamp = "2041-01-01T00:00:00Z".parse().expect("an instant");
    let following = zone.following(begin).map(|it| it.timestamp());
    let minutes = following.take_while(|it| *it < end).map(|it| {
        assert_eq!(
            it.as_second() % 60,
            0,
            "clocks are set at full minutes in these years"
        );
        it.as_second() / 60
    });
    minutes.collect()
}

/// Windows with edges where clocks are set, and windows across these times; a dated window over each change,
/// and a holiday on its day.
fn plan(name: &str, zone: &TimeZone, changes: &[i64]) -> Plan {
    let every = |from, later, to, size| Week {
        days: 0b111_1111,
        from,
        later,
        to,
        size,
    };
    let shown = |minute: i64| minute + i64::from(zone.to_offset(instant(minute)).seconds()) / 60;
    let early = changes.iter().filter(|minute| **minute % 7 != 0);
    Plan {
        zone: name.to_owned(),
        weekly: vec![
            every(15, 0, 45, 2),
            every(75, 0, 150, 3),
            every(120, 0, 180, 4),
            every(165, 0, 210, 5),
            every(23 * 60 + 30, 1, 10, 6),
            // Friday 22:00 to Monday 06:00.
            Week {
                days: 1 << 4,
                from: 22 * 60,
                later: 3,
                to: 6 * 60,
                size: 7,
            },
            // Sunday 02:30 to Sunday 02:15.
            Week {
                days: 1 << 6,
                from: 150,
                later: 7,
                to: 135,
                size: 8,
            },
        ],
        dated: changes
            .iter()
            .map(|minute| (shown(minute - 95), shown(minute + 20), 9))
            .collect(),
        holidays: early
            .map(|minute| shown(minute + 600).div_euclid(1440))
            .collect(),
        holiday_size: 10,
        holds: Vec::new(),
    }
}

fn around(plan: &Plan, target: &Target, clocks: &Clocks, change: i64) {
    let (from, to) = (change - AROUND, change + AROUND);
    let counted = plan.sizes(clocks, from, to);
    let by_spans = spans(target, &[], instant(from), instant(to));
    let mut stretches = by_spans.iter().peekable();
    for (minute, counted) in (from..).zip(counted) {
        let at = instant(minute);
        while stretches.next_if(|span| span.to <= at).is_some() {}
        let span = stretches.peek().expect("spans have no gaps");
        let here = || format!("{} at {at} in\n{}", plan.zone, plan.toml());
        assert_eq!(span.size.least(), counted, "spans of {}", here());
        let is_close = (change - CLOSE..change + CLOSE).contains(&minute) && minute % 5 == 0;
        if is_close || minute % 60 == 59 {
            let decision = decide(target, &[], at);
            assert_eq!(decision.size.least(), counted, "decision of {}", here());
            assert_eq!(decision.rule, span.rule, "rule of {}", here());
        }
    }
}
