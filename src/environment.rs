//! Environment variables, of which an empty one counts as unset.
//!
//! Azure passes an empty app setting to the program, and `func` on Linux does not. All code reads its variables
//! here, so that a setting means the same in both.

use std::ops::RangeInclusive;

use clap::Command;
use clap::builder::Resettable;
use thiserror::Error;

/// The variable's value, unless it is empty or not Unicode.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable has a value that is not a whole number in its range.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{variable}={value} cannot be used; set it to a whole number from {least} to {most}")]
pub struct NumberError {
    variable: &'static str,
    value: String,
    least: usize,
    most: usize,
}

/// The number that `name` has in `variable`, if it is set.
pub fn number(
    variable: impl Fn(&str) -> Option<String>,
    name: &'static str,
    allowed: RangeInclusive<usize>,
) -> Result<Option<usize>, NumberError> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    let number = value.parse().ok();
    let number = number.filter(|number| allowed.contains(number));
    number.map(Some).ok_or(NumberError {
        variable: name,
        value,
        least: *allowed.start(),
        most: *allowed.end(),
    })
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
