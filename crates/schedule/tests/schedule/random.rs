//! Random schedules in random zones at random times.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use schedule::{Hold, Size, Target, Zone, changes, decide, spans};

use super::oracle::{Clocks, Plan, Week, instant};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// From 2020 to 2040, in minutes since 1970.
const YEARS: std::ops::Range<i64> = 26_297_280..36_816_480;

fn week() -> impl Strategy<Value = Week> {
    let of_a_day =
        (1_u8..128, 0..DAY, 1..DAY, 2_u32..90).prop_map(|(days, from, length, size)| Week {
            days,
            from,
            later: i64::from(from + length >= DAY),
            to: (from + length) % DAY,
            size,
        });
    let long =
        (0_u8..7, 0..DAY, DAY + 1..7 * DAY, 2_u32..90).prop_map(|(day, from, length, size)| Week {
            days: 1 << day,
            from,
            later: (from + length) / DAY,
            to: (from + length) % DAY,
            size,
        });
    prop_oneof![3 => of_a_day, 1 => long]
}

/// A plan whose windows, holidays and holds are near an instant.
fn plan() -> impl Strategy<Value = (Plan, i64)> {
    let zones: Vec<String> = Zone::names().collect();
    let near = -4 * DAY..4 * DAY;
    let stretch = (near.clone(), 1..3 * DAY, 100_u32..200);
    (
        prop::sample::select(zones),
        YEARS,
        prop::collection::vec(week(), 0..6),
        prop::collection::vec(stretch.clone(), 0..3),
        prop::collection::btree_set(-4_i64..4, 0..3),
        prop::collection::vec(stretch, 0..3),
    )
        .prop_map(|(zone, at, weekly, dated, holidays, holds)| {
            let around = |list: Vec<(i64, i64, u32)>, add: u32| -> Vec<(i64, i64, u32)> {
                let moved = list.into_iter();
                moved
                    .map(|(from, length, size)| (at + from, at + from + length, size + add))
                    .collect()
            };
            let mut holds = around(holds, 200);
            holds.sort_by_key(|(from, ..)| *from);
            holds.dedup_by_key(|(from, ..)| *from);
            let plan = Plan {
                zone,
                weekly,
                dated: around(dated, 0),
                holidays: holidays.iter().map(|day| at / DAY + day).collect(),
                holiday_size: 99,
                holds,
            };
            (plan, at)
        })
}

fn holds(plan: &Plan, target: &Target) -> Vec<Hold> {
    let holds = plan.holds.iter().map(|(from, to, size)| Hold {
        target: target.name.clone(),
        size: Size::One(*size),
        since: instant(*from),
        until: instant(*to),
        reason: "a test".into(),
        by: "ann".into(),
    });
    holds.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_engine_agrees_with_counting_minutes((plan, at) in plan()) {
        let (from, to) = (at - 2 * DAY, at + 2 * DAY);
        let zone = TimeZone::get(&plan.zone).expect("a zone of the list");
        let clocks = Clocks::new(&zone, from - 11 * DAY, to + 11 * DAY, 1);
        let counted = plan.sizes(&clocks, from, to);
        let target = plan.target();
        let holds = holds(&plan, &target);

        let spans = spans(&target, &holds, instant(from), instant(to));
        prop_assert_eq!(spans[0].from, instant(from));
        prop_assert_eq!(spans[spans.len() - 1].to, instant(to));
        for pair in spans.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert_ne!(pair[0].rule, pair[1].rule);
        }
        let mut stretches = spans.iter().peekable();
        for (minute, counted) in (from..).zip(&counted) {
            let at = instant(minute);
            while stretches.next_if(|span| span.to <= at).is_some() {}
            let span = stretches.peek().expect("spans have no gaps");
            prop_assert_eq!(span.size, Size::One(*counted), "{} in {}", at, plan.toml());
            if minute % 97 == 0 {
                let decision = decide(&target, &holds, at);
                prop_assert_eq!(decision.size, span.size, "{} in {}", at, plan.toml());
                prop_assert_eq!(decision.rule, span.rule, "{} in {}", at, plan.toml());
            }
        }

        let counted_changes = counted.windows(2).filter(|pair| pair[0] != pair[1]).count();
        prop_assert_eq!(changes(&target, &spans).len(), counted_changes);
    }
}
