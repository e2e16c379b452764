//! Environment variables, of which an empty one counts as unset.
//!
//! Azure passes an empty app setting to the program, and `func` on Linux does not. All code reads its variables
//! here, so that a setting means the same in both.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::Command;
use clap::builder::Resettable;
use thiserror::Error;

/// The variable's value, unless it is empty or not Unicode.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A setting, or an option of the command line, cannot be used. The text names it and the remedy, and shows no
/// secret.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct SettingError(String);

impl SettingError {
    pub fn new(text: impl Into<String>) -> SettingError {
        SettingError(text.into())
    }

    /// The variable has another value than those that are `allowed`.
    pub fn value(variable: &str, value: &str, allowed: &str) -> SettingError {
        SettingError(format!(
            "{variable}={value} cannot be used; set it to {allowed}"
        ))
    }
}

/// The value that `parse` makes of the variable's text, if it is set.
fn parsed<T>(
    variable: impl Fn(&str) -> Option<String>,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    allowed: impl Fn() -> String,
) -> Result<Option<T>, SettingError> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    let found = parse(&value).map(Some);
    found.ok_or_else(|| SettingError::value(name, &value, &allowed()))
}

/// The number that `name` has in `variable`, if it is set.
pub fn number<T: FromStr + PartialOrd + Display>(
    variable: impl Fn(&str) -> Option<String>,
    name: &str,
    allowed: RangeInclusive<T>,
) -> Result<Option<T>, SettingError> {
    let number = |value: &str| value.parse().ok().filter(|it| allowed.contains(it));
    let range = || {
        format!(
            "a whole number from {} to {}",
            allowed.start(),
            allowed.end()
        )
    };
    parsed(variable, name, number, range)
}

/// The time that `name` has in `variable`, a number of seconds.
pub fn seconds(
    variable: impl Fn(&str) -> Option<String>,
    name: &str,
    allowed: RangeInclusive<u64>,
    default: u64,
) -> Result<Duration, SettingError> {
    let seconds = number(variable, name, allowed)?.unwrap_or(default);
    Ok(Duration::from_secs(seconds))
}

/// The meaning of the word that `name` has in `variable`, if it is set.
pub fn word<T: Copy>(
    variable: impl Fn(&str) -> Option<String>,
    name: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, SettingError> {
    let meaning = |value: &str| words.iter().find(|(word, _)| *word == value);
    let meaning = |value: &str| meaning(value).map(|(_, meaning)| *meaning);
    let all = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    parsed(variable, name, meaning, || all().join(" or "))
}

/// The variables of a test.
#[cfg(test)]
pub(crate) fn of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let found = pairs.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

/// The command and its subcommands, with arguments that ignore empty variables.
pub fn without_empty_variables(command: Command) -> Command {
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if std::env::var_os(name).is_some_and(|value| value.is_empty()) => {
                argument.env(Resettable::Reset)
            }
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_of_a_range_or_a_list_are_rejected() {
        let set = |value: &'static str| move |_: &str| Some(value.to_owned());
        assert_eq!(number(set("8"), "SIZE", 1..=8), Ok(Some(8)));
        assert_eq!(number(|_: &str| None, "SIZE", 1..=8), Ok(None));
        for value in ["0", "9", "-1", "many"] {
            let error = number(set(value), "SIZE", 1..=8).expect_err(value);
            let text = "cannot be used; set it to a whole number from 1 to 8";
            assert_eq!(error.to_string(), format!("SIZE={value} {text}"));
        }
        let words = [("on", true), ("off", false)];
        assert_eq!(word(set("off"), "SWITCH", &words), Ok(Some(false)));
        let error = word(set("maybe"), "SWITCH", &words).expect_err("it is unknown");
        let text = "SWITCH=maybe cannot be used; set it to on or off";
        assert_eq!(error.to_string(), text);
    }
}
