//! Sets of minutes of the week, by the clock.

use super::window::Weekly;

const DAY: usize = 24 * 60;
const MINUTES: usize = 7 * DAY;
const WORDS: usize = MINUTES.div_ceil(64);

/// A set of minutes of the week, counted from Monday's midnight.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Week([u64; WORDS]);

impl Default for Week {
    fn default() -> Week {
        Week([0; WORDS])
    }
}

impl Week {
    /// The minutes at which a window is in force.
    pub(super) fn of(window: &Weekly) -> Week {
        let mut week = Week::default();
        for day in window.days.iter() {
            let day = usize::from(day.to_monday_zero_offset().unsigned_abs());
            let begin = day * DAY + usize::from(window.from);
            for minute in begin..begin + usize::from(window.length) {
                let minute = minute % MINUTES;
                week.0[minute / 64] |= 1 << (minute % 64);
            }
        }
        week
    }

    pub(super) fn add(&mut self, other: &Week) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    /// Whether a minute is in both.
    pub(super) fn meets(&self, other: &Week) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(own, other)| own & other != 0)
    }

    pub(super) fn is_within(&self, other: &Week) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(own, other)| own & !other == 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn is_whole(&self) -> bool {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        count as usize == MINUTES
    }
}
