//! The minutes of a week, by the clock, as a set.

use super::window::Weekly;

const MINUTES: usize = 7 * 24 * 60;
const WORDS: usize = MINUTES.div_ceil(64);

/// Some minutes of the week, counted from Monday's midnight.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Week([u64; WORDS]);

impl Default for Week {
    fn default() -> Week {
        Week([0; WORDS])
    }
}

impl Week {
    /// Those at which a window is in force.
    pub(super) fn of(window: &Weekly) -> Week {
        let mut week = Week::default();
        let length = usize::try_from(window.minutes()).unwrap_or(0);
        for day in window.days.iter() {
            let day = usize::from(day.to_monday_zero_offset().unsigned_abs());
            let begin = day * 24 * 60 + usize::from(window.from.minutes());
            for minute in begin..begin + length {
                let minute = minute % MINUTES;
                week.0[minute / 64] |= 1 << (minute % 64);
            }
        }
        week
    }

    /// Adds those of another.
    pub(super) fn add(&mut self, other: &Week) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    /// Whether there is a minute in both.
    pub(super) fn meets(&self, other: &Week) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(own, other)| own & other != 0)
    }

    /// Whether all of it is in the other.
    pub(super) fn is_within(&self, other: &Week) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(own, other)| own & !other == 0)
    }

    /// Whether there is a minute in it.
    pub(super) fn has_any(&self) -> bool {
        self.0.iter().any(|word| *word != 0)
    }

    /// Whether there is every minute in it.
    pub(super) fn is_whole(&self) -> bool {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        count as usize == MINUTES
    }
}
