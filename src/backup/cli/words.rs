//! Sizes, ages and states in words.

use jiff::SignedDuration;

use crate::backup::store::retention::State;

/// `851.5 MB`, in powers of ten.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    #[expect(
        clippy::cast_precision_loss,
        reason = "one digit after the point is shown"
    )]
    let mut number = bytes as f64;
    let mut unit = 0;
    while number >= 999.95 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{number:.1} {}", units[unit])
    }
}

/// `3 minutes`, `26 hours`, `8 days`.
pub(super) fn age(age: SignedDuration) -> String {
    let minutes = age.as_mins().max(0);
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Whole => "whole",
        State::Degraded => "degraded",
        State::Unreadable => "unreadable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_have_readable_units() {
        let sizes = [
            0,
            999,
            1000,
            999_949,
            999_950,
            851_500_000,
            2_000_000_000_000_000,
        ];
        assert_eq!(
            sizes.map(size),
            [
                "0 B",
                "999 B",
                "1.0 kB",
                "999.9 kB",
                "1.0 MB",
                "851.5 MB",
                "2000.0 TB"
            ]
        );
        let minutes = [-1, 0, 119, 120, 2879, 2880].map(SignedDuration::from_mins);
        assert_eq!(
            minutes.map(age),
            ["0 min", "0 min", "119 min", "2 hours", "47 hours", "2 days"]
        );
    }
}
