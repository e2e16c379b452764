use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a good instant")
}

fn candidate(started: &str) -> Candidate {
    Candidate {
        id: BackupId::new(at(started), 1),
        state: State::Whole,
        verified: false,
        hold: None,
        in_use: false,
    }
}

fn keep(rules: &str) -> Keep {
    rules.parse().expect("good rules")
}

const NOW: &str = "2026-11-24T12:00:00Z";

/// The days of the backups that stay, with their reasons.
fn kept(candidates: &[Candidate], rules: &str, immutable_days: u32) -> Vec<String> {
    let plan = plan(candidates, keep(rules), immutable_days, at(NOW));
    let kept = plan.iter().filter(|decision| decision.keep);
    let words = kept.map(|it| {
        format!(
            "{}: {}",
            it.id.started().strftime("%Y-%m-%d"),
            it.reasons.join("; ")
        )
    });
    words.collect()
}

#[test]
fn rules_keep_the_newest_of_each_period_and_give_the_reason() {
    // The 23rd of November 2026 is a Monday.
    let days = [
        "2025-12-31",
        "2026-10-30",
        "2026-11-15",
        "2026-11-22",
        "2026-11-23",
        "2026-11-24",
    ];
    let candidates: Vec<Candidate> = days
        .iter()
        .map(|day| candidate(&format!("{day}T02:00:00Z")))
        .collect();
    assert_eq!(
        kept(&candidates, "last=1,daily=2,weekly=2,monthly=2,yearly=2", 0),
        [
            "2026-11-24: one of the last 1; the one of 2026-11-24; the one of week 2026-W48; \
             the one of 2026-11; the one of 2026",
            "2026-11-23: the one of 2026-11-23",
            "2026-11-22: the one of week 2026-W47",
            "2026-10-30: the one of 2026-10",
            "2025-12-31: the one of 2025",
        ]
    );
    assert_eq!(kept(&candidates, "last=1", 2).len(), 2);
    let deleted = plan(&candidates, keep("last=5"), 0, at(NOW))
        .pop()
        .expect("six of them");
    assert!(!deleted.keep);
    assert_eq!(deleted.reasons, ["no rule keeps it"]);
}

#[test]
fn hourly_backups_stay_for_their_hours_and_one_for_each_day() {
    let hours = [
        "23T08:10", "23T09:10", "24T09:10", "24T10:10", "24T11:10", "24T11:40",
    ];
    let mut candidates: Vec<Candidate> = hours
        .iter()
        .map(|hour| candidate(&format!("2026-11-{hour}:00Z")))
        .collect();
    candidates[4].verified = true;
    assert_eq!(
        kept(&candidates, "last=1,hourly=2,daily=2", 0),
        [
            "2026-11-24: one of the last 1",
            "2026-11-24: the newest verified one; one of the last 1 verified; the verified one of \
             2026-11-24T11; the verified one of 2026-11-24; the one of 2026-11-24T11; the one of \
             2026-11-24",
            "2026-11-24: the one of 2026-11-24T10",
            "2026-11-23: the one of 2026-11-23",
        ]
    );
}

#[test]
fn protected_backups_stay_whatever_the_rules_say() {
    let mut candidates: Vec<Candidate> = (1..=6)
        .map(|day| candidate(&format!("2026-01-0{day}T02:00:00Z")))
        .collect();
    candidates[0].state = State::Unreadable;
    candidates[1].verified = true;
    candidates[2].verified = true;
    candidates[3].hold = Some("the audit".into());
    assert_eq!(
        kept(&candidates, "last=1", 0),
        [
            "2026-01-06: one of the last 1",
            "2026-01-04: kept by a hold: the audit",
            "2026-01-03: the newest verified one; one of the last 1 verified",
            "2026-01-01: its manifest cannot be read: examine it, and delete it by hand",
        ]
    );
}

#[test]
fn months_of_degraded_backups_do_not_replace_whole_ones() {
    let mut candidates = vec![candidate("2026-06-01T02:00:00Z")];
    candidates[0].verified = true;
    for day in 1..=20 {
        let mut later = candidate(&format!("2026-11-{day:02}T02:00:00Z"));
        later.state = State::Degraded;
        candidates.push(later);
    }
    let kept = kept(&candidates, "last=3", 0);
    assert_eq!(kept.len(), 4);
    assert!(kept[3].starts_with("2026-06-01"), "{kept:?}");
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let state = prop_oneof![
        6 => Just(State::Whole), 2 => Just(State::Degraded), 1 => Just(State::Unreadable)
    ];
    let hours = 0..24 * 900_i64;
    (
        hours,
        any::<u32>(),
        state,
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(hours, run, state, verified, held, in_use)| Candidate {
            id: BackupId::new(at(NOW) - SignedDuration::from_hours(hours), run),
            state,
            verified: verified && state != State::Unreadable,
            hold: held.then(|| "held".to_owned()),
            in_use,
        })
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    prop::collection::vec(any_candidate(), 0..60)
}

fn any_keep() -> impl Strategy<Value = Keep> {
    (1..6_u32, 0..6_u32, 0..6_u32, 0..6_u32, 0..6_u32, 0..4_u32).prop_map(
        |(last, hourly, daily, weekly, monthly, yearly)| Keep {
            last,
            hourly,
            daily,
            weekly,
            monthly,
            yearly,
        },
    )
}

fn kept_ids(candidates: &[Candidate], keep: Keep, days: u32) -> Vec<BackupId> {
    let plan = plan(candidates, keep, days, at(NOW)).into_iter();
    plan.filter(|it| it.keep).map(|it| it.id).collect()
}

proptest! {
    #[test]
    fn each_backup_gets_one_decision_with_a_reason(all in candidates(), keep in any_keep()) {
        let plan = plan(&all, keep, 0, at(NOW));
        prop_assert_eq!(plan.len(), all.len());
        prop_assert!(plan.iter().all(|decision| !decision.reasons.is_empty()));
        prop_assert!(plan.is_sorted_by(|one, next| one.id >= next.id));
    }

    #[test]
    fn protected_backups_and_the_newest_of_each_kind_stay(
        all in candidates(), keep in any_keep(), days in 0..40_u32,
    ) {
        let kept = kept_ids(&all, keep, days);
        let limit = at(NOW) - SignedDuration::from_hours(24 * i64::from(days));
        for it in &all {
            let protected = it.hold.is_some()
                || it.in_use
                || it.state == State::Unreadable
                || (days > 0 && it.id.started() > limit);
            prop_assert!(!protected || kept.contains(&it.id), "{}", it.id);
        }
        let newest = |wanted: &dyn Fn(&Candidate) -> bool| {
            all.iter().filter(|it| wanted(it)).map(|it| it.id.clone()).max()
        };
        for newest in [
            newest(&|it| it.verified),
            newest(&|it| it.state == State::Whole),
            newest(&|it| it.state == State::Degraded),
        ].into_iter().flatten() {
            prop_assert!(kept.contains(&newest), "{newest}");
        }
    }

    #[test]
    fn worse_backups_never_replace_better_ones(
        all in candidates(), more in candidates(), keep in any_keep(),
    ) {
        let before = kept_ids(&all, keep, 0);
        let rank = |it: &Candidate| match it.state {
            State::Whole => u8::from(it.verified) + 1,
            State::Degraded | State::Unreadable => 0,
        };
        for limit in [0, 1] {
            let worse = more.iter().filter(|it| rank(it) <= limit).cloned();
            let together: Vec<Candidate> = all.iter().cloned().chain(worse).collect();
            let after = kept_ids(&together, keep, 0);
            for it in all.iter().filter(|it| rank(it) > limit && before.contains(&it.id)) {
                prop_assert!(after.contains(&it.id), "{}", it.id);
            }
        }
    }

    #[test]
    fn a_second_prune_deletes_nothing(all in candidates(), keep in any_keep(), days in 0..9_u32) {
        let kept = kept_ids(&all, keep, days);
        let left: Vec<Candidate> =
            all.into_iter().filter(|it| kept.contains(&it.id)).collect();
        prop_assert_eq!(kept_ids(&left, keep, days), kept);
    }

    #[test]
    fn the_rules_limit_the_number_of_backups(all in candidates(), keep in any_keep()) {
        let held = |it: &&Candidate| {
            it.hold.is_some() || it.in_use || it.state == State::Unreadable
        };
        let protected = all.iter().filter(held).count() + 1;
        let rules = keep.last + keep.hourly + keep.daily + keep.weekly + keep.monthly + keep.yearly;
        let kept = kept_ids(&all, keep, 0).len();
        prop_assert!(kept <= protected + 3 * rules as usize);
    }
}

#[test]
fn a_backup_dated_in_the_future_stays_and_replaces_no_other() {
    let verified = |started| Candidate {
        verified: true,
        ..candidate(started)
    };
    let candidates = [
        verified("2026-11-23T02:00:00Z"),
        verified("2999-01-01T02:00:00Z"),
    ];
    assert_eq!(
        kept(&candidates, "last=1", 0),
        [
            "2999-01-01: dated in the future by a wrong clock: examine it, and delete it by hand",
            "2026-11-23: the newest verified one; one of the last 1 verified; one of the last 1",
        ]
    );
}
