//! The slot of an invocation.

use jiff::{SignedDuration, Timestamp};

use crate::host::Invocation;

/// Maximum time that a scheduled call is early: the host's timer and clock differ, and the host itself treats
/// times within a second as the same occurrence (`TimerListener.cs`).
const EARLY: SignedDuration = SignedDuration::from_secs(1);

/// The scheduled occurrence, if the call is for one; else the instant of the call, so that each call by hand
/// has a slot of its own. A call by hand may contain the next occurrence, which stays reserved for the
/// schedule.
pub fn slot(invocation: &Invocation, now: Timestamp) -> Timestamp {
    let called = invocation.called.unwrap_or(now);
    match invocation.scheduled {
        Some(scheduled) if scheduled.duration_since(called) <= EARLY => scheduled,
        _ => called,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn slot_of(scheduled: Option<&str>, called: Option<&str>) -> Timestamp {
        let invocation = Invocation {
            scheduled: scheduled.map(at),
            called: called.map(at),
            ..Invocation::by_hand("f".into())
        };
        slot(&invocation, at("2026-11-24T12:00:00Z"))
    }

    #[test]
    fn a_scheduled_call_gets_its_occurrence_also_if_it_is_late_or_slightly_early() {
        let two = Some("2026-11-24T02:00:00Z");
        for called in [
            "2026-11-24T02:00:01Z",
            "2026-11-24T07:00:00Z",
            "2026-11-24T01:59:59.9Z",
        ] {
            assert_eq!(
                slot_of(two, Some(called)),
                at("2026-11-24T02:00:00Z"),
                "{called}"
            );
        }
    }

    #[test]
    fn a_call_by_hand_gets_a_slot_of_its_own() {
        let called = Some("2026-11-24T10:11:12.123Z");
        assert_eq!(
            slot_of(Some("2026-11-24T10:11:13.2Z"), called),
            at("2026-11-24T10:11:12.123Z")
        );
        assert_eq!(
            slot_of(Some("2026-11-25T02:00:00Z"), called),
            at("2026-11-24T10:11:12.123Z")
        );
        assert_eq!(slot_of(None, called), at("2026-11-24T10:11:12.123Z"));
        assert_eq!(slot_of(None, None), at("2026-11-24T12:00:00Z"));
    }
}
