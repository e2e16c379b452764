//! Sizes and ages in words.

use jiff::SignedDuration;

pub(super) use crate::words::size;

/// `3 minutes`, `26 hours`, `8 days`.
pub(super) fn age(age: SignedDuration) -> String {
    let minutes = age.as_mins().max(0);
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_readable_units() {
        let minutes = [-1, 0, 119, 120, 2879, 2880].map(SignedDuration::from_mins);
        assert_eq!(
            minutes.map(age),
            ["0 min", "0 min", "119 min", "2 hours", "47 hours", "2 days"]
        );
    }
}
