//! The rules for keeping backups: `BACKUP_KEEP` and `BACKUP_COPY_KEEP`.

use std::fmt;
use std::str::FromStr;

/// The number of backups to keep, by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The last ones; at least 1.
    pub last: u32,
    /// One for each of the last hours with a backup.
    pub hourly: u32,
    /// One for each of the last days with a backup.
    pub daily: u32,
    /// One for each of the last weeks with a backup (ISO 8601, from Monday).
    pub weekly: u32,
    pub monthly: u32,
    pub yearly: u32,
}

impl Default for Keep {
    fn default() -> Keep {
        Keep {
            last: 7,
            hourly: 0,
            daily: 14,
            weekly: 8,
            monthly: 12,
            yearly: 3,
        }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Keep {
            last,
            hourly,
            daily,
            weekly,
            monthly,
            yearly,
        } = self;
        write!(
            formatter,
            "last={last},hourly={hourly},daily={daily},weekly={weekly},monthly={monthly},yearly={yearly}"
        )
    }
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Keep, String> {
        parse(text).ok_or_else(|| {
            format!(
                "{text:?} are not rules for keeping backups; write them as \
                 last=7,hourly=24,daily=14,weekly=8,monthly=12,yearly=3: each at most once, from 0 to 10000, and last \
                 at least 1; a rule that is not written is 0"
            )
        })
    }
}

const NAMES: [&str; 6] = ["last", "hourly", "daily", "weekly", "monthly", "yearly"];

fn parse(text: &str) -> Option<Keep> {
    let mut numbers: [Option<u32>; NAMES.len()] = [None; NAMES.len()];
    for rule in text.split(',') {
        let (name, number) = rule.trim().split_once('=')?;
        let place = NAMES.iter().position(|known| *known == name.trim())?;
        let number: u32 = number.trim().parse().ok().filter(|it| *it <= 10_000)?;
        if numbers[place].replace(number).is_some() {
            return None;
        }
    }
    let [last, hourly, daily, weekly, monthly, yearly] = numbers.map(Option::unwrap_or_default);
    (last >= 1).then_some(Keep {
        last,
        hourly,
        daily,
        weekly,
        monthly,
        yearly,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_are_not_written_are_0() {
        let keep: Keep = " last = 3 , weekly=2".parse().expect("good");
        assert_eq!(
            keep.to_string(),
            "last=3,hourly=0,daily=0,weekly=2,monthly=0,yearly=0"
        );
        let keep: Keep = "hourly=48,last=1".parse().expect("good");
        assert_eq!((keep.last, keep.hourly, keep.daily), (1, 48, 0));
        let default = Keep::default();
        assert_eq!(default.to_string().parse::<Keep>().expect("good"), default);
    }

    #[test]
    fn invalid_rules_and_rules_that_keep_nothing_are_rejected() {
        for text in [
            "",
            "daily=3",
            "last=0",
            "last=1,last=2",
            "last=-1",
            "last",
            "minutely=2,last=1",
        ] {
            let error = text.parse::<Keep>().expect_err(text);
            assert!(error.contains("last=7,hourly=24"), "{error}");
        }
    }
}
