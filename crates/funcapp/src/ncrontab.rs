//! NCRONTAB, the grammar of a timer's schedule.
//!
//! Source: atifaziz/NCrontab, `CrontabFieldImpl.cs` (the grammar) and `CrontabField.cs` (ranges);
//! azure-webjobs-sdk-extensions, `CronSchedule.cs` (five fields or six).
//!
//! ```text
//! schedule = [seconds] minutes hours days months weekdays     (separated by spaces)
//! field    = part {"," part}
//! part     = ("*" | value ["-" value]) ["/" step]
//! value    = number | the beginning of an English month's or day's name
//! ```
//!
//! - With five fields the seconds are 0.
//! - `5/15` runs from 5 to the end of the field; a range written backwards is turned round:
//!   `FRI-MON` is Monday to Friday.
//! - Days and weekdays must both match, unlike in Unix cron.
//! - Sunday is 0; there is no 7, no `L`, `W`, `#`, `?`, `@daily` and no year.
//! - A step below 1 counts as 1.
//!
//! Three hundred expressions, as the host judged them, are in `tests/recordings/schedules.jsonl`.

use std::fmt::Write as _;

/// The values each of the six fields allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ncrontab([FieldSet; 6]);

/// A set of the numbers 0 to 59, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FieldSet(u64);

struct Field {
    name: &'static str,
    minimum: u8,
    maximum: u8,
    /// Full English names, of `minimum` first; none for most fields.
    names: &'static str,
}

const FIELDS: [Field; 6] = [
    Field::new("seconds", 0, 59, ""),
    Field::new("minutes", 0, 59, ""),
    Field::new("hours", 0, 23, ""),
    Field::new("days", 1, 31, ""),
    Field::new(
        "months",
        1,
        12,
        "january february march april may june july august september october november december",
    ),
    Field::new(
        "weekdays",
        0,
        6,
        "sunday monday tuesday wednesday thursday friday saturday",
    ),
];

impl Ncrontab {
    /// An error is the end of a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens: Vec<&str> = text.split(' ').filter(|token| !token.is_empty()).collect();
        match tokens.len() {
            6 => {}
            5 => tokens.insert(0, "0"),
            count => {
                return Err(format!(
                    "has {count} fields; write six (second minute hour day month weekday), separated by spaces"
                ));
            }
        }
        let mut sets = [FieldSet(0); 6];
        for ((set, field), token) in sets.iter_mut().zip(&FIELDS).zip(tokens) {
            *set = field.parse(token)?;
        }
        Ok(Self(sets))
    }

    /// The same schedule in the plainest cron there is: six fields of `*` or ascending numbers.
    pub(crate) fn plain(&self) -> String {
        let mut plain = String::new();
        for (set, field) in self.0.iter().zip(&FIELDS) {
            if !plain.is_empty() {
                plain.push(' ');
            }
            if *set == field.all() {
                plain.push('*');
                continue;
            }
            for (index, value) in set.values().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                write!(plain, "{comma}{value}").expect("writing to a String cannot fail");
            }
        }
        plain
    }

    /// Whether the host takes two runs to be less than a minute apart: there is more than one
    /// second to run at, and every other field is `*` (`CronSchedule.cs` compares only those).
    pub(crate) fn is_sub_minute(&self) -> bool {
        let mut others = self.0.iter().zip(&FIELDS).skip(1);
        self.0[0].0.count_ones() > 1 && others.all(|(set, field)| *set == field.all())
    }
}

impl FieldSet {
    fn range(first: u8, last: u8, step: usize) -> Self {
        Self(
            (first..=last)
                .step_by(step)
                .fold(0, |bits, value| bits | 1 << value),
        )
    }

    fn values(self) -> impl Iterator<Item = u8> {
        (0..60).filter(move |value| self.0 & 1 << value != 0)
    }
}

impl Field {
    const fn new(name: &'static str, minimum: u8, maximum: u8, names: &'static str) -> Self {
        Self {
            name,
            minimum,
            maximum,
            names,
        }
    }

    fn all(&self) -> FieldSet {
        FieldSet::range(self.minimum, self.maximum, 1)
    }

    fn parse(&self, token: &str) -> Result<FieldSet, String> {
        token.split(',').try_fold(FieldSet(0), |set, part| {
            Ok(FieldSet(set.0 | self.part(part)?.0))
        })
    }

    fn part(&self, part: &str) -> Result<FieldSet, String> {
        let (values, step) = match part.split_once('/') {
            Some((values, step)) => (values, Some(self.step(step)?)),
            None => (part, None),
        };
        let (first, last) = match values.split_once('-') {
            _ if values == "*" => (self.minimum, self.maximum),
            Some((first, last)) => {
                let (first, last) = (self.value(first)?, self.value(last)?);
                (first.min(last), first.max(last))
            }
            None => {
                let value = self.value(values)?;
                (value, if step.is_some() { self.maximum } else { value })
            }
        };
        Ok(FieldSet::range(first, last, step.unwrap_or(1)))
    }

    fn step(&self, text: &str) -> Result<usize, String> {
        // An Int32, with its sign; NCrontab uses 1 for values below 1.
        let step = text.parse::<i32>().map_err(|_| {
            format!(
                "has the step `{text}` in its field for {}; write a number of at least 1",
                self.name
            )
        })?;
        Ok(usize::try_from(step).unwrap_or(1).max(1))
    }

    fn value(&self, text: &str) -> Result<u8, String> {
        if text.is_empty() {
            return Err(format!("has an empty value in its field for {}", self.name));
        }
        let number = if is_number(text) {
            text.parse().ok()
        } else {
            self.named(text)
        };
        number
            .filter(|value| (self.minimum..=self.maximum).contains(value))
            .ok_or_else(|| {
                let expected = self.expected();
                format!(
                    "has `{text}` in its field for {}; write {expected}",
                    self.name
                )
            })
    }

    /// The first value whose name begins with `text`, in any case: `j` is January, `W` Wednesday.
    fn named(&self, text: &str) -> Option<u8> {
        let text = text.to_ascii_lowercase();
        let mut names = self.names.split(' ');
        let index = names.position(|name| name.starts_with(&text))?;
        u8::try_from(index).ok().map(|index| index + self.minimum)
    }

    fn expected(&self) -> String {
        let numbers = format!("{} to {}", self.minimum, self.maximum);
        match self.names.rsplit_once(' ') {
            Some((others, last)) => format!("{numbers}, or {} to {}", &others[..3], &last[..3]),
            None => numbers,
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_the_field_and_its_values() {
        let error = Ncrontab::parse("0 0 0 * * 7").expect_err("no seventh day");
        let text = "has `7` in its field for weekdays; write 0 to 6, or sun to sat";
        assert_eq!(error, text);
    }
}
